//! The observability of a running worker: counters and histograms for Prometheus, and its status for the
//! operator.
//!
//! - [`metrics`]: what is counted;
//! - [`units_held`], [`activity`]: which units wait for an index without occupying the worker, and how it spends
//!   its time; pure;
//! - [`server`]: all of it over HTTP; [`traces`]: spans for OpenTelemetry.
//!
//! A process is one worker, so there is one [`WorkerActivity`] per process ([`worker`]), and it need not be
//! passed to every step.

pub mod activity;
pub mod metrics;
pub mod server;
pub mod traces;
pub mod units_held;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::store_health::problems::ProblemKey;
use docmill_clients::store_health::{self, Observer};
use docmill_crds::contract::WorkerStatus;

use super::unit_outcome::UnitOutcome;
use activity::Activity;
use metrics::Metrics;
use units_held::UnitsHeld;

static WORKER: OnceLock<WorkerActivity> = OnceLock::new();

/// The worker of this process.
pub fn worker() -> &'static WorkerActivity {
    WORKER.get().unwrap_or_else(|| named("", ""))
}

/// Names the source that the worker works for, before anything is counted. A second name is ignored.
pub fn name(namespace: &str, source: &str) {
    named(namespace, source);
}

fn named(namespace: &str, source: &str) -> &'static WorkerActivity {
    let worker = WORKER.get_or_init(|| WorkerActivity::new(namespace, source));
    store_health::global().observe(worker);
    worker
}

/// The observable state of a worker.
#[derive(Debug)]
pub struct WorkerActivity {
    /// What it counts.
    pub metrics: Metrics,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: UnitsHeld,
    activity: Activity,
    done: u64,
}

impl WorkerActivity {
    fn new(namespace: &str, source: &str) -> Self {
        Self { metrics: Metrics::new(namespace, source), started: Instant::now(), state: Mutex::default() }
    }

    /// Counts a unit as in flight, until the returned guard is dropped.
    #[must_use]
    pub fn start_unit(&'static self) -> UnitInFlight {
        let now = self.started.elapsed();
        self.state().activity.take(now);
        UnitInFlight(self)
    }

    /// Counts a unit that is no longer in flight.
    pub fn unit_ended(&self, outcome: &UnitOutcome) {
        match outcome {
            UnitOutcome::Final { state, reason, .. } => self.metrics.unit(*state, reason.as_deref()),
            UnitOutcome::Known(_) => self.metrics.unit_known(),
            UnitOutcome::Nothing => {}
            UnitOutcome::Unfinished => return self.metrics.unit_unfinished(),
            UnitOutcome::Held(trouble) => return self.metrics.unit_held(*trouble),
        }
        self.state().done += 1;
    }

    /// Records that a unit, by its digest, waits for an index, or no longer does.
    pub fn unit_held(&self, unit: &str, outcome: &UnitOutcome, redelivered_for: Duration) {
        let now = self.started.elapsed();
        match outcome {
            UnitOutcome::Held(trouble) => {
                self.state().held.hold(unit, *trouble, held_pause(redelivered_for), now);
            }
            UnitOutcome::Unfinished => {}
            UnitOutcome::Final { .. } | UnitOutcome::Known(_) | UnitOutcome::Nothing => {
                self.state().held.end(unit);
            }
        }
    }

    /// Whether this worker released a unit because it waits for an index, and the unit has not completed
    /// since.
    pub fn is_held(&self, unit: &str) -> bool {
        self.state().held.is_held(unit)
    }

    /// Units in flight.
    pub fn units_in_flight(&self) -> usize {
        let now = self.started.elapsed();
        usize::try_from(self.state().activity.spent(now).units_in_flight).unwrap_or(usize::MAX)
    }

    /// Its status.
    pub fn status(&self) -> WorkerStatus {
        let store_problems = store_health::global().current_problems();
        let now = self.started.elapsed();
        let mut state = self.state();
        let spent = state.activity.spent(now);
        WorkerStatus {
            done: state.done,
            busy_millis: millis(spent.busy),
            idle_millis: millis(spent.idle),
            throttled_millis: millis(spent.hindered),
            in_hand: spent.units_in_flight.into(),
            store_problems,
            held: state.held.counts_by_trouble(now),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for WorkerActivity {
    fn stopped(&self, stopped: bool) {
        let now = self.started.elapsed();
        self.state().activity.stop(stopped, now);
    }

    fn bulk(&self, bytes: usize, items: usize) {
        self.metrics.bulk(bytes, items);
    }

    fn retried(&self, step: &'static str, kind: Option<ProblemKey>) {
        self.metrics.retry(step, kind);
    }
}

/// A unit in flight.
#[derive(Debug)]
pub struct UnitInFlight(&'static WorkerActivity);

impl Drop for UnitInFlight {
    fn drop(&mut self) {
        let now = self.0.started.elapsed();
        self.0.state().activity.let_go(now);
    }
}

/// When a unit that waits for an index is retried: after as long as it has waited so far, within bounds, so
/// that it costs less the longer it waits.
pub fn held_pause(redelivered_for: Duration) -> Duration {
    redelivered_for.clamp(Duration::from_secs(20), Duration::from_mins(10))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::units::UnitState;

    use super::{Observer as _, UnitOutcome, WorkerActivity};

    fn worker() -> &'static WorkerActivity {
        Box::leak(Box::new(WorkerActivity::new("news", "wire")))
    }

    #[test]
    fn what_is_told_follows_what_is_held() {
        let worker = worker();
        let in_flight_guard = worker.start_unit();
        assert_eq!(worker.status().in_hand, 1);
        drop(in_flight_guard);
        worker.unit_ended(&UnitOutcome::Unfinished);
        worker.unit_ended(&UnitOutcome::Final { state: UnitState::Indexed, reason: None, changed: true });
        let status = worker.status();
        assert_eq!((status.in_hand, status.done), (0, 1), "what was let go is not done");
    }

    #[test]
    fn time_in_which_a_store_stops_everything_is_neither_busy_nor_idle() {
        let worker = worker();
        worker.stopped(true);
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(worker.status().throttled_millis >= 5);
    }
}
