//! The last answer of the ledger, so that an idle source is not counted again every few seconds. Pure: the
//! caller passes the time. Losing it costs one request.

use std::time::{Duration, Instant};

use super::observation::LedgerCounts;

/// For this long after the last work, the ledger is asked each time: the last records become visible only
/// after the next refresh of the index.
const SETTLES: Duration = Duration::from_secs(15);
/// How often the ledger of an idle source is asked, because a person may change it; less often among many sources.
const AT_REST: Duration = Duration::from_secs(30);

/// The last answer of the ledger.
#[derive(Debug, Default)]
pub struct LedgerMemory {
    last_work: Option<Instant>,
    known: Option<(Instant, LedgerCounts)>,
}

impl LedgerMemory {
    /// The remembered counts, if they are recent enough. `busy`: there is a backlog, a worker or a run. `pace`: the
    /// shortest time between two questions about an idle source.
    pub fn known(&mut self, busy: bool, pace: Duration, now: Instant) -> Option<LedgerCounts> {
        if busy {
            self.last_work = Some(now);
        }
        let fresh = self.known.as_ref().filter(|(at, _)| now.duration_since(*at) < AT_REST.max(pace));
        fresh.filter(|_| !self.is_settling(now)).map(|(_, counts)| counts.clone())
    }

    /// Whether there is work, or was a moment ago.
    pub fn is_settling(&self, now: Instant) -> bool {
        self.last_work.is_some_and(|last| now.duration_since(last) <= SETTLES)
    }

    /// Records an answer.
    pub fn remember(&mut self, counts: LedgerCounts, now: Instant) {
        self.known = Some((now, counts));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::observation::LedgerCounts;
    use super::LedgerMemory;

    /// The seconds at which the ledger is asked, if the source is reconciled every five seconds.
    fn request_times(busy: impl Fn(u64) -> bool, pace: u64, until: u64) -> Vec<u64> {
        let (mut memory, start) = (LedgerMemory::default(), Instant::now());
        let request_times = (0..=until).step_by(5).filter(|second| {
            let now = start + Duration::from_secs(*second);
            let is_asked = memory.known(busy(*second), Duration::from_secs(pace), now).is_none();
            if is_asked {
                memory.remember(LedgerCounts::default(), now);
            }
            is_asked
        });
        request_times.collect()
    }

    #[test]
    fn at_rest_it_is_asked_twice_a_minute_and_among_many_sources_less_often() {
        assert_eq!(request_times(|_| false, 0, 95), [0, 30, 60, 90]);
        assert_eq!(request_times(|_| false, 300, 700), [0, 300, 600]);
    }

    #[test]
    fn it_settles_for_a_while_after_the_last_work_and_not_without_work() {
        let (mut memory, start) = (LedgerMemory::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        memory.known(false, Duration::ZERO, start);
        assert!(!memory.is_settling(start));
        memory.known(true, Duration::ZERO, after(5));
        assert!(memory.is_settling(after(20)) && !memory.is_settling(after(21)));
    }

    #[test]
    fn with_work_and_shortly_after_it_is_asked_each_time() {
        assert_eq!(request_times(|second| second <= 10, 0, 60), [0, 5, 10, 15, 20, 25, 55]);
    }
}
