//! What was seen of a source within the last hour. Pure.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Seconds that are kept.
pub const KEPT_SECONDS: i64 = 3600;

/// A look at a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub time: Timestamp,
    /// Tenths of units per second; `None` at the first look.
    pub rate: Option<i64>,
    /// Seconds from the arrival of an object to its record, if the source says so.
    pub lag: Option<i64>,
}

/// The looks at a source, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples(VecDeque<Sample>);

impl Samples {
    /// Adds a look, and forgets what is older than an hour.
    pub fn add(&mut self, sample: Sample) {
        self.0.push_back(sample);
        let oldest = sample.time.as_second() - KEPT_SECONDS;
        while self.0.front().is_some_and(|first| first.time.as_second() < oldest) {
            self.0.pop_front();
        }
    }

    /// Times in seconds since 1970, and one of the values.
    pub fn points(&self, value: impl Fn(&Sample) -> Option<i64>) -> Vec<(i64, i64)> {
        let point = |sample: &Sample| Some((sample.time.as_second(), value(sample)?));
        self.0.iter().filter_map(point).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Sample, Samples};

    #[test]
    fn what_is_older_than_an_hour_is_forgotten() {
        let mut samples = Samples::default();
        for second in [0, 10, 3600, 3605] {
            let time = Timestamp::from_second(second).unwrap();
            samples.add(Sample { time, rate: (second > 0).then_some(second), lag: None });
        }
        assert_eq!(samples.points(|sample| sample.rate), [(10, 10), (3600, 3600), (3605, 3605)]);
        assert!(samples.points(|sample| sample.lag).is_empty());
    }
}
