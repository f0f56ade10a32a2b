//! Whether no value of a path came twice, as of an id. Pure.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Values that are remembered for each path, as hashes. If there are more, the others are taken for distinct.
const REMEMBERED: usize = 1000;

/// The values of a path.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Distinct {
    seen: HashSet<u64>,
    again: bool,
}

impl Distinct {
    pub(in super::super) fn note(&mut self, value: &str) {
        let mut hash = DefaultHasher::new();
        value.hash(&mut hash);
        self.take(hash.finish());
    }

    /// Adds the values of the same path in another object.
    pub(in super::super) fn add(&mut self, other: &Self) {
        if other.again {
            self.repeat();
        }
        other.seen.iter().for_each(|value| self.take(*value));
    }

    /// Whether each value came once.
    pub(in super::super) const fn holds(&self) -> bool {
        !self.again
    }

    fn take(&mut self, value: u64) {
        if self.again || (self.seen.len() >= REMEMBERED && !self.seen.contains(&value)) {
            return;
        }
        if !self.seen.insert(value) {
            self.repeat();
        }
    }

    fn repeat(&mut self) {
        *self = Self { seen: HashSet::new(), again: true };
    }
}

#[cfg(test)]
mod tests {
    use super::{Distinct, REMEMBERED};

    fn of(values: &[&str]) -> Distinct {
        let mut distinct = Distinct::default();
        for value in values {
            distinct.note(value);
        }
        distinct
    }

    #[test]
    fn a_value_that_comes_twice_is_noticed_also_in_another_object() {
        assert!(of(&["a", "b"]).holds() && !of(&["a", "b", "a"]).holds());
        for (other, holds) in [(["c", "d"], true), (["c", "b"], false), (["c", "c"], false)] {
            let mut all = of(&["a", "b"]);
            all.add(&of(&other));
            assert_eq!(all.holds(), holds, "{other:?}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut many = Distinct::default();
        (0..3 * REMEMBERED).for_each(|number| many.note(&number.to_string()));
        assert!(many.holds() && many.seen.len() == REMEMBERED);
        many.note("0");
        assert!(!many.holds() && many.seen.is_empty());
    }
}
