//! `kubectl docmill suspend` and `resume`: sources, runs and schedules.

use clap::{Args, ValueEnum};
use docmill_crds::{EnrichmentRun, EnrichmentSchedule, IngestRun, IngestSchedule, IngestSource};
use serde_json::json;

use super::Session;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;

const EXAMPLES: &str = "Examples:
  kubectl docmill suspend source wire
  kubectl docmill resume ingestrun backfill";

/// What to suspend or resume.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SuspendArgs {
    /// The kind of resource.
    #[arg(value_enum)]
    kind: Suspendable,

    /// Its name.
    #[arg(value_name = "NAME")]
    name: String,
}

/// A kind of resource that can be suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Suspendable {
    /// An IngestSource: no new workers are started, and running ones end.
    #[value(alias = "ingestsource", alias = "isrc")]
    Source,
    /// An IngestRun: its pods are stopped.
    #[value(name = "ingestrun", alias = "irun", alias = "run")]
    IngestRun,
    /// An EnrichmentRun: its pods are stopped.
    #[value(name = "enrichmentrun", alias = "erun")]
    EnrichmentRun,
    /// An IngestSchedule: it creates no more runs.
    #[value(name = "ingestschedule", alias = "isched")]
    IngestSchedule,
    /// An EnrichmentSchedule: it creates no more runs.
    #[value(name = "enrichmentschedule", alias = "esched")]
    EnrichmentSchedule,
}

/// Sets or clears `spec.suspend`.
pub async fn run(args: &SuspendArgs, suspend: bool, session: &Session) -> Result<ExitStatus, Failure> {
    let (cluster, name) = (session.cluster().await?, args.name.as_str());
    let patch = json!({"spec": {"suspend": suspend}});
    let kind = match args.kind {
        Suspendable::Source => cluster.merge::<IngestSource>(name, &patch).await.map(|_| "ingestsource"),
        Suspendable::IngestRun => cluster.merge::<IngestRun>(name, &patch).await.map(|_| "ingestrun"),
        Suspendable::EnrichmentRun => {
            cluster.merge::<EnrichmentRun>(name, &patch).await.map(|_| "enrichmentrun")
        }
        Suspendable::IngestSchedule => {
            cluster.merge::<IngestSchedule>(name, &patch).await.map(|_| "ingestschedule")
        }
        Suspendable::EnrichmentSchedule => {
            cluster.merge::<EnrichmentSchedule>(name, &patch).await.map(|_| "enrichmentschedule")
        }
    }?;
    let done = if suspend { "suspended" } else { "resumed" };
    session.screen.print(&format!("{kind}.docmill.io/{name} {done}\n"))?;
    Ok(ExitStatus::Success)
}
