use k8s_openapi::jiff::Timestamp;
use proptest::prelude::proptest;

use super::{Grant, QuotaRequest, WorkerJobs, WorkerQuota};
use crate::controllers::ingest_source::fair_share::WorkerDemand;
use crate::controllers::ingest_source::plan::{SourcePlan, Start, Stop};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn seen(active: &[&str]) -> WorkerJobs {
    WorkerJobs { active: active.iter().map(|job| ((*job).to_owned(), false)).collect(), ended: vec![] }
}

/// A source that needs `desired` workers has `active`, and starts what it lacks.
fn ask<'a>(
    source: &str,
    (desired, active): (i32, i32),
    seen: &'a WorkerJobs,
    second: i64,
) -> QuotaRequest<'a> {
    let starts = active..desired;
    let start = |slot| (format!("{source}-{slot}"), Start { slot, predecessor: None });
    let stop = |slot| {
        let job = format!("{source}-{slot}");
        (job.clone(), Stop { job, uid: String::new() })
    };
    QuotaRequest {
        need: WorkerDemand { uid: source.into(), desired, active, last_start: None },
        start: starts.map(start).collect(),
        candidates: (0..active).map(stop).collect(),
        seen,
        now: at(second),
    }
}

fn slots(grant: &Grant) -> Vec<i32> {
    grant.start.iter().map(|start| start.slot).collect()
}

#[test]
fn one_source_alone_gets_what_it_needs_up_to_the_limit() {
    let quota = WorkerQuota::new(3);
    assert_eq!(slots(&quota.grant(ask("a", (2, 0), &seen(&[]), 0))), [0, 1]);
    let quota = WorkerQuota::new(3);
    let grant = quota.grant(ask("a", (9, 0), &seen(&[]), 0));
    assert_eq!((grant.share, grant.start.len()), (3, 3));
}

#[test]
fn what_was_granted_counts_before_it_is_seen_and_is_granted_again_to_the_same_job() {
    let quota = WorkerQuota::new(3);
    assert_eq!(quota.grant(ask("a", (3, 0), &seen(&[]), 0)).start.len(), 3);
    assert_eq!(quota.grant(ask("b", (3, 0), &seen(&[]), 1)).start.len(), 0, "none is free");
    assert_eq!(quota.grant(ask("a", (3, 0), &seen(&[]), 2)).start.len(), 3, "the same Jobs, not three more");
    assert_eq!(quota.grant(ask("b", (1, 0), &seen(&[]), 40)).start.len(), 1, "those Jobs were never created");
}

#[test]
fn an_operator_that_knows_of_no_other_source_still_sees_their_workers() {
    let quota = WorkerQuota::new(4);
    let others = seen(&["x-0", "x-1", "x-2"]);
    assert_eq!(quota.grant(ask("a", (4, 0), &others, 0)).start.len(), 1);
}

#[test]
fn a_source_without_a_worker_is_handed_one() {
    let quota = WorkerQuota::new(4);
    let view = seen(&["a-0", "a-1", "a-2", "a-3"]);
    assert!(quota.grant(ask("a", (9, 4), &view, 0)).stop.is_empty(), "nobody else needs any");
    let waits = quota.grant(ask("b", (9, 0), &view, 1));
    assert_eq!((waits.share, waits.start.len()), (2, 0));
    let gives = quota.grant(ask("a", (9, 4), &view, 2));
    assert_eq!((gives.share, gives.stop.len(), gives.stop[0].job.as_str()), (2, 1, "a-0"));
    assert!(quota.grant(ask("a", (9, 4), &view, 3)).stop.is_empty(), "one is on its way already");
    let freed = seen(&["a-1", "a-2", "a-3"]);
    assert_eq!(quota.grant(ask("b", (9, 0), &freed, 4)).start.len(), 1);
}

#[test]
fn a_source_that_needs_nothing_any_more_takes_no_share() {
    let quota = WorkerQuota::new(4);
    assert_eq!(quota.grant(ask("a", (9, 0), &seen(&[]), 0)).share, 4);
    assert_eq!(quota.grant(ask("b", (9, 0), &seen(&[]), 1)).share, 2);
    assert_eq!(quota.grant(ask("a", (0, 0), &seen(&[]), 2)).share, 0);
    assert_eq!(quota.grant(ask("b", (9, 0), &seen(&[]), 3)).share, 4);
}

#[test]
fn the_limit_is_told() {
    let quota = WorkerQuota::new(2);
    let request = ask("a", (5, 0), &WorkerJobs::default(), 0).start;
    let start: Vec<Start> = request.into_iter().map(|(_, start)| start).collect();
    let plan = SourcePlan { desired: 5, message: "backlog 9".into(), start, stop: vec![] };
    let limited = quota.limit(plan.clone(), ask("a", (5, 0), &WorkerJobs::default(), 0));
    assert_eq!((limited.desired, limited.start.len()), (2, 2));
    assert_eq!(limited.message, "backlog 9; 2 is its fair share of the 2 workers for all sources");
    let full = seen(&["x-0", "x-1"]);
    let waiting = WorkerQuota::new(2).limit(SourcePlan { desired: 1, ..plan }, ask("a", (1, 0), &full, 0));
    assert_eq!(waiting.message, "backlog 9; all 2 workers for all sources are in use");
}

proptest! {
    /// Sources come and go in any order while none of their Jobs is seen: the worst that a view can lag.
    #[test]
    fn never_more_than_there_may_be(max in 1..20_i32, asks in proptest::collection::vec((0..6_usize, 0..30_i32), 1..40)) {
        let quota = WorkerQuota::new(max);
        let nothing = WorkerJobs::default();
        let mut started = std::collections::BTreeSet::new();
        for (source, desired) in asks {
            let name = format!("s{source}");
            let grant = quota.grant(ask(&name, (desired, 0), &nothing, 0));
            started.extend(grant.start.iter().map(|start| format!("{name}-{}", start.slot)));
            assert!(started.len() <= usize::try_from(max).unwrap(), "{started:?}");
        }
    }
}
