//! Processes a file of the modes Process, Replay and Reconvert: each line takes the whole path of a unit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use docmill_clients::retry::{Backoff, BackoffOutcome, RetryPolicy};
use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::records::units::UnitState;
use futures::StreamExt as _;

use super::file_order::FileTurn;
use super::outcome::Outcomes;
use crate::ingest::processor::Processor;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::task::{Reprocess, UnitOutcome, UnitTask};
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::manifest::{FileResult, ManifestLine};
use crate::telemetry;

/// Units in flight at a time: enough to fill a batch while the previous one is being sent.
const UNITS_AT_A_TIME: usize = 256;
/// How long the remaining units may go without any of them completing before the pod gives up.
const PATIENCE_WITH_UNITS: RetryPolicy = RetryPolicy::lasting(Duration::from_mins(5));

/// Processes every unit of a file to completion. While only units that wait for an index are left, it is
/// another file's turn. `file_starts` is how often the file was started, this time included: if workers died
/// of it, its units are processed one by one, so that the one that kills them is identified.
pub(crate) async fn work_file(
    context: &RunContext,
    lines: &[ManifestLine],
    file_starts: i64,
    turn: &mut FileTurn<'_>,
) -> Result<FileResult, RunError> {
    let processor = context.processor().await?;
    let mut outcomes = Outcomes::default();
    let (mut overwritten, mut duplicates) = (0, Vec::new());
    let mut open: Vec<&ManifestLine> = lines.iter().collect();
    let mut backoff = Backoff::new(PATIENCE_WITH_UNITS);
    let mut held_since = None;
    loop {
        let before = open.len();
        let held_for = held_since.map_or(Duration::ZERO, |since: Instant| since.elapsed());
        let round = AttemptRound { context, processor, file_starts, held_for };
        // Nobody else counts during a round: it is this file's turn.
        let overwritten_before = processor.committer.counts.overwritten();
        let held;
        (open, held) = round.work(open, &mut outcomes).await;
        overwritten += processor.committer.counts.overwritten() - overwritten_before;
        duplicates.extend(processor.committer.counts.take_duplicates());
        if open.is_empty() {
            return Ok(outcomes.result(overwritten, duplicates));
        }
        if held == open.len() {
            let held_for = held_since.get_or_insert_with(Instant::now).elapsed();
            turn.leave_for(pause(held_for, processor.committer.blocked_patience)).await?;
            backoff.reset();
            continue;
        }
        if open.len() < before {
            backoff.reset();
        }
        match backoff.wait(Duration::ZERO, &context.stop.closing).await {
            BackoffOutcome::Again => {}
            BackoffOutcome::Exhausted => {
                return Err(RunError::Unfinished { left: open.len(), lines: lines.len() });
            }
            BackoffOutcome::Stopped => return Err(RunError::Stopped),
        }
    }
}

/// How long units wait for an index until they are retried: not beyond their patience.
fn pause(held_for: Duration, patience: Duration) -> Duration {
    let pause = telemetry::held_pause(held_for);
    match patience.checked_sub(held_for) {
        Some(rest) => pause.min(rest + Duration::from_secs(1)),
        None => pause,
    }
}

/// One attempt at all units that are open.
struct AttemptRound<'a> {
    context: &'a RunContext,
    processor: &'a Arc<Processor>,
    file_starts: i64,
    held_for: Duration,
}

impl AttemptRound<'_> {
    /// Returns the units that are still open, and how many of them wait for an index.
    async fn work<'a>(
        &self,
        open: Vec<&'a ManifestLine>,
        outcomes: &mut Outcomes,
    ) -> (Vec<&'a ManifestLine>, usize) {
        let mut all = futures::stream::iter(open)
            .map(|line| async move {
                if self.context.next_unit().await {
                    (line, self.processor.process(self.task(line)).await)
                } else {
                    (line, UnitOutcome::Unfinished)
                }
            })
            .buffer_unordered(UNITS_AT_A_TIME);
        let (mut still_open, mut held) = (Vec::new(), 0);
        while let Some((line, outcome)) = all.next().await {
            held += usize::from(matches!(outcome, UnitOutcome::Held(_)));
            if !outcomes.take(line, outcome) {
                still_open.push(line);
            }
        }
        (still_open, held)
    }

    fn task(&self, line: &ManifestLine) -> UnitTask {
        let bucket = &self.context.source().raw.bucket;
        task(line, bucket, self.context.order.spec.mode, self.file_starts, self.held_for)
    }
}

fn task(
    line: &ManifestLine,
    bucket: &str,
    mode: IngestMode,
    file_starts: i64,
    held_for: Duration,
) -> UnitTask {
    let landed = ObjectRef {
        bucket: bucket.to_owned(),
        key: line.key.clone(),
        version_id: line.version_id.clone(),
        etag: line.etag.clone(),
    };
    // A unit that was skipped and is listed again is back.
    let back = line.state == Some(UnitState::Skipped);
    let reprocess = if mode != IngestMode::Process || back { Reprocess::Yes } else { Reprocess::No };
    UnitTask { landed, attempts: file_starts, redelivered_for: held_for, reprocess }
}
