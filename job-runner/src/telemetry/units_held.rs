//! Units that a worker released because an index has trouble of its own, and that have not completed as far
//! as it knows. Pure: the time is passed in, as the time since the worker's start.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use docmill_crds::contract::{HeldUnits, IndexTrouble};

/// Maximum number of units that are remembered. Further ones are forgotten while they wait.
const REMEMBERED: usize = 50_000;
/// How late a unit may come back. If it has not come back by then, it went to another worker.
const LATE: Duration = Duration::from_mins(1);

/// The units that wait.
#[derive(Debug, Default)]
pub struct UnitsHeld(HashMap<u64, (IndexTrouble, Duration)>);

impl UnitsHeld {
    /// A unit, by its digest, was released, and comes back after `pause`.
    pub fn hold(&mut self, unit: &str, trouble: IndexTrouble, pause: Duration, now: Duration) {
        if self.0.len() >= REMEMBERED {
            self.forget(now);
        }
        if self.0.len() < REMEMBERED {
            self.0.insert(key(unit), (trouble, now + pause + LATE));
        }
    }

    /// A unit has completed.
    pub fn end(&mut self, unit: &str) {
        if !self.0.is_empty() {
            self.0.remove(&key(unit));
        }
    }

    /// Whether a unit waits.
    pub fn is_held(&self, unit: &str) -> bool {
        self.0.contains_key(&key(unit))
    }

    /// How many wait, by trouble.
    pub fn counts_by_trouble(&mut self, now: Duration) -> Vec<HeldUnits> {
        self.forget(now);
        let mut counts = BTreeMap::new();
        for (trouble, _) in self.0.values() {
            *counts.entry(*trouble).or_default() += 1;
        }
        counts.into_iter().map(|(trouble, units)| HeldUnits { trouble, units }).collect()
    }

    fn forget(&mut self, now: Duration) {
        self.0.retain(|_, (_, until)| now < *until);
    }
}

/// The first half of the digest, which is in hex; it is practically impossible that two units share it.
fn key(unit: &str) -> u64 {
    unit.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use docmill_crds::contract::{HeldUnits, IndexTrouble};

    use super::UnitsHeld;

    #[test]
    fn units_are_counted_until_their_end_or_until_they_went_elsewhere() {
        let mut held = UnitsHeld::default();
        let digest = |number: u64| format!("{number:016x}{number:048x}");
        let at = Duration::from_secs;
        for number in 0..3 {
            held.hold(&digest(number), IndexTrouble::Blocked, at(20), at(10));
        }
        held.hold(&digest(2), IndexTrouble::Slow, at(40), at(20));
        let count = |trouble, units| HeldUnits { trouble, units };
        assert_eq!(
            held.counts_by_trouble(at(20)),
            [count(IndexTrouble::Blocked, 2), count(IndexTrouble::Slow, 1)]
        );
        held.end(&digest(0));
        assert!(!held.is_held(&digest(0)) && held.is_held(&digest(1)));
        assert_eq!(held.counts_by_trouble(at(90)), [count(IndexTrouble::Slow, 1)]);
    }
}
