use docmill_crds::api::ingest_source::Workers;
use docmill_crds::contract::{Store, StoreProblemReason, WorkerStatus};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::{active, at, ended, failed, reported, running, seen, store_problem};
use crate::controllers::ingest_source::observation::SourceObservation;
use crate::controllers::ingest_source::plan::throughput::known_rate;
use crate::controllers::ingest_source::plan::{Start, active_count, candidates, plan};
use crate::controllers::ingest_source::worker::{Worker, WorkerOutcome, WorkerState};
use crate::outcome::not_ready::NotReady;

fn workers(max: i32, target_lag_seconds: i32) -> Workers {
    Workers { max, target_lag_seconds, ..Workers::default() }
}

#[test]
fn no_backlog_means_no_worker() {
    let plan = plan(false, &workers(10, 60), &seen(0, 0, vec![]));
    assert_eq!((plan.desired, plan.start.len(), plan.message.as_str()), (0, 0, "no backlog"));
}

#[test]
fn one_object_brings_up_one_worker() {
    let plan = plan(false, &workers(10, 60), &seen(1, 0, vec![]));
    assert_eq!(plan.desired, 1);
    assert_eq!(plan.start, [Start { slot: 0, predecessor: None }]);
}

#[test]
fn the_measured_rate_decides_and_the_arithmetic_is_told() {
    let plan = plan(false, &workers(10, 60), &seen(900, 0, vec![reported(500, 100_000)]));
    assert_eq!(plan.desired, 3);
    assert_eq!(plan.message, "backlog 900 / 300 per worker within 60 s");
    assert_eq!(plan.start.len(), 3);
}

#[test]
fn a_handful_of_units_is_no_measurement() {
    let plan = plan(false, &workers(10, 60), &seen(1201, 0, vec![reported(1, 60_000)]));
    assert_eq!(plan.message, "backlog 1201 / 1200 per worker within 60 s");
    assert_eq!(plan.desired, 2);
}

#[test]
fn the_maximum_holds_and_is_told() {
    let plan = plan(false, &workers(2, 1), &seen(1_000_000, 0, vec![active(0)]));
    assert_eq!((plan.desired, plan.start.len()), (2, 1));
    assert!(plan.message.ends_with("limited by workers.max"), "{}", plan.message);
}

#[test]
fn running_workers_count_and_are_never_ended_for_want_of_work() {
    let plan = plan(false, &workers(10, 60), &seen(10, 0, vec![active(0), active(1), active(2)]));
    assert_eq!(plan.desired, 1);
    assert!(plan.start.is_empty() && plan.stop.is_empty());
}

/// Otherwise a corrected image or node selector would not help: the Job keeps its slot for as long as its pod waits.
#[test]
fn a_worker_that_cannot_start_is_replaced_once_its_pod_would_be_made_in_another_way() {
    let stuck = |outdated, terminating| Worker {
        state: WorkerState::Active { obstacle: Some("Unschedulable: no node matches".into()) },
        outdated,
        terminating,
        ..active(0)
    };
    let plan = |worker| plan(false, &workers(1, 60), &seen(10, 0, vec![worker]));
    let replaced = plan(stuck(true, false));
    assert_eq!(
        (replaced.stop[0].job.as_str(), replaced.start.len()),
        ("wire-0", 0),
        "its slot is not free yet"
    );
    assert!(replaced.message.contains("1 that did not start are replaced"), "{}", replaced.message);
    for other in [stuck(false, false), stuck(true, true)] {
        assert_eq!(plan(other).stop, []);
    }
}

#[test]
fn a_source_whose_queue_is_shared_ends_its_workers_and_goes_on_polling() {
    let mut terminating = active(1);
    terminating.terminating = true;
    let mut view = seen(10, 0, vec![active(0), terminating]);
    view.ready = Err(NotReady::user("QueueShared", "another one takes from it"));
    let shared = plan(false, &workers(10, 60), &view);
    assert_eq!((shared.desired, shared.start.len()), (0, 0));
    let stopped: Vec<_> = shared.stop.iter().map(|stop| stop.job.as_str()).collect();
    assert_eq!(stopped, ["wire-0"]);
    assert!(view.may_poll());
    view.ready = Err(NotReady::user("BucketNotFound", "no such bucket"));
    assert!(plan(false, &workers(10, 60), &view).stop.is_empty() && !view.may_poll());
}

#[test]
fn units_in_the_hands_of_a_dead_worker_start_nothing_until_they_come_back() {
    let dead = plan(false, &workers(10, 60), &seen(0, 50, vec![]));
    assert_eq!((dead.desired, dead.start.len()), (0, 0));
    let alive = plan(false, &workers(10, 60), &seen(0, 50, vec![active(0)]));
    assert_eq!((alive.desired, alive.start.len()), (1, 0));
}

#[test]
fn the_same_view_gives_the_same_names_and_a_new_one_follows_an_ended_worker() {
    let first = plan(false, &workers(10, 60), &seen(1, 0, vec![]));
    assert_eq!(first.start, plan(false, &workers(10, 60), &seen(1, 0, vec![])).start);
    let after = plan(false, &workers(10, 60), &seen(1, 0, vec![ended(0, (1, 2), WorkerOutcome::Succeeded)]));
    assert_eq!(after.start, [Start { slot: 0, predecessor: Some("ended-0-2".into()) }]);
}

#[test]
fn a_suspended_source_asks_each_of_its_workers_to_end_once() {
    let terminating = Worker { terminating: true, ..active(1) };
    let plan = plan(
        true,
        &workers(10, 60),
        &seen(100, 0, vec![active(0), terminating, ended(2, (1, 2), WorkerOutcome::Succeeded)]),
    );
    assert_eq!((plan.desired, plan.start.len()), (0, 0));
    assert_eq!(plan.stop.iter().map(|stop| stop.uid.as_str()).collect::<Vec<_>>(), ["job-0"]);
}

#[test]
fn a_source_that_is_not_ready_starts_nothing_and_leaves_its_workers_alone() {
    let mut view = seen(100, 0, vec![active(0)]);
    view.ready = Err(NotReady::user("BucketNotFound", "there is no bucket"));
    let plan = plan(false, &workers(10, 60), &view);
    assert_eq!((plan.desired, plan.message.as_str()), (0, "not ready: BucketNotFound"));
    assert!(plan.start.is_empty() && plan.stop.is_empty());
}

#[test]
fn after_failures_the_pauses_double_up_to_a_minute() {
    let starts = |history: Vec<Worker>| !plan(false, &workers(10, 60), &seen(1, 0, history)).start.is_empty();
    assert!(!starts(vec![failed(0, (990, 996))]), "5 s after one failure");
    assert!(starts(vec![failed(0, (990, 995))]));
    assert!(!starts(vec![failed(0, (970, 980)), failed(0, (985, 991))]), "10 s after the second");
    assert!(starts(vec![failed(0, (970, 980)), failed(0, (985, 990))]));
    let many: Vec<_> = (0..20).map(|round| failed(0, (10 * round, 10 * round + 5))).collect();
    assert!(starts(many), "the last one failed long ago");
}

#[test]
fn workers_that_failed_side_by_side_count_once() {
    let together = (0..10).map(|slot| failed(slot, (980, 990 + i64::from(slot) % 3))).collect();
    let plan = plan(false, &workers(10, 60), &seen(1, 0, together));
    assert_eq!(plan.start.len(), 1, "5 s have passed since the last of them: {}", plan.message);
}

#[test]
fn a_worker_that_ended_well_ends_the_pauses_and_a_lost_pod_starts_none() {
    let history = vec![failed(0, (980, 996)), ended(1, (980, 997), WorkerOutcome::Succeeded)];
    assert_eq!(plan(false, &workers(10, 60), &seen(1, 0, history)).start.len(), 1);
    let history = vec![ended(0, (980, 999), WorkerOutcome::TakenAway)];
    assert_eq!(plan(false, &workers(10, 60), &seen(1, 0, history)).start.len(), 1);
}

#[test]
fn what_running_workers_say_counts_like_reports() {
    let view = seen(900, 0, vec![running(0, (400, 80_000), vec![]), reported(100, 20_000)]);
    let plan = plan(false, &workers(10, 60), &view);
    assert_eq!(plan.message, "backlog 900 / 300 per worker within 60 s");
    assert_eq!((plan.desired, plan.start.len()), (3, 2));
}

#[test]
fn while_jobs_start_no_others_are_started_for_the_same_backlog() {
    let before = plan(false, &workers(10, 60), &seen(3600, 0, vec![]));
    assert_eq!((before.desired, before.start.len()), (3, 3));
    let starting = vec![active(0), active(1), active(2)];
    for in_hand in [0, 700, 3600] {
        let after = plan(false, &workers(10, 60), &seen(3600 - in_hand, in_hand, starting.clone()));
        assert_eq!((after.desired, after.start.len()), (3, 0), "{in_hand} in hand: neither more nor fewer");
    }
}

#[test]
fn nothing_is_started_while_a_store_hinders() {
    let throttled = store_problem(Store::Elasticsearch, StoreProblemReason::Throttled, 990);
    let view = seen(9000, 0, vec![running(0, (0, 0), vec![throttled])]);
    let plan = plan(false, &workers(10, 60), &view);
    assert_eq!((plan.desired, plan.start.len()), (8, 0));
    assert!(
        plan.message.ends_with("none is started while workers wait for Elasticsearch (Throttled)"),
        "{}",
        plan.message
    );
}

#[test]
fn after_a_hindrance_one_worker_looks_whether_it_is_over() {
    let view = |workers| {
        let mut view = seen(9000, 0, workers);
        view.throttled_by = Some("Elasticsearch".into());
        view
    };
    let first = plan(false, &workers(10, 60), &view(vec![]));
    assert_eq!(first.start.len(), 1, "{}", first.message);
    let starting = plan(false, &workers(10, 60), &view(vec![active(0)]));
    assert_eq!(starting.start.len(), 0, "{}", starting.message);
    let over = plan(false, &workers(10, 60), &view(vec![running(0, (5, 10), vec![])]));
    assert_eq!(over.start.len(), 7, "{}", over.message);
}

#[test]
fn the_oldest_that_stay_could_hand_over() {
    let older = Worker { created: at(100), ..active(1) };
    let terminating = Worker { terminating: true, ..active(2) };
    let jobs: Vec<_> =
        candidates(&[active(0), older, terminating]).into_iter().map(|stop| stop.job).collect();
    assert_eq!(jobs, ["wire-1", "wire-0"]);
}

#[test]
fn without_any_measured_throughput_a_flood_starts_a_few_workers_and_then_twice_those_that_are_settled() {
    let flood = |history: Vec<Worker>| plan(false, &workers(100, 60), &seen(200_000, 0, history));
    let first = flood(vec![]);
    assert_eq!((first.desired, first.start.len()), (8, 8));
    assert!(first.message.ends_with("limited until a worker's throughput is measured"), "{}", first.message);
    let young = (0..8).map(|slot| Worker { created: at(990), ..active(slot) }).collect();
    assert_eq!(flood(young).start.len(), 0, "they can be measured any moment");
    assert_eq!(flood((0..8).map(active).collect()).desired, 16, "nobody answers");
}

#[test]
fn the_last_known_throughput_counts_where_none_is_measured_but_not_if_it_was_very_low() {
    let flood = |known_rate| {
        plan(
            false,
            &workers(100, 60),
            &SourceObservation { known_rate: Some(known_rate), ..seen(200_000, 0, vec![]) },
        )
    };
    assert_eq!((flood(300).desired, flood(300).start.len()), (12, 12));
    assert_eq!(flood(300).message, "backlog 200000 / 18000 per worker within 60 s");
    assert_eq!(flood(1).message, "backlog 200000 / 1200 per worker within 60 s, limited by workers.max");
    let measured = SourceObservation { known_rate: Some(20), ..seen(900, 0, vec![reported(500, 100_000)]) };
    assert_eq!(plan(false, &workers(10, 60), &measured).message, "backlog 900 / 300 per worker within 60 s");
}

#[test]
fn what_is_known_of_the_throughput_is_rounded() {
    let known = |done, busy_millis| known_rate(&[reported(done, busy_millis)]);
    assert_eq!([known(19, 9000), known(20, 499), known(20, 500)], [None, None, Some(40)]);
    assert_eq!(
        [known(999, 10_000), known(3779, 10_000), known(20, 1_000_000)],
        [Some(99), Some(370), Some(1)]
    );
}

/// Workers of this age that have so many units in flight each.
fn busy(count: i32, age_seconds: i64, in_hand: u64) -> Vec<Worker> {
    let status = WorkerStatus { done: 3000, busy_millis: 10_000, in_hand, ..WorkerStatus::default() };
    let one = |slot| Worker { created: at(1000 - age_seconds), status: Some(status.clone()), ..active(slot) };
    (0..count).map(one).collect()
}

#[test]
fn a_worker_stops_when_the_others_are_less_than_half_busy_without_it() {
    let stopped = |waiting, workers_seen: Vec<Worker>| {
        plan(false, &workers(10, 60), &seen(waiting, 100, workers_seen)).stop.len()
    };
    assert_eq!(
        stopped(0, busy(4, 60, 24)),
        1,
        "96 units for 3 workers, and 96 are half of what they can hold"
    );
    assert_eq!(stopped(1, busy(4, 60, 24)), 0, "what waits counts too");
    assert_eq!(stopped(0, busy(4, 60, 25)), 0);
    assert_eq!(stopped(0, busy(4, 59, 0)), 0, "one of them is new");
    assert_eq!(stopped(0, busy(1, 600, 0)), 0, "the last one ends when it is idle");
    let mut silent = busy(3, 600, 0);
    silent[0].status = None;
    assert_eq!(stopped(0, silent), 0, "what it holds is not known");
    let mut leaving = busy(3, 600, 0);
    leaving[0].terminating = true;
    assert_eq!(stopped(0, leaving), 0, "one after the other");
    let mut hindered = busy(3, 600, 0);
    hindered[0] = running(0, (0, 0), vec![store_problem(Store::Queue, StoreProblemReason::TimedOut, 990)]);
    assert_eq!(stopped(0, hindered), 0, "it waits for a store");
    let patient = Workers { idle_seconds: 601, ..workers(10, 60) };
    assert!(plan(false, &patient, &seen(0, 100, busy(3, 600, 0))).stop.is_empty(), "idleSeconds is longer");
}

#[test]
fn no_worker_stops_while_the_backlog_needs_all_of_them_and_the_oldest_stops_first() {
    let mut workers_seen = busy(3, 100, 0);
    workers_seen[1].created = at(100);
    let stopping = plan(false, &workers(10, 60), &seen(0, 10, workers_seen.clone()));
    assert_eq!(stopping.stop.iter().map(|stop| stop.job.as_str()).collect::<Vec<_>>(), ["wire-1"]);
    assert!(stopping.start.is_empty() && stopping.message.contains("one of 3 workers ends"), "{stopping:?}");
    let needed = plan(false, &workers(3, 1), &seen(40, 900, workers_seen));
    assert_eq!((needed.desired, needed.stop.len()), (3, 0));
}

fn any_worker() -> impl Strategy<Value = Worker> {
    let end = prop_oneof![
        Just(WorkerState::Active { obstacle: None }),
        (0_i64..1000).prop_map(|to| WorkerState::Ended {
            at: at(to),
            end: WorkerOutcome::Succeeded,
            report: None
        }),
        (0_i64..1000).prop_map(|to| WorkerState::Ended {
            at: at(to),
            end: WorkerOutcome::TakenAway,
            report: None
        }),
        (0_i64..1000, any::<bool>()).prop_map(|(to, permanent)| WorkerState::Ended {
            at: at(to),
            end: WorkerOutcome::Failed { message: "m".into(), permanent },
            report: None
        }),
    ];
    (0..2000_i32, 0_i64..1000, end).prop_map(|(slot, created, state)| Worker {
        created: at(created),
        state,
        ..active(slot)
    })
}

proptest! {
    #[test]
    fn whatever_is_seen_the_limits_hold(
        waiting in 0_i64..10_000_000,
        in_hand in 0_i64..10_000_000,
        max in 1..1000_i32,
        lag in 1..86_400_i32,
        suspend in any::<bool>(),
        history in proptest::collection::vec(any_worker(), 0..30),
    ) {
        let view = seen(waiting, in_hand, history);
        let plan = plan(suspend, &workers(max, lag), &view);
        let active = active_count(&view.workers);
        let started = i32::try_from(plan.start.len()).unwrap();
        assert!((0..=max).contains(&plan.desired));
        assert!(started == 0 || active + started <= max, "{active} active, {started} started, at most {max}");
        assert!(started == 0 || waiting > 0);
        assert!(plan.stop.is_empty() || suspend);
        let mut slots: Vec<_> = plan.start.iter().map(|start| start.slot).collect();
        slots.dedup();
        assert_eq!(slots.len(), plan.start.len(), "no slot twice");
        assert!(slots.iter().all(|slot| (0..max).contains(slot)));
    }
}
