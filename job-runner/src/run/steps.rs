//! The steps of a run.

use std::time::Instant;

use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::contract::{Report, RunOrder, RunStep};

use super::context::RunContext;
use super::error::RunError;
use super::{plan, probe, process};
use crate::ingest::processor::ShutdownTokens;

/// Does one step of a run. `part` is the number of this pod among those that work; the planner has none.
pub async fn run(
    order: RunOrder,
    part: Option<i32>,
    runner: String,
    stop: ShutdownTokens,
) -> Result<Report, RunError> {
    if order.spec.mode == IngestMode::Probe {
        // Before anything is connected to, since that may be what fails.
        return Box::pin(probe::probe(&order)).await;
    }
    let context = Box::pin(RunContext::connect(order, runner, stop)).await?;
    match context.order.step {
        RunStep::Plan => {
            let started = Instant::now();
            let plan = plan::plan(&context).await?;
            Ok(Report {
                done: u64::try_from(plan.selected).unwrap_or(0),
                skipped: u64::try_from(plan.passed_over).unwrap_or(0),
                busy_millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                ended: "the units are selected".to_owned(),
                ..Report::default()
            })
        }
        RunStep::Work { files, parts } => {
            process::work(&context, part.ok_or(RunError::NoPart(-1))?, parts, files).await
        }
    }
}
