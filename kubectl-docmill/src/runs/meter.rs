//! How fast a run is, by what it has processed within the last looks. Pure.

use std::collections::VecDeque;

/// Looks that count. A run's status is updated every few seconds, so that fewer would make the rate jump.
const LOOKS: usize = 30;

/// The latest looks at a run.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    looks: VecDeque<(i64, i64)>,
}

impl Meter {
    /// Adds a look: milliseconds since any moment, and how much is processed.
    pub fn look(&mut self, millis: i64, processed: i64) {
        if self.looks.len() == LOOKS {
            self.looks.pop_front();
        }
        self.looks.push_back((millis, processed));
    }

    /// Tenths of units per second; `None` until something was processed.
    pub fn tenths_per_second(&self) -> Option<i64> {
        let ((first, before), (last, after)) = (self.looks.front()?, self.looks.back()?);
        let (millis, processed) = (last - first, after.saturating_sub(*before));
        (millis > 0 && processed > 0).then(|| processed.saturating_mul(10_000) / millis)
    }

    /// Seconds until so many more are processed.
    pub fn seconds_for(&self, rest: i64) -> Option<i64> {
        let rate = self.tenths_per_second().filter(|rate| *rate > 0)?;
        Some(rest.max(0).saturating_mul(10) / rate)
    }
}
