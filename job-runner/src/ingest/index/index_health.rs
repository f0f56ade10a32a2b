//! A worker's knowledge of the indices that documents go into: which accept writes at present, how soon they
//! respond, which are slow, and since when one has accepted nothing. Pure: the time is passed in, as the time
//! since the worker's start.
//!
//! Nothing here is persisted: a worker that starts learns it again within seconds.

use std::collections::HashMap;
use std::time::Duration;

/// How many indices of each kind are remembered. There are more only where an archive is ingested again, and
/// then each takes little.
const REMEMBERED: usize = 256;
/// How long an index that accepted a document is expected to accept the next one.
const RECENT: Duration = Duration::from_secs(30);
/// A request that takes less time is never too slow.
const NEVER_SLOW: Duration = Duration::from_secs(1);
/// The same until something was measured: indices may have to be created.
const AT_FIRST: Duration = Duration::from_secs(2);
/// A request is too slow if it takes this many times as long as usual.
const TIMES_AS_LONG: u32 = 4;
/// A slow index that is no longer written to is forgotten after this time.
const SLOW_FOR: Duration = Duration::from_mins(5);

/// What is known of the indices.
#[derive(Debug, Default)]
pub struct IndexHealth {
    accepting: HashMap<String, Accepting>,
    halved_at: Duration,
    typical: Option<Duration>,
    slow: HashMap<String, Duration>,
    refusing: HashMap<String, Duration>,
}

/// An index that accepts documents.
#[derive(Clone, Copy, Debug)]
struct Accepting {
    last: Duration,
    /// Accepted documents; those of half a minute ago count half.
    documents: u64,
}

impl IndexHealth {
    /// Records that an index accepted documents.
    pub fn accepted(&mut self, index: &str, documents: u64, now: Duration) {
        self.refusing.remove(index);
        if now.saturating_sub(self.halved_at) >= RECENT {
            self.halved_at = now;
            self.accepting.retain(|_, accepting| {
                accepting.documents /= 2;
                now.saturating_sub(accepting.last) < RECENT
            });
        }
        if let Some(accepting) = self.accepting.get_mut(index) {
            accepting.last = now;
            accepting.documents += documents;
            return;
        }
        make_room(&mut self.accepting);
        self.accepting.insert(index.to_owned(), Accepting { last: now, documents });
    }

    /// Records that an index accepts no documents.
    pub fn refused(&mut self, index: &str, now: Duration) {
        self.accepting.remove(index);
        if !self.refusing.contains_key(index) {
            make_room(&mut self.refusing);
            self.refusing.insert(index.to_owned(), now);
        }
    }

    /// How long an index has accepted no documents.
    pub fn refusing_for(&self, index: &str, now: Duration) -> Duration {
        self.refusing.get(index).map_or(Duration::ZERO, |since| now.saturating_sub(*since))
    }

    /// Whether another index accepts documents at present.
    pub fn others_accept(&self, index: &str, now: Duration) -> bool {
        let recent = |accepting: &Accepting| now.saturating_sub(accepting.last) < RECENT;
        self.accepting.iter().any(|(name, accepting)| name != index && recent(accepting))
    }

    /// Whether no more documents go into this index than into all others together: only then may it be sent
    /// to separately.
    fn is_minor(&self, index: &str) -> bool {
        let (mut own, mut others) = (0, 0);
        for (name, accepting) in &self.accepting {
            *(if name == index { &mut own } else { &mut others }) += accepting.documents;
        }
        own <= others
    }

    fn longest(&self) -> Duration {
        self.typical.map_or(AT_FIRST, |typical| NEVER_SLOW.max(typical * TIMES_AS_LONG))
    }

    /// How long a request for these indices may take before the search for the slow one starts. `None`: there
    /// is nothing to compare with. `among_others`: other indices of the bulk have requests of their own.
    pub fn limit(&self, indices: &[&str], among_others: bool, now: Duration) -> Option<Duration> {
        let can_tell = match indices {
            [] => false,
            [index] => among_others || (self.others_accept(index, now) && self.is_minor(index)),
            _ => true,
        };
        can_tell.then(|| self.longest())
    }

    /// Records that a request was answered after this time. Returns whether that is as fast as usual.
    pub fn answered(&mut self, after: Duration) -> bool {
        let quick = after <= self.longest();
        self.typical = Some(match self.typical {
            None => after,
            Some(typical) => typical.mul_f64(0.8) + after.mul_f64(0.2),
        });
        quick
    }

    /// Records that an index did not respond after this time. `others`: other indices of the bulk did. Returns
    /// whether it is slow by itself. If not, the cluster is slow as a whole, and the next limit is that much longer.
    pub fn record_late(&mut self, index: &str, after: Duration, others: bool, now: Duration) -> bool {
        let slow = (others || self.others_accept(index, now)) && self.is_minor(index);
        if slow {
            make_room(&mut self.slow);
            self.slow.insert(index.to_owned(), now);
        } else {
            self.typical = self.typical.max(Some(after));
        }
        slow
    }

    /// Records that a request for a slow index alone was answered after this time.
    pub fn slow_answered(&mut self, index: &str, after: Duration, now: Duration) {
        if after <= self.longest() {
            self.slow.remove(index);
        } else if let Some(last) = self.slow.get_mut(index) {
            *last = now;
        }
    }

    /// Whether an index is slow.
    pub fn is_slow(&self, index: &str, now: Duration) -> bool {
        self.slow.get(index).is_some_and(|last| now.saturating_sub(*last) < SLOW_FOR)
    }

    /// Whether any index is slow.
    pub fn has_slow(&self) -> bool {
        !self.slow.is_empty()
    }
}

fn make_room<T>(known: &mut HashMap<String, T>) {
    if known.len() >= REMEMBERED {
        known.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::IndexHealth;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn others_accept_for_a_while_after_they_did() {
        let mut health = IndexHealth::default();
        health.accepted("now", 5, at(10));
        assert!(health.others_accept("old", at(30)) && !health.others_accept("now", at(30)));
        assert!(!health.others_accept("old", at(41)), "that was half a minute ago");
        health.accepted("now", 5, at(50));
        health.refused("now", at(51));
        assert!(!health.others_accept("old", at(51)), "a disk that is full is full for both");
    }

    #[test]
    fn an_index_refuses_until_it_accepts() {
        let mut health = IndexHealth::default();
        health.refused("old", at(10));
        health.refused("old", at(20));
        assert_eq!(health.refusing_for("old", at(25)), at(15));
        health.accepted("old", 1, at(26));
        assert_eq!(health.refusing_for("old", at(30)), at(0));
    }

    #[test]
    fn a_request_is_timed_where_something_tells_what_is_usual() {
        let mut health = IndexHealth::default();
        assert_eq!(health.limit(&["now"], false, at(1)), None, "there is no other");
        assert_eq!(health.limit(&["now"], true, at(1)), Some(at(2)), "others come after it");
        assert_eq!(health.limit(&["now", "old"], false, at(1)), Some(at(2)));
        health.answered(Duration::from_millis(100));
        assert_eq!(health.limit(&["now", "old"], false, at(1)), Some(at(1)));
        health.answered(Duration::from_millis(2_100));
        assert_eq!(health.limit(&["now", "old"], false, at(1)), Some(at(2)));
        health.accepted("now", 100, at(1));
        assert_eq!(health.limit(&["old"], false, at(2)), Some(at(2)));
        health.accepted("old", 10, at(2));
        assert_eq!(health.limit(&["now"], false, at(2)), None, "most documents never wait for a few");
    }

    #[test]
    fn the_slow_one_is_told_from_a_cluster_that_is_slow() {
        let mut health = IndexHealth::default();
        for index in ["old", "now"] {
            assert!(!health.record_late(index, at(2), false, at(10)));
        }
        assert_eq!(health.limit(&["now", "old"], false, at(10)), Some(at(8)), "both may take longer");
        assert!(health.record_late("old", at(8), true, at(71)));
        assert_eq!(health.limit(&["now", "old"], false, at(71)), Some(at(8)));
        assert!(health.is_slow("old", at(72)) && !health.is_slow("now", at(72)));
        health.slow_answered("old", at(10), at(80));
        assert!(health.is_slow("old", at(81)));
        health.slow_answered("old", Duration::from_millis(20), at(82));
        assert!(!health.is_slow("old", at(83)));
        health.record_late("old", at(8), true, at(90));
        assert!(!health.is_slow("old", at(390)), "nobody has written to it since");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut health = IndexHealth::default();
        for number in 0..1_000 {
            health.accepted(&number.to_string(), 1, at(1));
            health.refused(&format!("r{number}"), at(1));
        }
        assert!(health.accepting.len() <= 256 && health.refusing.len() <= 256);
    }
}
