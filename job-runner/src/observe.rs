//! What can be seen of a worker while it runs: counters and histograms for Prometheus, and how it is doing for the
//! operator.
//!
//! - [`metrics`], [`process`]: what is counted;
//! - [`hindrances`], [`held`], [`activity`]: what it waits for, which units wait for an index without it, and how it spends
//!   its time; pure;
//! - [`hinders`]: which errors are a store's doing;
//! - [`server`]: all of it over HTTP; [`logs`]: the form of the log; [`traces`]: spans for OpenTelemetry.
//!
//! A process is one worker, so there is one [`Worker`] in it ([`worker`]), and no step has to be handed one.

pub mod activity;
pub mod held;
pub mod hinders;
pub mod hindrances;
pub mod logs;
pub mod metrics;
pub mod process;
pub mod server;
pub mod traces;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use docmill_crds::contract::{Hindrance, Present};

use super::clock;
use super::pipeline::task::Ended;
use activity::Activity;
use held::HeldUnits;
use hindrances::{Hindrances, Kind};
use metrics::Metrics;

static WORKER: OnceLock<Worker> = OnceLock::new();

/// The worker that this process is.
#[must_use]
pub fn worker() -> &'static Worker {
    WORKER.get_or_init(|| Worker::new("", ""))
}

/// Names the source that the worker works for, before anything is counted. A second name is not taken.
pub fn name(namespace: &str, source: &str) {
    WORKER.get_or_init(|| Worker::new(namespace, source));
}

/// What can be seen of a worker.
#[derive(Debug)]
pub struct Worker {
    /// What it counts.
    pub metrics: Metrics,
    started: Instant,
    started_millis: i64,
    present: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hindrances: Hindrances,
    held: HeldUnits,
    activity: Activity,
    done: u64,
}

impl Worker {
    fn new(namespace: &str, source: &str) -> Self {
        Self {
            metrics: Metrics::new(namespace, source),
            started: Instant::now(),
            started_millis: clock::now_millis(),
            present: Mutex::default(),
        }
    }

    /// Takes a unit in hand, until what is given is dropped.
    #[must_use]
    pub fn take_in_hand(&'static self) -> InHand {
        let now = self.started.elapsed();
        self.state().activity.take(now);
        InHand(self)
    }

    /// Counts a unit that has left the worker's hands.
    pub fn unit_ended(&self, ended: &Ended) {
        match ended {
            Ended::Final { state, reason, .. } => self.metrics.unit(*state, reason.as_deref()),
            Ended::Known(_) => self.metrics.unit_known(),
            Ended::Nothing => {}
            Ended::Unfinished => return self.metrics.unit_unfinished(),
            Ended::Held(trouble) => return self.metrics.unit_held(*trouble),
        }
        self.state().done += 1;
    }

    /// Takes note of a unit, by its digest, that waits for an index, or waits no more.
    pub fn unit_held(&self, unit: &str, ended: &Ended, waited: Duration) {
        let now = self.started.elapsed();
        match ended {
            Ended::Held(trouble) => self.state().held.hold(unit, *trouble, held_pause(waited), now),
            Ended::Unfinished => {}
            Ended::Final { .. } | Ended::Known(_) | Ended::Nothing => self.state().held.end(unit),
        }
    }

    /// Whether a unit was let go here because it waits for an index, and has no end since.
    pub fn is_held(&self, unit: &str) -> bool {
        self.state().held.is_held(unit)
    }

    /// A piece of work that may meet hindrances.
    #[must_use]
    pub fn held_up(&'static self) -> HeldUp {
        HeldUp { worker: self, by: None }
    }

    /// Whether more may be received: not while a store that everything needs does not take or give any more.
    pub fn may_receive(&self) -> bool {
        let now = self.started.elapsed();
        self.state().hindrances.may_receive(now)
    }

    /// Units in its hands.
    #[must_use]
    pub fn in_hand(&self) -> usize {
        let now = self.started.elapsed();
        usize::try_from(self.state().activity.spent(now).in_hand).unwrap_or(usize::MAX)
    }

    /// How it is doing.
    #[must_use]
    pub fn present(&self) -> Present {
        let now = self.started.elapsed();
        let mut state = self.state();
        let spent = state.activity.spent(now);
        Present {
            done: state.done,
            busy_millis: millis(spent.busy),
            idle_millis: millis(spent.idle),
            hindered_millis: millis(spent.hindered),
            in_hand: spent.in_hand.into(),
            hindrances: state.hindrances.told(now).into_iter().map(|told| self.hindrance(told)).collect(),
            held: state.held.told(now),
        }
    }

    fn hindrance(&self, told: hindrances::Told) -> Hindrance {
        let (by, reason) = told.kind;
        let since = self.started_millis.saturating_add_unsigned(millis(told.since));
        Hindrance { by, reason, since: clock::rfc3339(since), message: told.message }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A unit in a worker's hands.
#[derive(Debug)]
pub struct InHand(&'static Worker);

impl Drop for InHand {
    fn drop(&mut self) {
        let now = self.0.started.elapsed();
        self.0.state().activity.let_go(now);
    }
}

/// A piece of work, and what holds it up. When it is dropped, nothing does any more.
#[derive(Debug)]
pub struct HeldUp {
    worker: &'static Worker,
    by: Option<Kind>,
}

impl HeldUp {
    /// It is held up by this now, and by nothing else; `None`: by no store.
    pub fn by(&mut self, kind: Option<Kind>, message: &str) {
        if kind == self.by {
            return;
        }
        let now = self.worker.started.elapsed();
        let mut state = self.worker.state();
        if let Some(before) = self.by.take() {
            state.hindrances.end(before, now);
        }
        if let Some(kind) = kind {
            state.hindrances.begin(kind, message, now);
            self.by = Some(kind);
        }
        let stopped = state.hindrances.stops();
        state.activity.stop(stopped, now);
    }
}

impl Drop for HeldUp {
    fn drop(&mut self) {
        self.by(None, "");
    }
}

/// When a unit that waits for an index is tried again: after as long as it has waited so far, within bounds, so that it costs
/// less the longer it waits.
#[must_use]
pub fn held_pause(waited: Duration) -> Duration {
    waited.clamp(Duration::from_secs(20), Duration::from_mins(10))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use docmill_crds::contract::{HindranceReason, Store};
    use docmill_crds::ledger::UnitState;

    use super::{Ended, Worker};

    fn worker() -> &'static Worker {
        Box::leak(Box::new(Worker::new("news", "wire")))
    }

    #[test]
    fn what_is_told_follows_what_is_held() {
        let worker = worker();
        let in_hand = worker.take_in_hand();
        let mut held = worker.held_up();
        held.by(Some((Store::Elasticsearch, HindranceReason::Throttled)), "429");
        assert!(!worker.may_receive());
        let present = worker.present();
        assert_eq!((present.in_hand, present.hindrances[0].message.as_str()), (1, "429"));
        assert!(present.hindrances[0].since.ends_with('Z'));
        drop((in_hand, held));
        worker.unit_ended(&Ended::Unfinished);
        worker.unit_ended(&Ended::Final { state: UnitState::Indexed, reason: None, changed: true });
        let present = worker.present();
        assert_eq!((present.in_hand, present.done), (0, 1), "what was let go is not done");
        assert!(worker.may_receive());
    }

    #[test]
    fn one_piece_of_work_has_one_hindrance_at_a_time() {
        let worker = worker();
        let mut held = worker.held_up();
        held.by(Some((Store::ObjectStore, HindranceReason::Unreachable)), "refused");
        held.by(Some((Store::ObjectStore, HindranceReason::AccessDenied)), "403");
        assert!(worker.may_receive(), "a person has to mend it, and other units may go on");
        drop(held);
        assert_eq!(worker.present().hindrances.len(), 2, "both are told of for a while");
    }
}
