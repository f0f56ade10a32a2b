//! `kubectl docmill cat`: a document at one of its stages, byte by byte.

use clap::{Args, ValueEnum};
use docmill_crds::records_api::path::Subresource;
use docmill_crds::records_api::query::DocumentQuery;

use super::Session;
use crate::arguments::target::is_digest;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::untrusted;

const EXAMPLES: &str = "Examples:
  kubectl docmill cat urn:newsml:example.com:20261125:1
  kubectl docmill cat urn:newsml:example.com:20261125:1 --stage raw > a.xml
  kubectl docmill cat 0123456789abcdef0123456789abcdef --stage raw   # the object of a unit";

/// What to print.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CatArgs {
    /// Id of the document; for the stages raw and snapshot also the digest of a unit.
    #[arg(value_name = "ID|DIGEST")]
    id: String,

    /// The stage.
    #[arg(long, value_enum, default_value_t = Stage::Indexed)]
    stage: Stage,

    /// Which document.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Which of several documents with one id.
#[derive(Args, Clone, Debug)]
pub struct PlaceArgs {
    /// Name of the IngestSource. It may be left out if the namespace has one alone.
    #[arg(short, long, value_name = "SOURCE")]
    pub source: Option<String>,

    /// Stage enriched: name of the EnrichmentRun whose copy is meant, if there are several.
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

impl PlaceArgs {
    /// The same as a query of the records API.
    pub fn query(&self) -> DocumentQuery {
        DocumentQuery { source: self.source.clone(), run: self.run.clone(), ..DocumentQuery::default() }
    }
}

/// A stage that has content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The object, as it lies in the raw bucket.
    Raw,
    /// The JSON that was made of it.
    Snapshot,
    /// The document in the index.
    Indexed,
    /// Its enriched copy.
    Enriched,
}

impl Stage {
    /// The subresource with its content.
    pub const fn subresource(self) -> Subresource {
        match self {
            Self::Raw => Subresource::Raw,
            Self::Snapshot => Subresource::Snapshot,
            Self::Indexed => Subresource::Indexed,
            Self::Enriched => Subresource::Enriched,
        }
    }
}

/// Prints the content. On a terminal, control characters of it are replaced.
pub async fn run(args: &CatArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let (cluster, stage) = (session.cluster().await?, args.stage.subresource());
    let is_of_units = matches!(args.stage, Stage::Raw | Stage::Snapshot);
    let content = if is_of_units && is_digest(&args.id) {
        cluster.unit_content(&args.id, stage, args.place.source.as_deref()).await?
    } else {
        cluster.document_content(&args.id, stage, &args.place.query()).await?
    };
    if session.screen.is_terminal {
        session.screen.print(&untrusted::lines(&String::from_utf8_lossy(&content)))?;
    } else {
        session.screen.print_bytes(&content)?;
    }
    Ok(ExitStatus::Success)
}
