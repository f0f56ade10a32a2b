//! When the poll trigger makes runs, and which it keeps.

use std::sync::Arc;

use docmill_crds::{IngestRun, IngestSource};
use kube::ResourceExt;
use kube::core::DeserializeGuard;
use proptest::prelude::{any, proptest};
use serde_json::{Value, json};

use super::{at, seen, source};
use crate::controllers::ingest_source::observation::SourceObservation;
use crate::controllers::ingest_source::plan as workers;
use crate::controllers::ingest_source::poll::{PollRun, due_in, plan, read};

fn polled(poll: &Value) -> IngestSource {
    let mut source = source();
    source.spec.trigger = serde_json::from_value(json!({ "poll": poll })).unwrap();
    source
}

fn every_minute() -> IngestSource {
    polled(&json!({"intervalSeconds": 60}))
}

fn run_of(owner: &str, number: i64, status: &Value) -> IngestRun {
    let created = at(number).to_string();
    serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1", "kind": "IngestRun",
        "metadata": {"name": format!("run-{number}"), "uid": format!("u-{number}"), "creationTimestamp": created,
            "ownerReferences": [{"apiVersion": "docmill.io/v1beta1", "kind": "IngestSource", "name": "wire", "uid": owner}]},
        "spec": {"sourceRef": {"name": "wire"}, "mode": "Process"},
        "status": status,
    }))
    .unwrap()
}

fn ended(kind: &str) -> Value {
    json!({"conditions": [{"type": kind, "status": "True", "reason": "R", "message": "",
        "lastTransitionTime": "1970-01-01T00:00:00Z"}]})
}

fn runs(list: &[(i64, Value)]) -> Vec<PollRun> {
    let guarded =
        |(number, status): &(i64, Value)| Arc::new(DeserializeGuard(Ok(run_of("uid-1", *number, status))));
    read(&source(), &list.iter().map(guarded).collect::<Vec<_>>())
}

fn complete() -> Value {
    ended("Complete")
}

#[test]
fn a_source_is_looked_at_again_when_its_next_run_is_due() {
    let due = |source: &IngestSource, list: &[(i64, Value)], now| {
        due_in(source, &runs(list), at(now)).map(|due| due.as_secs())
    };
    assert_eq!(due(&every_minute(), &[(100, complete())], 110), Some(50));
    assert_eq!(due(&every_minute(), &[(100, json!({}))], 1000), Some(5), "it waits for its predecessor");
    assert_eq!(due(&every_minute(), &[], 0), Some(5));
    assert_eq!(due(&source(), &[], 0), None);
}

#[test]
fn a_new_source_is_listed_at_once_and_then_from_start_to_start() {
    let due = |list: &[(i64, Value)], now| plan(&every_minute(), &runs(list), true, at(now)).start.is_some();
    assert!(due(&[], 0));
    assert!(!due(&[(100, complete())], 159));
    assert!(due(&[(100, complete())], 160));
    assert!(due(&[(100, ended("Failed"))], 160));
}

#[test]
fn there_are_never_two_at_a_time() {
    let view = runs(&[(100, json!({})), (50, complete())]);
    assert_eq!(plan(&every_minute(), &view, true, at(9000)).start, None);
}

#[test]
fn a_suspended_source_and_one_without_the_trigger_start_none() {
    assert_eq!(plan(&every_minute(), &[], false, at(0)).start, None);
    assert_eq!(plan(&source(), &[], true, at(0)).start, None);
}

#[test]
fn a_pass_that_has_not_seen_the_last_run_gives_it_the_same_name() {
    let made = |view: &[PollRun]| plan(&every_minute(), view, true, at(9000)).start.unwrap();
    let first = made(&[]);
    assert_eq!(first.name_any(), made(&[]).name_any());
    let second = made(&runs(&[(100, complete())]));
    assert_ne!(first.name_any(), second.name_any());
    assert_ne!(second.name_any(), made(&runs(&[(200, complete())])).name_any());
}

#[test]
fn a_run_is_owned_labelled_and_of_mode_process() {
    let mut source = every_minute();
    source.metadata.name = Some(format!("{}-{}", "s".repeat(40), "t".repeat(11)));
    let run = plan(&source, &[], true, at(0)).start.unwrap();
    assert!(run.name_any().len() <= 52 && !run.name_any().contains("--"), "{}", run.name_any());
    assert_eq!(run.owner_references()[0].uid, "uid-1");
    assert_eq!(run.labels()["docmill.io/trigger"], "poll");
    assert_eq!(run.labels()["app.kubernetes.io/managed-by"], "docmill-operator", "or no view would have it");
    assert_eq!((run.spec.parallelism, run.spec.source_ref.name.clone()), (4, source.name_any()));
    assert!(run.validate_cel().is_ok());
}

#[test]
fn history_is_kept_as_a_cron_job_does_and_the_newest_in_any_case() {
    let list: Vec<_> =
        (1..=6).map(|n| (n, complete())).chain([(7, ended("Failed")), (8, ended("Failed"))]).collect();
    let gone = |source: &IngestSource, list: &[(i64, Value)]| {
        let mut names: Vec<_> =
            plan(source, &runs(list), false, at(9)).delete.iter().map(ResourceExt::name_any).collect();
        names.sort();
        names
    };
    assert_eq!(gone(&every_minute(), &list), ["run-1", "run-2", "run-3", "run-7"]);
    let mut none = every_minute();
    none.spec.history =
        serde_json::from_value(json!({"successfulRunsHistoryLimit": 0, "failedRunsHistoryLimit": 0}))
            .unwrap();
    assert_eq!(gone(&none, &[(1, complete()), (2, complete())]), ["run-1"]);
    assert_eq!(gone(&none, &[(1, complete()), (2, json!({}))]), ["run-1"]);
}

#[test]
fn runs_of_others_are_not_looked_at() {
    let other = Arc::new(DeserializeGuard(Ok(run_of("uid-2", 1, &json!({})))));
    assert!(read(&source(), &[other]).is_empty());
}

#[test]
fn without_a_queue_the_active_run_tells_what_is_pending_and_no_worker_starts() {
    let status = json!({"selected": 100, "done": 60, "failed": 5, "skipped": 5});
    let view = SourceObservation {
        has_queue: false,
        queue: None,
        poll_runs: runs(&[(1, json!({"selected": 9, "conditions": complete()["conditions"]})), (2, status)]),
        ..seen(0, 0, vec![])
    };
    assert_eq!((view.pending(), view.polls()), (Some(30), true));
    let plan = workers::plan(false, &every_minute().spec.workers, &view);
    assert_eq!((plan.desired, plan.start.len()), (0, 0));
}

proptest! {
    #[test]
    fn the_newest_run_and_those_under_way_are_never_deleted(
        ends in proptest::collection::vec((any::<bool>(), any::<bool>()), 1..20),
        successful in 0_i32..5,
        failed in 0_i32..5,
    ) {
        let mut source = every_minute();
        source.spec.history = serde_json::from_value(
            json!({"successfulRunsHistoryLimit": successful, "failedRunsHistoryLimit": failed})).unwrap();
        let list: Vec<_> = (0_i64..).zip(&ends).map(|(number, (over, well))| {
            (number, if *over { ended(if *well { "Complete" } else { "Failed" }) } else { json!({}) })
        }).collect();
        let view = runs(&list);
        let deleted = plan(&source, &view, true, at(9000)).delete;
        let newest = view.last().unwrap().run.name_any();
        assert!(deleted.iter().all(|run| run.name_any() != newest && run.status.as_ref().unwrap().conditions.len() == 1));
        let left = view.iter().filter(|run| !deleted.iter().any(|gone| gone.name_any() == run.run.name_any()));
        let complete = left.filter(|run| run.complete == Some(true)).count();
        assert!(complete <= usize::try_from(successful).unwrap().max(1), "{complete} complete runs are left");
    }
}
