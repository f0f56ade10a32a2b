//! Works a file of the modes Process, Replay and Reconvert: each line goes the whole way of a unit.

use std::time::Duration;

use docmill_crds::ingest_run::Mode;
use docmill_crds::ledger::UnitState;
use futures::StreamExt as _;

use super::manifest::{FileResult, ManifestLine};
use super::outcome::Outcomes;
use super::{RunContext, RunError};
use crate::pipeline::notification::Landed;
use crate::pipeline::process::Processor;
use crate::pipeline::task::{Ended, Redo, Task};
use crate::retry::{Backoff, Patience, Waited};

/// Units under way at a time: enough to fill a batch while the one before is on its way.
const UNITS_AT_A_TIME: usize = 256;
/// For how long none of the units that are left may come to its end before the pod gives up.
const PATIENCE_WITH_UNITS: Patience = Patience::lasting(Duration::from_mins(5));

/// Sees every unit of a file to its end. `begun` is how often the file was begun, this time included: if workers died of
/// it, its units are worked on one by one, so that the one that kills them is found out.
pub(super) async fn work_file(
    context: &RunContext,
    lines: &[ManifestLine],
    begun: i64,
) -> Result<FileResult, RunError> {
    let processor = context.processor().await?;
    let mut outcomes = Outcomes::default();
    let overwritten_before = processor.finish.counts.overwritten();
    let mut open: Vec<&ManifestLine> = lines.iter().collect();
    let mut backoff = Backoff::new(PATIENCE_WITH_UNITS);
    loop {
        let before = open.len();
        open = round(context, processor, open, begun, &mut outcomes).await;
        if open.is_empty() {
            return Ok(outcomes.result(processor.finish.counts.overwritten() - overwritten_before));
        }
        if open.len() < before {
            backoff.reset();
        }
        match backoff.wait(Duration::ZERO, &context.stop.closing).await {
            Waited::Again => {}
            Waited::Exhausted => return Err(RunError::Unfinished { left: open.len(), lines: lines.len() }),
            Waited::Stopped => return Err(RunError::Stopped),
        }
    }
}

/// Tries all units that are open once. Gives those that still are.
async fn round<'a>(
    context: &RunContext,
    processor: &std::sync::Arc<Processor>,
    open: Vec<&'a ManifestLine>,
    attempts: i64,
    outcomes: &mut Outcomes,
) -> Vec<&'a ManifestLine> {
    let mode = context.order.spec.mode;
    let mut all = futures::stream::iter(open)
        .map(|line| async move {
            if context.stop.closing.is_cancelled() {
                return (line, Ended::Unfinished);
            }
            (line, processor.process(task(line, &context.source().raw.bucket, mode, attempts)).await)
        })
        .buffer_unordered(UNITS_AT_A_TIME);
    let mut left = Vec::new();
    while let Some((line, ended)) = all.next().await {
        if !outcomes.take(line, ended) {
            left.push(line);
        }
    }
    left
}

fn task(line: &ManifestLine, bucket: &str, mode: Mode, attempts: i64) -> Task {
    let landed = Landed {
        bucket: bucket.to_owned(),
        key: line.key.clone(),
        version_id: line.version_id.clone(),
        etag: line.etag.clone(),
    };
    // One that was passed over and is listed again is back.
    let back = line.state == Some(UnitState::Skipped);
    let redo = if mode != Mode::Process || back { Redo::Yes } else { Redo::No };
    Task { landed, attempts, redo }
}
