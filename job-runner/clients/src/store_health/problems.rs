//! What a worker is waiting for, since when, and whether it may go on receiving meanwhile. Pure: the time is
//! passed in, as the time since the worker's start.

use std::collections::BTreeMap;
use std::time::Duration;

use docmill_crds::contract::{Store, StoreProblemReason};

/// A problem that comes back within this time counts as the same one, and has lasted since it first appeared.
const SAME_PROBLEM: Duration = Duration::from_mins(1);
/// A problem is reported for this long after its end, so that one which comes and goes with each request is
/// visible to those who poll every few seconds.
const LINGER: Duration = Duration::from_secs(10);
/// While receiving is stopped, one receive per this interval is let through: the problem may concern one
/// object alone.
const PROBE_EVERY: Duration = Duration::from_mins(1);

/// Which store has the problem, and which one.
pub type ProblemKey = (Store, StoreProblemReason);

/// The problems that hold up a worker.
#[derive(Debug, Default)]
pub struct StoreProblems {
    known: BTreeMap<ProblemKey, OngoingProblem>,
    stopped_at: Option<Duration>,
}

/// One kind of problem.
#[derive(Debug)]
struct OngoingProblem {
    /// Pieces of work that are held up by it now.
    held_up: usize,
    since: Duration,
    ended: Duration,
    message: String,
}

/// A problem as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedProblem {
    /// The store and the reason.
    pub key: ProblemKey,
    /// Since when.
    pub since: Duration,
    /// The store's words when it began.
    pub message: String,
}

impl StoreProblems {
    /// A piece of work is held up.
    pub fn begin(&mut self, key: ProblemKey, message: &str, now: Duration) {
        self.known
            .entry(key)
            .and_modify(|problem| {
                let over = problem.held_up == 0 && now.saturating_sub(problem.ended) > SAME_PROBLEM;
                if over {
                    problem.since = now;
                    message.clone_into(&mut problem.message);
                }
                problem.held_up += 1;
            })
            .or_insert_with(|| OngoingProblem {
                held_up: 1,
                since: now,
                ended: now,
                message: message.to_owned(),
            });
    }

    /// A piece of work for which [`Self::begin`] was called continues, or was given up.
    pub fn end(&mut self, key: ProblemKey, now: Duration) {
        if let Some(problem) = self.known.get_mut(&key) {
            problem.held_up = problem.held_up.saturating_sub(1);
            problem.ended = now;
        }
    }

    /// Whether there is a transient problem. A problem that a person has to fix may concern some units only
    /// (one bucket, one index), and the others go on; and a queue that returns nothing stops nothing that is
    /// in flight.
    pub fn stops(&self) -> bool {
        let stops = |(by, reason): &ProblemKey| *by != Store::Queue && reason.passes();
        self.known.iter().any(|(key, problem)| problem.held_up > 0 && stops(key))
    }

    /// Whether more may be received.
    pub fn may_receive(&mut self, now: Duration) -> bool {
        if !self.stops() {
            self.stopped_at = None;
            return true;
        }
        let stopped_at = *self.stopped_at.get_or_insert(now);
        let probe = now.saturating_sub(stopped_at) >= PROBE_EVERY;
        if probe {
            self.stopped_at = Some(now);
        }
        probe
    }

    /// The problems of now or a moment ago, the longest first.
    pub fn current_problems(&self, now: Duration) -> Vec<ReportedProblem> {
        let is_recent =
            |problem: &OngoingProblem| problem.held_up > 0 || now.saturating_sub(problem.ended) < LINGER;
        let recent = self.known.iter().filter(|(_, problem)| is_recent(problem));
        let mut reported: Vec<_> = recent
            .map(|(key, problem)| ReportedProblem {
                key: *key,
                since: problem.since,
                message: problem.message.clone(),
            })
            .collect();
        reported.sort_by_key(|problem| (problem.since, problem.key));
        reported
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use docmill_crds::contract::{Store, StoreProblemReason};

    use super::{ProblemKey, StoreProblems};

    const BUSY: ProblemKey = (Store::Elasticsearch, StoreProblemReason::Throttled);
    const DENIED: ProblemKey = (Store::ObjectStore, StoreProblemReason::AccessDenied);

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn it_lasts_until_the_last_piece_of_work_goes_on_and_is_told_of_a_little_longer() {
        let mut store_problems = StoreProblems::default();
        store_problems.begin(BUSY, "429", at(5));
        store_problems.begin(BUSY, "429 again", at(7));
        store_problems.end(BUSY, at(20));
        assert!(store_problems.stops());
        store_problems.end(BUSY, at(30));
        assert!(!store_problems.stops());
        let reported = store_problems.current_problems(at(35));
        assert_eq!((reported[0].since, reported[0].message.as_str()), (at(5), "429"));
        assert!(store_problems.current_problems(at(40)).is_empty());
    }

    #[test]
    fn trouble_that_comes_back_soon_is_the_same_and_later_it_is_new() {
        let mut store_problems = StoreProblems::default();
        for (from, to) in [(0, 10), (50, 60)] {
            store_problems.begin(BUSY, "first", at(from));
            store_problems.end(BUSY, at(to));
        }
        assert_eq!(store_problems.current_problems(at(61))[0].since, at(0));
        store_problems.begin(BUSY, "second", at(121));
        let reported = store_problems.current_problems(at(122));
        assert_eq!((reported[0].since, reported[0].message.as_str()), (at(121), "second"));
    }

    #[test]
    fn the_longest_comes_first() {
        let mut store_problems = StoreProblems::default();
        store_problems.begin(DENIED, "403", at(1));
        store_problems.begin(BUSY, "429", at(2));
        let keys: Vec<_> =
            store_problems.current_problems(at(3)).into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, [DENIED, BUSY]);
    }

    #[test]
    fn receiving_stops_for_what_passes_and_goes_on_for_what_a_person_has_to_mend() {
        let mut store_problems = StoreProblems::default();
        store_problems.begin(DENIED, "403", at(0));
        assert!(store_problems.may_receive(at(0)));
        store_problems.begin(BUSY, "429", at(1));
        assert!(!store_problems.may_receive(at(1)));
        store_problems.end(BUSY, at(2));
        store_problems.begin((Store::Queue, StoreProblemReason::Unreachable), "refused", at(2));
        assert!(store_problems.may_receive(at(2)), "or nobody would find out that the queue is back");
    }

    #[test]
    fn once_a_minute_one_receive_is_let_through() {
        let mut store_problems = StoreProblems::default();
        store_problems.begin(BUSY, "500 for one object alone", at(0));
        let through: Vec<u64> = (0..=130).filter(|second| store_problems.may_receive(at(*second))).collect();
        assert_eq!(through, [60, 120]);
    }
}
