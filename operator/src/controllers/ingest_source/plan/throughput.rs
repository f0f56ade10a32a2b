//! The throughput of one worker: measured, last known, or assumed. Pure.
//! It has to be right before many workers start: with too low a rate, a flood after a quiet time would start workers up
//! to `workers.max`. So the status keeps what was last measured, and a source that has never been measured starts a few
//! workers, whose throughput is known seconds later.

use k8s_openapi::jiff::Timestamp;

use super::super::worker::{Worker, WorkerState};

/// The assumed rate of one worker, in units per second, before any was measured.
pub const ASSUMED: f64 = 20.0;
/// Fewer units than this, or less time, do not count as a measurement.
const MEASURED_UNITS: u64 = 20;
const MEASURED_MILLIS: u64 = 500;
/// The range of a measured rate. A worker with one slow unit must not start a hundred others.
const RATE_RANGE: (f64, f64) = (1.0, 2000.0);
/// The workers that a source may have at first as long as no rate is known.
const UNMEASURED_WORKERS: i32 = 8;
/// A worker of this age has been measured if that is possible. If it is not (the operator does not reach it, or its
/// units take long), a source may have twice as many workers as there are of this age.
const SETTLED_SECONDS: i64 = 15;

/// The rate to plan with, in units per second: the measured one, or the last known one. `None` if there is neither.
///
/// What is known may have been measured while a store was slow, so it counts as no less than [`ASSUMED`].
pub fn planned(workers: &[Worker], known: Option<i32>) -> Option<f64> {
    measured(workers).or_else(|| known.map(|rate| f64::from(rate).max(ASSUMED)))
}

/// The measured rate as the status keeps it: in whole units per second, and in tens from 100 on, so that it changes
/// seldom.
pub fn known_rate(workers: &[Worker]) -> Option<i32> {
    let rate = whole(measured(workers)?);
    Some(if rate < 100 { rate } else { rate / 10 * 10 })
}

/// The most workers of a source as long as no rate is known.
pub fn most_unmeasured(workers: &[Worker], now: Timestamp) -> i32 {
    let is_settled = |worker: &&Worker| {
        worker.is_active() && now.duration_since(worker.created).as_secs() >= SETTLED_SECONDS
    };
    let settled = i32::try_from(workers.iter().filter(is_settled).count()).unwrap_or(i32::MAX);
    settled.saturating_mul(2).max(UNMEASURED_WORKERS)
}

/// The rate of one worker, from the statuses of running workers and the reports of ended ones. A pod may report any
/// number.
fn measured(workers: &[Worker]) -> Option<f64> {
    let (mut units, mut millis) = (0_u64, 0_u64);
    for worker in workers {
        let (done, busy) = match (&worker.state, &worker.status) {
            (WorkerState::Ended { report: Some(report), .. }, _) => {
                (report.done.saturating_add(report.failed).saturating_add(report.skipped), report.busy_millis)
            }
            (WorkerState::Active { .. }, Some(status)) => (status.done, status.busy_millis),
            _ => continue,
        };
        units = units.saturating_add(done);
        millis = millis.saturating_add(busy);
    }
    let is_measured = units >= MEASURED_UNITS && millis >= MEASURED_MILLIS;
    is_measured.then(|| (float(units) * 1000.0 / float(millis)).clamp(RATE_RANGE.0, RATE_RANGE.1))
}

#[allow(clippy::cast_precision_loss, reason = "counts of units and milliseconds are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, reason = "a measured rate is at most 2000")]
fn whole(rate: f64) -> i32 {
    rate as i32
}
