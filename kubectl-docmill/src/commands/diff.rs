//! `kubectl docmill diff`: what differs between two stages of a document, field by field.

pub mod render;
pub mod side;

use clap::Args;
use docmill_crds::records_api::path::Subresource;
use docmill_crds::records_api::query::DocumentQuery;
use serde_json::{Map, Value};

use super::Session;
use super::cat::PlaceArgs;
use crate::cluster::Cluster;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::quoting::operand;
use render::DocumentDiff;
use side::Side;

const EXAMPLES: &str = "Examples:
  kubectl docmill diff urn:newsml:example.com:20261125:1
  kubectl docmill diff urn:newsml:example.com:20261125:1 --from indexed --to enriched
  kubectl docmill diff urn:newsml:example.com:20261125:1 --from snapshot@0123456789abcdef0123456789abcdef --to indexed
  kubectl docmill diff urn:newsml:example.com:20261125:1 --from snapshot@5f2c1a2b3c4d   # by an earlier conversion model

Units of earlier versions, and revisions of the model, are those that `kubectl docmill history` lists.

Exit status: 0 if nothing differs, 3 if something does.";

/// What to compare.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DiffArgs {
    /// Id of the document.
    #[arg(value_name = "ID")]
    id: String,

    /// The old side: snapshot, indexed, enriched, snapshot@UNIT for the snapshot of an earlier version, or snapshot@REVISION
    /// for that of an earlier conversion model.
    #[arg(long, value_name = "STAGE", default_value = "snapshot")]
    from: Side,

    /// The new side.
    #[arg(long, value_name = "STAGE", default_value = "indexed")]
    to: Side,

    /// Compare what Docmill adds, too: `_docmill`.
    #[arg(long)]
    provenance: bool,

    /// Which document.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Reads both sides, and shows what differs.
pub async fn run(args: &DiffArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let cluster = session.cluster().await?;
    let which = Which { id: &args.id, place: args.place.query(), provenance: args.provenance };
    let diff = compare(&cluster, &which, &args.from, &args.to).await?;
    session.screen.show(&diff)?;
    Ok(if diff.edits.is_empty() { ExitStatus::Success } else { ExitStatus::Findings })
}

/// The document to compare with itself.
#[derive(Clone, Debug)]
pub struct Which<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its source, and the run of its enriched copy.
    pub place: DocumentQuery,
    /// Whether what Docmill adds counts.
    pub provenance: bool,
}

/// Reads a document at two stages, and compares them.
pub async fn compare(
    cluster: &Cluster,
    which: &Which<'_>,
    from: &Side,
    to: &Side,
) -> Result<DocumentDiff, Failure> {
    let (before, after) = tokio::try_join!(read(cluster, which, from), read(cluster, which, to))?;
    Ok(DocumentDiff::new(from, to, &before, &after))
}

async fn read(cluster: &Cluster, which: &Which<'_>, side: &Side) -> Result<Map<String, Value>, Failure> {
    let content = match side {
        Side::Stage(stage) => cluster.document_content(which.id, *stage, &which.place).await?,
        Side::OfUnit(digest) => {
            let source = which.place.source.as_deref();
            cluster.unit_content(digest, Subresource::Snapshot, source).await?
        }
        Side::OfRevision(revision) => {
            let source = which.place.source.as_deref();
            let unit = current_unit(cluster, which.id, source).await?;
            cluster.snapshot_by(&unit, revision, source).await?
        }
    };
    let mut document = side.document(&content, which.id)?;
    if !which.provenance {
        document.retain(|name, _| name != side::PROVENANCE);
    }
    Ok(document)
}

/// Digest of the unit that the document comes from now.
async fn current_unit(cluster: &Cluster, id: &str, source: Option<&str>) -> Result<String, Failure> {
    let history = cluster.history(id, source).await?;
    let current = history.entries.into_iter().find(|entry| entry.is_current);
    current.map(|entry| entry.unit).ok_or_else(|| {
        Failure::new(format!("document {id} comes from no unit any more"))
            .advice(format!("see where it came from with `kubectl docmill history {}`", operand(id)))
    })
}
