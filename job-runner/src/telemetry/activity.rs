//! How a worker spends its time. Pure: the time is passed in, as the time since the worker's start.
//!
//! A worker's capacity is its units divided by the time that it was busy. Most of the time of a unit is
//! waiting, for a store or for its batch, and many units wait together; so a worker with one unit in flight
//! is not fully busy. It counts as busy in proportion to its units in flight, and what is measured under a
//! small load is then close to what is measured under a large one.

use std::time::Duration;

/// Units in flight from which on a worker counts as fully busy.
const FULL: u32 = 64;

/// How a worker has spent its time.
#[derive(Debug, Default)]
pub struct Activity {
    units_in_flight: u32,
    stopped: bool,
    until: Duration,
    busy: Duration,
    idle: Duration,
    hindered: Duration,
}

/// The time of a worker, by how it was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// With work.
    pub busy: Duration,
    /// Without work, or with less than it can hold.
    pub idle: Duration,
    /// Waiting for a store.
    pub hindered: Duration,
    /// Units in flight.
    pub units_in_flight: u32,
}

impl Activity {
    /// A unit was taken.
    pub fn take(&mut self, now: Duration) {
        self.pass(now);
        self.units_in_flight += 1;
    }

    /// A unit was completed, or released.
    pub fn let_go(&mut self, now: Duration) {
        self.pass(now);
        self.units_in_flight = self.units_in_flight.saturating_sub(1);
    }

    /// A store holds everything up, or no longer does.
    pub fn stop(&mut self, stopped: bool, now: Duration) {
        self.pass(now);
        self.stopped = stopped;
    }

    /// Everything up to now.
    pub fn spent(&mut self, now: Duration) -> Spent {
        self.pass(now);
        Spent {
            busy: self.busy,
            idle: self.idle,
            hindered: self.hindered,
            units_in_flight: self.units_in_flight,
        }
    }

    fn pass(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.until);
        self.until = self.until.max(now);
        if self.stopped {
            self.hindered += passed;
            return;
        }
        let busy = passed * self.units_in_flight.min(FULL) / FULL;
        self.busy += busy;
        self.idle += passed.saturating_sub(busy);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::{any, proptest};

    use super::{Activity, FULL};

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn full_hands_are_busy_and_a_quarter_of_them_is_a_quarter_as_busy() {
        let mut activity = Activity::default();
        for _ in 0..FULL / 4 {
            activity.take(at(10));
        }
        let quarter = activity.spent(at(50));
        assert_eq!((quarter.idle, quarter.busy, quarter.units_in_flight), (at(40), at(10), FULL / 4));
        for _ in 0..FULL * 2 {
            activity.take(at(50));
        }
        assert_eq!(activity.spent(at(60)).busy, at(20));
    }

    #[test]
    fn waiting_for_a_store_is_neither() {
        let mut activity = Activity::default();
        activity.take(at(0));
        activity.stop(true, at(0));
        activity.stop(false, at(30));
        activity.let_go(at(30));
        let spent = activity.spent(at(40));
        assert_eq!((spent.busy, spent.hindered, spent.idle), (at(0), at(30), at(10)));
    }

    proptest! {
        #[test]
        fn all_time_is_accounted_for(steps in proptest::collection::vec((0_u8..4, 0_u64..100), 0..50), last in any::<u16>()) {
            let (mut activity, mut now) = (Activity::default(), Duration::ZERO);
            for (what, seconds) in steps {
                now += at(seconds);
                match what {
                    0 => activity.take(now),
                    1 => activity.let_go(now),
                    _ => activity.stop(what == 2, now),
                }
            }
            now += at(u64::from(last));
            let spent = activity.spent(now);
            assert_eq!(spent.busy + spent.idle + spent.hindered, now);
        }
    }
}
