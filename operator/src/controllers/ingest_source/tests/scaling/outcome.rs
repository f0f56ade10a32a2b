//! What became of a trace.

use std::collections::BTreeMap;

use super::messages::{Arrived, SECOND, Step};

/// What is counted while a trace runs.
#[derive(Debug, Default)]
pub struct Tally {
    /// Units by their lag in seconds.
    lags: BTreeMap<Step, u64>,
    worker_steps: usize,
    most_workers: usize,
    pub starts: usize,
    pub stops: usize,
}

/// What became of a trace.
#[derive(Debug)]
pub struct Outcome {
    /// Units that were not done at its end.
    pub left: u64,
    /// Seconds from the arrival to the end of a unit, of 95 in 100 units at most.
    pub lag_95: Step,
    /// The same of all units.
    pub longest_lag: Step,
    /// The most workers at a time.
    pub most_workers: usize,
    /// Workers that were started.
    pub starts: usize,
    /// Workers that were asked to stop.
    pub stops: usize,
    /// From the creation of each Job to its end.
    pub worker_seconds: u64,
    /// What the units take of workers that are always fully busy.
    pub needed_seconds: u64,
    seconds: Step,
}

impl Tally {
    pub fn done(&mut self, units: &[Arrived], now: Step) {
        for Arrived { at, count } in units {
            *self.lags.entry((now - at) / SECOND).or_default() += count;
        }
    }

    pub fn workers(&mut self, active: usize) {
        self.worker_steps += active;
        self.most_workers = self.most_workers.max(active);
    }

    /// `left` units are not done; the trace took so many seconds, and a worker does so many units in a second.
    pub fn outcome(self, left: u64, seconds: Step, units_per_second: u64) -> Outcome {
        let units: u64 = self.lags.values().sum();
        let mut done = 0;
        let lag_95 = self.lags.iter().find_map(|(lag, count)| {
            done += count;
            (done * 100 >= units * 95).then_some(*lag)
        });
        Outcome {
            left,
            lag_95: lag_95.unwrap_or_default(),
            longest_lag: self.lags.keys().next_back().copied().unwrap_or_default(),
            most_workers: self.most_workers,
            starts: self.starts,
            stops: self.stops,
            worker_seconds: u64::try_from(self.worker_steps).unwrap() / 10,
            needed_seconds: units / units_per_second,
            seconds,
        }
    }
}

impl Outcome {
    /// Its row in the table of the page.
    pub fn row(&self, name: &str) -> String {
        let Self {
            lag_95, longest_lag, most_workers, starts, worker_seconds, needed_seconds, seconds, ..
        } = self;
        let starts_an_hour = starts * 3600 / usize::try_from(*seconds).unwrap();
        format!(
            "| {name} | {lag_95} s | {longest_lag} s | {most_workers} | {starts_an_hour} | {needed_seconds} | {worker_seconds} |"
        )
    }
}
