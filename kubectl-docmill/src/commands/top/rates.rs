//! Rates of sources, by what was recorded between two looks. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// What was recorded at the last look, by source.
#[derive(Clone, Debug, Default)]
pub struct Rates(BTreeMap<String, Look>);

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Timestamp,
    recorded: i64,
    /// The rate until then. The operator updates the status every few seconds, so that a look without a change says nothing.
    tenths: i64,
}

/// How long a rate holds without a change: after that the source rests.
const HOLDS_MILLIS: i64 = 20_000;

impl Rates {
    /// Adds a look at a source; tenths of units per second since the look before, `None` at the first.
    pub fn look(&mut self, source: &str, recorded: i64, now: Timestamp) -> Option<i64> {
        let Some(before) = self.0.get(source).copied() else {
            self.0.insert(source.to_owned(), Look { at: now, recorded, tenths: 0 });
            return None;
        };
        let millis = now.as_millisecond() - before.at.as_millisecond();
        let more = recorded.saturating_sub(before.recorded);
        if more == 0 && millis < HOLDS_MILLIS {
            return Some(before.tenths);
        }
        let tenths = if millis > 0 { more.max(0).saturating_mul(10_000) / millis } else { before.tenths };
        self.0.insert(source.to_owned(), Look { at: now, recorded, tenths });
        Some(tenths)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Rates;

    #[test]
    fn a_rate_is_that_between_two_changes_and_ends_when_nothing_changes() {
        let mut rates = Rates::default();
        let mut look = |second: i64, recorded: i64| {
            rates.look("wire", recorded, Timestamp::from_second(second).unwrap())
        };
        assert_eq!(look(0, 100), None);
        assert_eq!(look(2, 100), Some(0));
        assert_eq!(look(10, 150), Some(50));
        assert_eq!(look(12, 150), Some(50));
        assert_eq!(look(40, 150), Some(0));
    }
}
