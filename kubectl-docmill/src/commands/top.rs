//! `kubectl docmill top`: sources and runs, with rate, backlog, lag, workers, failures and who throttles.

pub mod rates;
pub mod render;

use clap::Args;
use docmill_crds::{EnrichmentRun, IngestRun, IngestSource};
use jiff::Timestamp;

use super::Session;
use crate::cluster::Cluster;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::watch::{self, WatchArgs};
use crate::runs::run_state::{Run, RunState};
use rates::Rates;
use render::{RunRow, SourceRow, Top};

const EXAMPLES: &str = "Examples:
  kubectl docmill top --watch
  kubectl docmill top wire -o json

A rate is what was recorded between two looks of --watch; without it, what a worker processes at full load.";

/// What is shown.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct TopArgs {
    /// Name of an IngestSource. Left out: all of the namespace.
    #[arg(value_name = "SOURCE")]
    source: Option<String>,

    /// Also runs that have ended.
    #[arg(long)]
    all: bool,

    /// How to keep looking.
    #[command(flatten)]
    watch: WatchArgs,
}

/// Reads sources and runs, and shows them.
pub async fn run(args: &TopArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let cluster = session.cluster().await?;
    let mut rates = Rates::default();
    watch::repeatedly(args.watch, session.screen, async || {
        let (sources, runs) = read(&cluster, args).await?;
        let now = Timestamp::now();
        let sources = sources.iter().map(|source| SourceRow::new(source, &mut rates, now)).collect();
        Ok((Top { namespace: cluster.namespace().to_owned(), sources, runs }, ExitStatus::Success))
    })
    .await
}

/// Reads a source or all of the namespace, and all runs.
pub async fn look(
    cluster: &Cluster,
    source: Option<&str>,
) -> Result<(Vec<IngestSource>, Vec<RunState>), Failure> {
    let sources = match source {
        Some(name) => vec![cluster.get(name).await?],
        None => cluster.list().await?,
    };
    let ingest = cluster.list::<IngestRun>().await?;
    let enrichment = cluster.list::<EnrichmentRun>().await?;
    let states = ingest.iter().map(Run::state).chain(enrichment.iter().map(Run::state)).collect();
    Ok((sources, states))
}

async fn read(cluster: &Cluster, args: &TopArgs) -> Result<(Vec<IngestSource>, Vec<RunRow>), Failure> {
    let (sources, states) = look(cluster, args.source.as_deref()).await?;
    let wanted =
        |row: &RunRow| (args.all || !row.has_ended) && (args.source.is_none() || row.source == args.source);
    let runs = states.iter().map(RunRow::new).filter(wanted).collect();
    Ok((sources, runs))
}
