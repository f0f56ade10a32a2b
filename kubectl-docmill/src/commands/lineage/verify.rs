//! `kubectl docmill verify`: whether the daily manifest of a source still holds, by its own lines, by the manifests that it
//! names, and by what the records say now.
//!
//! - [`lines`]: the lines of the manifest, as they arrive; [`units`]: the records, in the same order;
//! - [`comparison`]: what differs between the two; [`content`]: whether the content is what the lines say;
//! - [`verification`]: the verdict.
//!
//! Both sides are read page by page and side by side, so that a day of a million units takes little memory.

pub mod comparison;
pub mod content;
pub mod lines;
pub mod units;
pub mod verification;

use clap::Args;
use docmill_crds::records::lineage::{Day, FORMAT, ManifestLink};
use docmill_crds::records_api::manifest::{Manifest, ManifestQuery};

use crate::cluster::{Cluster, RecordError};
use crate::commands::Session;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use comparison::{Comparison, Step};
use content::ContentCheck;
use lines::LineReader;
use units::UnitReader;
use verification::{ChainFault, Verification};

const EXAMPLES: &str = "Examples:
  kubectl docmill verify 2026-11-29 wire
  kubectl docmill verify 2026-11-29 wire --content       # reads objects and snapshots, too
  kubectl docmill verify 2026-11-29 wire --generation 1  # an earlier statement about the same day

Exit status: 0 if the manifest holds, 3 if something is missing, changed or extra.";

/// Which manifest, and how thoroughly.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct VerifyArgs {
    /// The day in UTC, as 2026-11-29.
    #[arg(value_name = "DAY", value_parser = day)]
    day: Day,

    /// Name of the IngestSource.
    #[arg(value_name = "SOURCE")]
    source: String,

    /// The generation of the manifest. Left out: the newest.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    generation: Option<i64>,

    /// Read each object and each snapshot, and compare their digests. It takes the role that may read content.
    #[arg(long)]
    content: bool,
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "write a day in UTC, such as 2026-11-29".to_owned())
}

/// Verifies a manifest, and shows the verdict.
pub async fn run(args: &VerifyArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let cluster = session.cluster().await?;
    let manifest = manifest(&cluster, args).await?;
    let chain = chain(&cluster, args, &manifest).await?;
    let query = ManifestQuery {
        source: Some(args.source.clone()),
        generation: Some(manifest.statement.generation),
        offset: None,
    };
    let size = manifest.lines_size.ok_or_else(|| {
        Failure::new(format!(
            "the lines of the manifest of {} are not in the snapshot bucket any more",
            args.day
        ))
        .advice("look for a lifecycle rule of the bucket that deletes below .docmill/manifests/")
    })?;
    let mut lines = LineReader::new(&cluster, args.day, query, size)?;
    let mut units = UnitReader::new(&cluster, args.day, &args.source);
    let mut content = args.content.then(|| ContentCheck::new(&cluster, &args.source));
    let mut comparison = Comparison::new(&manifest.statement.created_time);
    loop {
        let (told, found) = (lines.peek().await?, units.peek().await?);
        match comparison.step(told, found) {
            Step::End => break,
            Step::Line => lines.advance(),
            Step::Unit => units.advance(),
            Step::Both => {
                if let (Some(content), Some(told)) = (&mut content, told) {
                    content.check(told, &mut comparison).await?;
                }
                lines.advance();
                units.advance();
            }
        }
    }
    let content = content.map(ContentCheck::summary);
    let verification = Verification::of(&manifest, chain, (&lines.tree, &units.tree), comparison, content);
    session.screen.show(&verification)?;
    Ok(if verification.holds { ExitStatus::Success } else { ExitStatus::Findings })
}

async fn manifest(cluster: &Cluster, args: &VerifyArgs) -> Result<Manifest, Failure> {
    let query =
        ManifestQuery { source: Some(args.source.clone()), generation: args.generation, offset: None };
    let manifest = match cluster.manifest(args.day, &query).await {
        Err(RecordError::NotFound(failure)) => {
            return Err(failure.advice(
                "an IngestSchedule with an IngestRun of mode Manifest writes one each day: docs/guides/lineage.md",
            ));
        }
        manifest => manifest?,
    };
    if manifest.statement.format == FORMAT {
        return Ok(manifest);
    }
    let format = manifest.statement.format;
    Err(Failure::new(format!("the manifest has format {format}, and this plugin knows {FORMAT}"))
        .advice("use the plugin of the version that wrote it, or a newer one"))
}

/// Whether the manifests that this one names are still those that it names.
async fn chain(
    cluster: &Cluster,
    args: &VerifyArgs,
    manifest: &Manifest,
) -> Result<Vec<ChainFault>, Failure> {
    let mut faults = Vec::new();
    for link in manifest.statement.previous.iter().chain(&manifest.statement.replaces) {
        let Some(day) = Day::parse(&link.day) else {
            faults.push(ChainFault::new(link, None));
            continue;
        };
        faults.extend(followed(cluster, args, day, link).await?);
    }
    Ok(faults)
}

async fn followed(
    cluster: &Cluster,
    args: &VerifyArgs,
    day: Day,
    link: &ManifestLink,
) -> Result<Option<ChainFault>, Failure> {
    let query =
        ManifestQuery { source: Some(args.source.clone()), generation: Some(link.generation), offset: None };
    match cluster.manifest(day, &query).await {
        Ok(found) if found.digest == link.digest => Ok(None),
        Ok(found) => Ok(Some(ChainFault::new(link, Some(found.digest)))),
        Err(RecordError::NotFound(_)) => Ok(Some(ChainFault::new(link, None))),
        Err(other) => Err(other.into()),
    }
}
