//! What shells and packages need: completions of the command line, and the man page.

pub mod complete;
pub mod man;

use std::io::{self, Write as _};

use clap::Command;
use docmill_crds::reason::Reason;
use docmill_crds::{EnrichmentRun, EnrichmentSchedule, IngestRun, IngestSchedule, IngestSource};
use strum::VariantArray as _;

use crate::cluster::{Cluster, ClusterArgs};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::Screen;
use complete::{Candidate, Values};

/// The word by which kubectl asks for completions, through the program `kubectl_complete-docmill`.
pub const COMPLETE: &str = "__complete";

/// Prints what the last of these words can become, in the protocol of kubectl. An error prints nothing: a shell has no place
/// for it.
pub async fn complete(mut command: Command, words: &[String]) -> ExitStatus {
    command.build();
    let wanted = complete::wanted(&command, words);
    let candidates = match &wanted.values {
        Values::Words(candidates) => candidates.clone(),
        Values::Reasons => Reason::VARIANTS.iter().map(|reason| Candidate::bare(reason.as_str())).collect(),
        Values::Files => Vec::new(),
        Values::Resources(kind) => names(&complete::cluster_args(words), kind).await.unwrap_or_default(),
    };
    // A shell that has gone needs no answer.
    let _ = io::stdout().write_all(complete::answer(&wanted, &candidates).as_bytes());
    ExitStatus::Success
}

async fn names(args: &ClusterArgs, kind: &str) -> Result<Vec<Candidate>, Failure> {
    let cluster = Cluster::connect(args).await?;
    let names = match kind {
        complete::SOURCES => cluster.names::<IngestSource>().await?,
        complete::INGEST_RUNS => cluster.names::<IngestRun>().await?,
        complete::ENRICHMENT_RUNS => cluster.names::<EnrichmentRun>().await?,
        complete::INGEST_SCHEDULES => cluster.names::<IngestSchedule>().await?,
        complete::ENRICHMENT_SCHEDULES => cluster.names::<EnrichmentSchedule>().await?,
        _ => Vec::new(),
    };
    Ok(names.iter().map(|name| Candidate::bare(name)).collect())
}

/// Prints the man page.
pub fn man(mut command: Command, screen: Screen) -> Result<ExitStatus, Failure> {
    command.build();
    screen.print(&man::page(&command))?;
    Ok(ExitStatus::Success)
}
