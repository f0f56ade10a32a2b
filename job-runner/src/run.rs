//! Workers of an `IngestRun`: one selects the units and writes them down as a manifest, the others share its files.
//!
//! - [`context`]: the order and the stores, for every step;
//! - [`manifest`]: the files of a run in the snapshot bucket, and what is in them; `files` reads and writes them;
//! - `plan`: selects: from a [`listing`] of the bucket, or from the ledger, by the rules of [`select`]; [`growing`]: where
//!   keys only grow; `writer`: the manifest, as it grows;
//! - `work`: one part of the manifest, file by file; `mode`: what each mode does with a file; `units` and [`outcome`]:
//!   those that ingest; [`shadow`], [`audit`]: those that look;
//! - `records`: how far the run is, beside the ledger; `report`: what came of it, at the end.

pub mod audit;
pub mod context;
mod error;
mod files;
pub mod growing;
pub mod listing;
pub mod manifest;
mod mode;
pub mod outcome;
mod plan;
mod records;
mod report;
pub mod select;
pub mod shadow;
mod turns;
mod units;
mod work;
mod writer;

use std::time::{Duration, Instant};

use docmill_crds::contract::{Report, RunOrder, RunStep};

pub use context::RunContext;
pub use docmill_crds::run_ledger::Tally;
pub use error::RunError;
pub use manifest::{FileResult, KeyRange, ManifestLine};

use docmill_clients::retry::Patience;

use super::ingest::processor::Stop;

/// For how long a store may be away before the pod gives up and leaves it to the Job to try again.
const PATIENCE: Patience = Patience::lasting(Duration::from_mins(3));

/// Does one step of a run. `part` is the number of this pod among those that work; the planner has none.
pub async fn run(order: RunOrder, part: Option<i32>, runner: String, stop: Stop) -> Result<Report, RunError> {
    let context = RunContext::connect(order, runner, stop).await?;
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
            work::work(&context, part.ok_or(RunError::NoPart(-1))?, parts, files).await
        }
    }
}
