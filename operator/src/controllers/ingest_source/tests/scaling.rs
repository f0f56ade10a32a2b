//! The scaling policy in simulated time. What decides is the operator's own [`plan`](super::super::plan::plan); the
//! queue, the pods and the store are simulated, step by step and always in the same way, so that a day takes a second.
//!
//! `simulation` runs a `trace` of arrivals and gives its `outcome`; `docs/operations/scaling.md` has the outcomes as a
//! table, which is compared here. A change of the policy that changes them has to change the page.

mod messages;
mod outcome;
mod pod;
mod random;
mod simulation;
mod trace;

use outcome::Outcome;
use simulation::run;
use trace::{ALL, Trace};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations/scaling.md");

fn outcome(name: &str) -> Outcome {
    run(ALL.iter().find(|trace| trace.name == name).expect("a trace of this name"))
}

/// The workers that the highest rate of arrivals takes, and one more for the backlog of the meantime.
fn enough(units_per_second: u64) -> usize {
    usize::try_from(units_per_second.div_ceil(trace::UNITS_PER_SECOND)).unwrap() + 1
}

#[test]
fn the_page_has_the_outcome_of_every_trace() {
    let page = std::fs::read_to_string(PAGE).expect("the page about scaling");
    let rows: Vec<String> = ALL.iter().map(|trace: &Trace| run(trace).row(trace.name)).collect();
    let missing: Vec<&String> = rows.iter().filter(|row| !page.lines().any(|line| line == *row)).collect();
    assert!(missing.is_empty(), "{PAGE} has to have these rows:\n{rows:#?}\nand lacks:\n{missing:#?}");
}

#[test]
fn a_burst_of_twenty_times_the_load_is_processed_within_the_target_and_its_workers_leave_after_it() {
    for (name, highest) in [("burst of 20 times", 1000), ("burst of 20 times, larger", 4000)] {
        let burst = outcome(name);
        assert!(burst.left < 100, "{name}: {burst:?}");
        assert!(burst.longest_lag <= 65, "{name}: {burst:?}");
        assert!(burst.most_workers <= enough(highest), "{name}: {burst:?}");
        assert!(burst.worker_seconds <= burst.needed_seconds * 3, "{name}: {burst:?}");
        assert!(burst.stops > 0 && burst.starts - burst.stops <= 3, "{name}: {burst:?}");
    }
}

#[test]
fn a_flood_starts_what_it_needs_as_soon_as_the_throughput_is_known() {
    let unknown = outcome("flood of a new source");
    assert!(unknown.most_workers <= 14 && unknown.longest_lag <= 75, "{unknown:?}");
    let known = outcome("flood after silence");
    assert!(known.most_workers <= 14 && known.longest_lag <= 75, "{known:?}");
}

#[test]
fn load_that_comes_and_goes_does_not_make_workers_come_and_go() {
    let waves = outcome("waves");
    assert!(waves.starts <= 20 && waves.longest_lag <= 65, "{waves:?}");
    let day = outcome("a day");
    assert!(day.starts <= 80 && day.most_workers <= enough(820) && day.longest_lag <= 65, "{day:?}");
    let steady = outcome("steady");
    assert!(steady.starts <= 20 && steady.worker_seconds * 5 <= steady.needed_seconds * 6, "{steady:?}");
}

#[test]
fn a_worker_that_waits_for_the_next_article_costs_about_as_much_as_one_that_is_started_for_it() {
    let (started, waits) = (outcome("one article every 45 s"), outcome("the same, `idleSeconds: 120`"));
    assert!(started.starts > 100 && waits.starts <= 3, "{started:?}, {waits:?}");
    assert!(waits.worker_seconds * 4 <= started.worker_seconds * 5, "{started:?}, {waits:?}");
    assert!(waits.lag_95 <= 1 && started.lag_95 >= 5, "{started:?}, {waits:?}");
}

#[test]
fn a_store_that_is_slower_than_the_arrivals_gets_no_crowd_of_workers() {
    let slow = outcome("slow store");
    assert!(slow.left < 100 && slow.most_workers <= 6, "{slow:?}");
}

#[test]
fn what_lost_workers_held_comes_back_within_the_target() {
    let lost = outcome("two of four workers lost");
    assert!(lost.longest_lag <= 65 && lost.most_workers <= enough(1000), "{lost:?}");
}
