//! Arrivals, and what the workers and the store are capable of meanwhile.

use docmill_crds::api::ingest_source::Workers;

use super::messages::{SECOND, Step};

/// What a worker does in a second at most.
pub const UNITS_PER_SECOND: u64 = 300;
const MINUTE: Step = 60 * SECOND;
const HOUR: Step = 60 * MINUTE;
/// A store that holds nobody up.
const FAST: u64 = 1_000_000_000;
/// Articles per second at each hour of a day.
const DAY: [u64; 24] = [
    40, 30, 20, 20, 30, 60, 150, 300, 500, 650, 750, 800, 780, 760, 800, 820, 800, 700, 550, 400, 280, 180,
    100, 60,
];

/// Arrivals, and what the workers and the store are capable of meanwhile.
pub struct Trace {
    /// Its name on the page.
    pub name: &'static str,
    pub seconds: Step,
    /// `workers.max`.
    pub max: i32,
    /// `workers.idleSeconds`.
    pub idle_seconds: i32,
    /// Messages that arrive in a step.
    pub arrivals: fn(Step) -> u64,
    /// What the store takes in a second.
    pub store: fn(Step) -> u64,
    /// When workers are lost with their node, and how many.
    pub lost: Option<(Step, usize)>,
}

impl Trace {
    /// The source's `workers`, otherwise with the defaults.
    pub fn workers(&self) -> Workers {
        Workers { max: self.max, idle_seconds: self.idle_seconds, ..Workers::default() }
    }
}

pub const ALL: [Trace; 11] = [
    Trace { name: "steady", seconds: 7200, arrivals: |step| spread(2000, step), ..PLAIN },
    Trace { name: "a day", seconds: 86_400, arrivals: |step| spread(of_day(step), step), ..PLAIN },
    Trace { name: "burst of 20 times", arrivals: |step| spread(of_burst(step, 50), step), ..PLAIN },
    Trace { name: "burst of 20 times, larger", arrivals: |step| spread(of_burst(step, 200), step), ..PLAIN },
    Trace {
        name: "flood of a new source",
        seconds: 3600,
        max: 100,
        arrivals: |step| at(10 * MINUTE, 200_000, step),
        ..PLAIN
    },
    Trace {
        name: "flood after silence",
        seconds: 3600,
        max: 100,
        arrivals: |step| at(MINUTE, 5000, step) + at(30 * MINUTE, 200_000, step),
        ..PLAIN
    },
    Trace {
        name: "waves",
        arrivals: |step| spread(if step % (10 * MINUTE) < 2 * MINUTE { 600 } else { 30 }, step),
        ..PLAIN
    },
    Trace {
        name: "slow store",
        arrivals: |step| spread(200, step),
        store: |step| if is_special(step) { 150 } else { 1200 },
        ..PLAIN
    },
    Trace {
        name: "two of four workers lost",
        seconds: 3600,
        arrivals: |step| spread(1000, step),
        lost: Some((30 * MINUTE, 2)),
        ..PLAIN
    },
    Trace { name: "one article every 45 s", arrivals: |step| every(45 * SECOND, step), ..PLAIN },
    Trace {
        name: "the same, `idleSeconds: 120`",
        idle_seconds: 120,
        arrivals: |step| every(45 * SECOND, step),
        ..PLAIN
    },
];

const PLAIN: Trace = Trace {
    name: "",
    seconds: 7200,
    max: 20,
    idle_seconds: 30,
    arrivals: |_| 0,
    store: |_| FAST,
    lost: None,
};

/// The part of a rate per second that falls to this step.
fn spread(units_per_second: u64, step: Step) -> u64 {
    let until = |step: Step| units_per_second * step.unsigned_abs() / SECOND.unsigned_abs();
    until(step + 1) - until(step)
}

/// So many at once at that step.
fn at(when: Step, count: u64, step: Step) -> u64 {
    if step == when { count } else { 0 }
}

/// One at a time.
fn every(interval: Step, step: Step) -> u64 {
    u64::from(step % interval == 0)
}

/// The ten minutes in which something is different.
fn is_special(step: Step) -> bool {
    (10 * MINUTE..20 * MINUTE).contains(&step)
}

fn of_burst(step: Step, usual: u64) -> u64 {
    if is_special(step) { usual * 20 } else { usual }
}

/// The rate of a day, between those of two hours.
fn of_day(step: Step) -> u64 {
    let of_hour = |hour: Step| DAY[usize::try_from(hour).unwrap() % DAY.len()];
    let (before, after) = (of_hour(step / HOUR), of_hour(step / HOUR + 1));
    let (passed, hour) = ((step % HOUR).unsigned_abs(), HOUR.unsigned_abs());
    (before * (hour - passed) + after * passed) / hour
}
