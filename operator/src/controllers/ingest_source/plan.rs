//! How many workers a source should have, and what follows from that. Pure: the same observation yields the
//! same plan.
//! Idle workers exit by themselves, so a plan usually only starts workers. A worker too many (`surplus`) is
//! asked to stop, and so are all workers of a source that is suspended, or that shares its queue with another.
//! They finish what they hold.
//! `desired` = backlog / (rate of one worker × `targetLagSeconds`), rounded up, at most `workers.max`. The rate
//! is that of `throughput`. How much of that a source gets is decided in `fair_share`.

mod surplus;
pub mod throughput;

use std::time::Duration;

use docmill_crds::api::ingest_source::Workers;
use k8s_openapi::jiff::Timestamp;

use super::observation::{QueueCounts, SourceObservation};
use super::shared_queue::QUEUE_SHARED;
use super::worker::{Worker, WorkerState, worker_statuses};
use crate::outcome::requeue;
use crate::workers::backpressure::longest_first;

/// The pause after a failed worker; it doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What to do for a source now.
#[derive(Clone, Debug, PartialEq)]
pub struct SourcePlan {
    /// The desired number of workers.
    pub desired: i32,
    /// The calculation behind that.
    pub message: String,
    /// The workers to start.
    pub start: Vec<Start>,
    /// The workers to ask to stop.
    pub stop: Vec<Stop>,
}

/// A worker to start. The name of its Job follows from these two fields, so a reconcile that does not see yet
/// what an earlier one created cannot create it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The free slot that it fills, at least 0 and below `workers.max`.
    pub slot: i32,
    /// UID of the last Job in this slot, if that still exists.
    pub predecessor: Option<String>,
}

/// A worker to ask to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Name of the Job.
    pub job: String,
    /// UID of the Job.
    pub uid: String,
}

/// Plans what to do for a source.
pub fn plan(suspend: bool, workers: &Workers, seen: &SourceObservation) -> SourcePlan {
    let none = |message: String, stop| SourcePlan { desired: 0, message, start: Vec::new(), stop };
    let all = || active(&seen.workers).filter(|worker| !worker.terminating).map(stop).collect();
    if suspend {
        return none("suspended".to_owned(), all());
    }
    if let Err(fault) = &seen.ready {
        let stop = if fault.reason == QUEUE_SHARED { all() } else { Vec::new() };
        return none(format!("not ready: {}", fault.reason), stop);
    }
    if !seen.has_queue {
        return none("no queue: the poll trigger's runs have their own pods".to_owned(), Vec::new());
    }
    let queue = seen.queue.unwrap_or_default();
    let active = count(active(&seen.workers));
    let (desired, message) = desired(workers, queue, active, seen);
    if desired < active
        && surplus::has_one_too_many(&seen.workers, queue.waiting, workers.idle_seconds, seen.now)
    {
        let message =
            format!("{message}; one of {active} workers ends, as the others are less than half busy");
        let stop = candidates(&seen.workers).into_iter().take(1).collect();
        return SourcePlan { desired, message, start: Vec::new(), stop };
    }
    let missing = if queue.waiting > 0 { (desired - active).max(0) } else { 0 };
    let (startable, but) = startable(seen, active, missing);
    let message = but.map_or(message.clone(), |but| format!("{message}; {but}"));
    let start = free_slots(&seen.workers, workers.max).take(usize::try_from(startable).unwrap_or(0));
    // They have done nothing yet, and would keep their slots from workers that can start.
    let stop: Vec<Stop> = outdated(&seen.workers).map(stop).collect();
    let message = match stop.len() {
        0 => message,
        count => format!(
            "{message}; {count} that did not start are replaced, as their image or pod settings have changed"
        ),
    };
    SourcePlan { desired, message, start: start.collect(), stop }
}

/// How many of the missing workers can be started now, and what prevents the others.
fn startable(seen: &SourceObservation, active: i32, missing: i32) -> (i32, Option<String>) {
    if missing == 0 {
        return (0, None);
    }
    if let Some(rest) = pause(&seen.workers, seen.now) {
        return (0, Some(format!("workers fail, so the next one starts in {} s", rest.as_secs())));
    }
    if let Some(store_problem) = longest_first(worker_statuses(&seen.workers)).first() {
        let (by, reason) = (store_problem.by.as_str(), store_problem.reason.as_str());
        return (0, Some(format!("none is started while workers wait for {by} ({reason})")));
    }
    match &seen.throttled_by {
        Some(cause) if active == 0 && missing > 1 => {
            (1, Some(format!("starting one to check whether {cause} has recovered")))
        }
        // They are starting, or do not answer: more workers would wait as well.
        Some(cause) if active > 0 && seen.workers.iter().all(|worker| worker.status.is_none()) => {
            (0, Some(format!("none is started until a worker reports that {cause} has recovered")))
        }
        _ => (missing, None),
    }
}

/// How many workers the backlog needs, and why. Units in flight count only while there are workers that can
/// hold them: those of a dead worker return to the queue by themselves.
fn desired(workers: &Workers, queue: QueueCounts, active: i32, seen: &SourceObservation) -> (i32, String) {
    let backlog = queue.waiting.saturating_add(if active > 0 { queue.in_hand } else { 0 });
    if backlog <= 0 {
        return (0, "no backlog".to_owned());
    }
    let seconds = workers.target_lag_seconds.max(1);
    let max = workers.max.max(1);
    let (rate, limit) = match throughput::planned(&seen.workers, seen.known_rate) {
        Some(rate) => (rate, max),
        None => (throughput::ASSUMED, max.min(throughput::most_unmeasured(&seen.workers, seen.now))),
    };
    let per_worker = whole((rate * f64::from(seconds)).floor()).max(1);
    let needed = backlog.div_euclid(per_worker) + i64::from(backlog % per_worker > 0);
    let desired = i32::try_from(needed).unwrap_or(i32::MAX).clamp(1, limit);
    let mut message = format!("backlog {backlog} / {per_worker} per worker within {seconds} s");
    if needed > i64::from(desired) {
        let limit = if desired < max { "until a worker's throughput is measured" } else { "by workers.max" };
        message.push_str(", limited ");
        message.push_str(limit);
    }
    (desired, message)
}

/// The remaining backoff after failed workers.
fn pause(workers: &[Worker], now: Timestamp) -> Option<Duration> {
    let (rounds, last) = failed_rounds(workers)?;
    let doublings = u32::try_from(rounds.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    let passed = requeue::elapsed(last, now);
    pause.checked_sub(passed).filter(|rest| !rest.is_zero())
}

/// How many consecutive times workers failed since the last success, and when the last failure was. Workers
/// that ran at the same time fail for one cause and count once.
fn failed_rounds(workers: &[Worker]) -> Option<(usize, Timestamp)> {
    let (last, ..) = latest_failure(workers)?;
    let last_success = last_success(workers);
    let mut failures: Vec<_> = workers
        .iter()
        .filter_map(|worker| Some((worker.failure()?.0, worker.created)))
        .filter(|(at, _)| last_success.is_none_or(|last_success| *at > last_success))
        .collect();
    failures.sort_unstable_by(|a, b| b.cmp(a));
    let mut rounds = 0;
    let mut round_start = Timestamp::MAX;
    for (at, created) in failures {
        if at <= round_start {
            rounds += 1;
            round_start = created;
        }
    }
    Some((rounds, last))
}

/// The last failure, if no worker has succeeded since: when, why, and whether another start cannot help.
pub fn latest_failure(workers: &[Worker]) -> Option<(Timestamp, &str, bool)> {
    let last = workers.iter().filter_map(Worker::failure).max_by_key(|(at, ..)| *at)?;
    let last_success = last_success(workers);
    last_success.is_none_or(|last_success| last.0 > last_success).then_some(last)
}

fn last_success(workers: &[Worker]) -> Option<Timestamp> {
    let ends = workers.iter().filter_map(|worker| match &worker.state {
        WorkerState::Ended { at, end: super::worker::WorkerOutcome::Succeeded, .. } => Some(*at),
        _ => None,
    });
    ends.max()
}

/// The free slots, lowest first.
fn free_slots(workers: &[Worker], max: i32) -> impl Iterator<Item = Start> {
    let free = (0..max).filter(|slot| !active(workers).any(|worker| worker.slot == Some(*slot)));
    free.map(|slot| {
        let last =
            workers.iter().filter(|worker| worker.slot == Some(slot)).max_by_key(|worker| worker.created);
        Start { slot, predecessor: last.map(|worker| worker.uid.clone()) }
    })
}

fn outdated(workers: &[Worker]) -> impl Iterator<Item = &Worker> {
    active(workers).filter(|worker| worker.outdated && !worker.terminating)
}

fn active(workers: &[Worker]) -> impl Iterator<Item = &Worker> {
    workers.iter().filter(|worker| worker.is_active())
}

/// The workers that could make room for other sources, oldest first, because those are nearest to their end.
pub fn candidates(workers: &[Worker]) -> Vec<Stop> {
    let mut staying: Vec<_> = active(workers).filter(|worker| !worker.terminating).collect();
    staying.sort_by_key(|worker| (worker.created, worker.slot));
    staying.into_iter().map(stop).collect()
}

/// The number of workers that have not ended.
pub fn active_count(workers: &[Worker]) -> i32 {
    count(active(workers))
}

fn count<T>(items: impl Iterator<Item = T>) -> i32 {
    i32::try_from(items.count()).unwrap_or(i32::MAX)
}

fn stop(worker: &Worker) -> Stop {
    Stop { job: worker.job.clone(), uid: worker.uid.clone() }
}

#[allow(clippy::cast_possible_truncation, reason = "the rate is clamped, so the product is below 2^31")]
fn whole(number: f64) -> i64 {
    number as i64
}
