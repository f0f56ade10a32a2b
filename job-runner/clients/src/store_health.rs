//! The health of the stores as seen by this process: what its requests wait for, and since when.
//!
//! - [`problems`]: which problems there are, and whether they stop everything; pure;
//!
//! There is one [`StoreHealth`] per process ([`global`]), so that it need not be passed to every request.
//! A worker reports its content to the operator, and counts through an [`Observer`].

pub mod problems;

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use docmill_crds::contract::StoreProblem;

use super::clock;
use problems::{ProblemKey, ReportedProblem, StoreProblems};

static GLOBAL: OnceLock<StoreHealth> = OnceLock::new();

/// The health of the stores as this process sees it.
pub fn global() -> &'static StoreHealth {
    GLOBAL.get_or_init(StoreHealth::new)
}

/// Counts requests.
pub trait Observer: Debug + Send + Sync {
    /// A store stops everything from now on, or no longer does.
    fn stopped(&self, stopped: bool);
    /// A bulk request of this many bytes and items is sent.
    fn bulk(&self, bytes: usize, items: usize);
    /// A request is retried, because of a store or of something else.
    fn retried(&self, step: &'static str, problem: Option<ProblemKey>);
}

/// The health of the stores for a process.
#[derive(Debug)]
pub struct StoreHealth {
    started: Instant,
    started_millis: i64,
    problems: Mutex<StoreProblems>,
    observer: OnceLock<&'static dyn Observer>,
}

impl StoreHealth {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            started_millis: clock::now_millis(),
            problems: Mutex::default(),
            observer: OnceLock::new(),
        }
    }

    /// Sets the observer. A second one is ignored.
    pub fn observe(&self, observer: &'static dyn Observer) {
        let _ = self.observer.set(observer);
    }

    /// Registers a piece of work that may be held up.
    #[must_use]
    pub fn held_up(&'static self) -> StoreProblemGuard {
        StoreProblemGuard { health: self, problem: None }
    }

    /// Whether more work may be received: not while a store that everything needs is unavailable.
    pub fn may_receive(&self) -> bool {
        let now = self.started.elapsed();
        self.problems().may_receive(now)
    }

    /// The problems of now or a moment ago, the longest first.
    pub fn current_problems(&self) -> Vec<StoreProblem> {
        let now = self.started.elapsed();
        let reported = self.problems().current_problems(now);
        reported.into_iter().map(|problem| self.store_problem(problem)).collect()
    }

    pub(crate) fn bulk(&self, bytes: usize, items: usize) {
        if let Some(observer) = self.observer.get() {
            observer.bulk(bytes, items);
        }
    }

    pub(crate) fn retried(&self, step: &'static str, problem: Option<ProblemKey>) {
        if let Some(observer) = self.observer.get() {
            observer.retried(step, problem);
        }
    }

    fn store_problem(&self, problem: ReportedProblem) -> StoreProblem {
        let (by, reason) = problem.key;
        let since_millis = u64::try_from(problem.since.as_millis()).unwrap_or(u64::MAX);
        let since = clock::rfc3339(self.started_millis.saturating_add_unsigned(since_millis));
        StoreProblem { by, reason, since, message: problem.message }
    }

    /// The observer is called while the problems are locked, so that it sees changes in their order.
    fn change(&self, change: impl FnOnce(&mut StoreProblems, Duration)) {
        let now = self.started.elapsed();
        let mut problems = self.problems();
        change(&mut problems, now);
        if let Some(observer) = self.observer.get() {
            observer.stopped(problems.stops());
        }
    }

    fn problems(&self) -> MutexGuard<'_, StoreProblems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A piece of work, and what holds it up. Dropping it clears that.
#[derive(Debug)]
pub struct StoreProblemGuard {
    health: &'static StoreHealth,
    problem: Option<ProblemKey>,
}

impl StoreProblemGuard {
    /// It is now held up by this and nothing else; `None`: by no store.
    pub fn set(&mut self, problem: Option<ProblemKey>, message: &str) {
        if problem == self.problem {
            return;
        }
        let previous = std::mem::replace(&mut self.problem, problem);
        self.health.change(|problems, now| {
            if let Some(previous) = previous {
                problems.end(previous, now);
            }
            if let Some(problem) = problem {
                problems.begin(problem, message, now);
            }
        });
    }
}

impl Drop for StoreProblemGuard {
    fn drop(&mut self) {
        self.set(None, "");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use docmill_crds::contract::{Store, StoreProblemReason};

    use super::problems::ProblemKey;
    use super::{Observer, StoreHealth};

    #[derive(Debug, Default)]
    struct Seen(AtomicBool);

    impl Observer for Seen {
        fn stopped(&self, stopped: bool) {
            self.0.store(stopped, Ordering::SeqCst);
        }
        fn bulk(&self, _: usize, _: usize) {}
        fn retried(&self, _: &'static str, _: Option<ProblemKey>) {}
    }

    fn health() -> &'static StoreHealth {
        Box::leak(Box::new(StoreHealth::new()))
    }

    #[test]
    fn the_observer_hears_that_everything_stops_and_goes_on() {
        let (health, seen): (_, &'static Seen) = (health(), Box::leak(Box::default()));
        health.observe(seen);
        let mut guard = health.held_up();
        guard.set(Some((Store::Elasticsearch, StoreProblemReason::Throttled)), "429");
        assert!(seen.0.load(Ordering::SeqCst) && !health.may_receive());
        let problems = health.current_problems();
        assert_eq!(problems[0].message.as_str(), "429");
        assert!(problems[0].since.ends_with('Z'));
        drop(guard);
        assert!(!seen.0.load(Ordering::SeqCst) && health.may_receive());
    }

    #[test]
    fn one_piece_of_work_is_held_up_by_one_thing_at_a_time() {
        let health = health();
        let mut guard = health.held_up();
        guard.set(Some((Store::ObjectStore, StoreProblemReason::Unreachable)), "refused");
        guard.set(Some((Store::ObjectStore, StoreProblemReason::AccessDenied)), "403");
        assert!(health.may_receive(), "a person has to mend it, and other units may go on");
        drop(guard);
        assert_eq!(health.current_problems().len(), 2, "both are told of for a while");
    }
}

#[cfg(test)]
mod reasons_tests;
