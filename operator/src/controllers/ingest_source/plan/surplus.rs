//! Whether a source has a worker too many. Pure.
//! A queue hands its messages to all who ask, so that after a burst every worker still gets some, none is ever idle, and
//! all of them would stay until their lifetime is over. So one after the other is asked to stop, as long as those that
//! stay are less than half busy.

use k8s_openapi::jiff::Timestamp;

use super::super::worker::Worker;

/// Units in flight with which a worker is half busy: it counts as fully busy with 64 (`telemetry/activity` of the worker).
const HALF_BUSY: u64 = 32;
/// No worker stops until the newest one is this old: what it brings is known then, and workers do not come and go. If
/// `idleSeconds` is longer, that counts.
const SETTLED_SECONDS: i64 = 60;

/// Whether one of these workers can stop: all of them are settled and say what they hold, none is about to end or waits
/// for a store, and the others would be less than half busy with that and with what waits in the queue.
pub fn has_one_too_many(workers: &[Worker], waiting: i64, idle_seconds: i32, now: Timestamp) -> bool {
    let active: Vec<&Worker> = workers.iter().filter(|worker| worker.is_active()).collect();
    let others = u64::try_from(active.len()).unwrap_or(u64::MAX).saturating_sub(1);
    let settled_after = SETTLED_SECONDS.max(i64::from(idle_seconds));
    let is_settled = |worker: &&Worker| now.duration_since(worker.created).as_secs() >= settled_after;
    let Some(in_flight) = in_flight(&active).filter(|_| others > 0 && active.iter().all(is_settled)) else {
        return false;
    };
    let load = in_flight.saturating_add(u64::try_from(waiting).unwrap_or(0));
    load <= others.saturating_mul(HALF_BUSY)
}

/// The units that workers have in flight; `None` if one does not say, is about to end, or waits for a store.
fn in_flight(active: &[&Worker]) -> Option<u64> {
    let of_worker = |worker: &&Worker| {
        let status = worker.status.as_ref().filter(|status| status.store_problems.is_empty())?;
        (!worker.terminating).then_some(status.in_hand)
    };
    active.iter().map(of_worker).try_fold(0_u64, |sum, in_hand| Some(sum.saturating_add(in_hand?)))
}
