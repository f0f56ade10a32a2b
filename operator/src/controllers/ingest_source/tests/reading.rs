//! What is read from the ledger, from Jobs and from pods.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::{Job, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::{active, at};
use crate::controllers::ingest_source::observation::{LedgerCounts, RecentUnits, read_ledger};
use crate::controllers::ingest_source::plan::latest_failure;
use crate::controllers::ingest_source::worker::{WorkerOutcome, WorkerState, read, urls};

#[test]
fn a_ledger_that_does_not_exist_is_empty() {
    let answer = json!({"took": 1, "_shards": {"total": 0}, "hits": {"hits": []}});
    assert_eq!(read_ledger(&answer), LedgerCounts::default());
}

#[test]
fn the_ledger_is_counted_by_state_and_reason() {
    let answer = json!({
        "hits": {"hits": [{"_source": {"recordedTime": "1970-01-01T00:10:00.250Z", "lagMillis": 1500}}]},
        "aggregations": {
            "states": {"buckets": [{"key": "Indexed", "doc_count": 90}, {"key": "Failed", "doc_count": 10}]},
            "failed": {"doc_count": 10, "reasons": {"buckets": [
                {"key": "MissingField", "doc_count": 7}, {"key": "MalformedXml", "doc_count": 3}]}},
            "good": {"doc_count": 90, "last": {"value": 600_250.0, "value_as_string": "…"}},
            "recent": {"doc_count": 12, "failed": {"doc_count": 8, "reasons": {"buckets": [
                {"key": "MalformedXml", "doc_count": 5}]}}, "foreign": {"doc_count": 2}},
        },
    });
    let counts = read_ledger(&answer);
    assert_eq!((counts.indexed, counts.failed, counts.skipped), (90, 10, 0));
    assert_eq!(counts.top_failures[0].reason, "MissingField");
    assert_eq!(counts.last_success.unwrap().as_millisecond(), 600_250);
    assert_eq!(counts.newest.unwrap().lag_millis, Some(1500));
    let recent = RecentUnits { recorded: 12, failed: 8, foreign: 2, reason: Some("MalformedXml".into()) };
    assert_eq!(counts.recent, recent);
}

#[test]
fn an_aggregation_over_nothing_has_no_time() {
    let answer = json!({"aggregations": {"good": {"doc_count": 0, "last": {"value": null}}}});
    assert_eq!(read_ledger(&answer).last_success, None);
}

#[test]
fn units_whose_records_have_expired_stay_counted() {
    let answer = json!({"aggregations": {
        "states": {"buckets": [{"key": "Skipped", "doc_count": 4}]},
        "expired": {"doc_count": 1, "record": {"hits": {"hits": [
            {"_id": "expired", "_source": {"superseded": 20, "removed": 3}}]}}},
    }});
    let counts = read_ledger(&answer);
    assert_eq!((counts.skipped, counts.expired), (27, 23));
    let answer = json!({"aggregations": {"expired": {"doc_count": 0, "record": {"hits": {"hits": []}}}}});
    assert_eq!(read_ledger(&answer), LedgerCounts::default());
}

fn job(status: &Value) -> Vec<Arc<Job>> {
    let job = json!({
        "metadata": {"name": "wire-x", "uid": "j", "creationTimestamp": "1970-01-01T00:15:00Z",
                     "labels": {"docmill.io/slot": "2"}},
        "status": status,
    });
    vec![Arc::new(serde_json::from_value(job).unwrap())]
}

fn pod(state: &Value) -> Vec<Arc<Pod>> {
    let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": "wire-x", "uid": "j"});
    let pod = json!({
        "metadata": {"name": "wire-x-1", "ownerReferences": [owner]},
        "status": {"containerStatuses": [{"name": "job-runner", "image": "", "imageID": "", "ready": false,
                                          "restartCount": 0, "state": state}]},
    });
    vec![Arc::new(serde_json::from_value(pod).unwrap())]
}

fn over(kind: &str, reason: &str) -> Value {
    json!({"conditions": [{"type": kind, "status": "True", "reason": reason, "message": "the Job's words",
                           "lastTransitionTime": "1970-01-01T00:16:00Z"}]})
}

#[test]
fn a_running_worker_is_active_in_its_slot() {
    let workers = read(&job(&json!({"active": 1})), &pod(&json!({"running": {}})), at(1000));
    assert_eq!(workers[0].slot, Some(2));
    assert_eq!(workers[0].created, at(900));
    assert_eq!(workers[0].state, WorkerState::Active { obstacle: None });
}

#[test]
fn workers_are_in_the_order_of_their_names_however_they_are_seen() {
    let named = |name: &str| {
        let mut job = Job::clone(&job(&json!({}))[0]);
        job.metadata.name = Some(name.to_owned());
        Arc::new(job)
    };
    let workers = read(&[named("wire-b"), named("wire-c"), named("wire-a")], &[], at(905));
    let in_order: Vec<_> = workers.iter().map(|worker| worker.job.as_str()).collect();
    assert_eq!(in_order, ["wire-a", "wire-b", "wire-c"]);
}

#[test]
fn what_keeps_a_pod_from_starting_is_told_and_the_usual_waiting_is_not() {
    let state = |waiting: &Value| {
        read(&job(&json!({})), &pod(&json!({"waiting": waiting})), at(905))[0].state.clone()
    };
    assert_eq!(state(&json!({"reason": "ContainerCreating"})), WorkerState::Active { obstacle: None });
    let obstacle = Some("ImagePullBackOff: no such image".to_owned());
    let waiting = json!({"reason": "ImagePullBackOff", "message": "no such image"});
    assert_eq!(state(&waiting), WorkerState::Active { obstacle });
}

#[test]
fn a_pod_that_does_not_come_up_is_late_and_later_what_it_waits_for_is_told() {
    let creating = pod(&json!({"waiting": {"reason": "ContainerCreating"}}));
    let read_at = |now| read(&job(&json!({})), &creating, at(now))[0].clone();
    assert!(!read_at(910).late && read_at(925).late);
    assert_eq!(read_at(925).state, WorkerState::Active { obstacle: None });
    let WorkerState::Active { obstacle: Some(obstacle) } = read_at(965).state else { panic!("no obstacle") };
    assert!(
        obstacle.starts_with("ContainerCreating: ") && obstacle.contains("describe pod wire-x-1"),
        "{obstacle}"
    );
}

#[test]
fn only_a_worker_that_never_ran_is_stuck_with_its_pod() {
    let mut job = Job::clone(&job(&json!({}))[0]);
    let made_with = "docmill.io/pod-digest".to_owned();
    job.metadata.annotations = Some([(made_with, "0a".to_owned())].into());
    let jobs = [Arc::new(job)];
    let stuck_with = |pods: &[Arc<Pod>], now| read(&jobs, pods, at(now))[0].stuck_with.clone();
    assert_eq!(stuck_with(&[], 905), None, "it has just been created");
    assert_eq!(stuck_with(&[], 925).as_deref(), Some("0a"));
    let refused = pod(&json!({"waiting": {"reason": "ImagePullBackOff"}}));
    assert_eq!(stuck_with(&refused, 905).as_deref(), Some("0a"));
    let mut running = Pod::clone(&pod(&json!({"running": {}}))[0]);
    running.status.as_mut().unwrap().phase = Some("Running".into());
    running.metadata.deletion_timestamp = Some(Time(at(910)));
    assert_eq!(stuck_with(&[Arc::new(running)], 2000), None, "it has an obstacle, and may hold units");
    let mut counted = Job::clone(&jobs[0]);
    counted.status = Some(JobStatus { active: Some(1), ..JobStatus::default() });
    let unseen = read(&[Arc::new(counted)], &[], at(2000))[0].stuck_with.clone();
    assert_eq!(unseen, None, "its pod may be at work, though it is not seen");
}

#[test]
fn a_job_whose_pod_is_not_made_is_told_of_after_a_while() {
    let state = |now| read(&job(&json!({})), &[], at(now))[0].state.clone();
    assert_eq!(state(905), WorkerState::Active { obstacle: None });
    assert!(matches!(state(925), WorkerState::Active { obstacle: Some(_) }));
}

#[test]
fn a_job_in_a_queue_is_not_late_and_its_time_begins_when_it_is_resumed() {
    let mut job = Job::clone(&job(&json!({}))[0]);
    job.spec = Some(JobSpec { suspend: Some(true), ..JobSpec::default() });
    let worker = read(&[Arc::new(job.clone())], &[], at(2000))[0].clone();
    assert_eq!((worker.late, worker.state), (false, WorkerState::Active { obstacle: None }));
    job.spec = Some(JobSpec { suspend: Some(false), ..JobSpec::default() });
    job.status = Some(JobStatus { start_time: Some(Time(at(2000))), ..JobStatus::default() });
    let resumed = [Arc::new(job)];
    let worker = read(&resumed, &[], at(2005))[0].clone();
    assert_eq!((worker.late, worker.state), (false, WorkerState::Active { obstacle: None }));
    let worker = read(&resumed, &[], at(2025))[0].clone();
    assert!(worker.late && matches!(worker.state, WorkerState::Active { obstacle: Some(_) }));
}

#[test]
fn the_report_of_a_failed_worker_says_why() {
    let report = json!({"done": 3, "failed": 0, "skipped": 0, "busyMillis": 10, "ended": "error",
                        "error": "the index is read-only"});
    let state = json!({"terminated": {"exitCode": 75, "reason": "Error", "message": report.to_string()}});
    let workers = read(&job(&over("Failed", "BackoffLimitExceeded")), &pod(&state), at(1000));
    assert_eq!(latest_failure(&workers), Some((at(960), "the index is read-only", false)));
}

#[test]
fn a_work_order_that_is_refused_is_permanent_even_if_its_pod_is_gone() {
    let workers = read(&job(&over("Failed", "PodFailurePolicy")), &[], at(1000));
    assert_eq!(latest_failure(&workers), Some((at(960), "the Job's words", true)));
}

#[test]
fn a_pod_that_was_taken_away_says_nothing_about_the_work() {
    let workers = read(&job(&over("Failed", "BackoffLimitExceeded")), &[], at(1000));
    assert!(matches!(workers[0].state, WorkerState::Ended { end: WorkerOutcome::TakenAway, .. }));
    assert_eq!(latest_failure(&workers), None);
}

#[test]
fn a_worker_that_ran_out_of_memory_is_named() {
    let state = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
    let workers = read(&job(&over("Failed", "BackoffLimitExceeded")), &pod(&state), at(1000));
    assert!(latest_failure(&workers).unwrap().1.contains("memory"));
}

#[test]
fn the_running_pods_of_active_workers_are_asked() {
    let pod = |job: &str, phase: &str, ip: &str| {
        let owner =
            json!({"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": job, "controller": true});
        let pod = json!({
            "metadata": {"name": format!("{job}-x"), "ownerReferences": [owner]},
            "status": {"phase": phase, "podIP": ip},
        });
        Arc::new(serde_json::from_value::<Pod>(pod).unwrap())
    };
    let pods = [
        pod("job-2", "Running", "10.0.0.2"),
        pod("job-0", "Pending", "10.0.0.3"),
        pod("other", "Running", "10.0.0.4"),
    ];
    let workers = [active(0), active(1), active(2)];
    assert_eq!(urls(&workers, &pods), [(2, "http://10.0.0.2:8080/status".to_owned())]);
}

#[test]
fn reasons_that_cannot_be_ours_count_as_one() {
    let buckets = json!([
        {"key": "MissingField", "doc_count": 5},
        {"key": "a reason", "doc_count": 4},
        {"key": "<b>", "doc_count": 2},
    ]);
    let counts = read_ledger(&json!({"aggregations": {"failed": {"reasons": {"buckets": buckets}}}}));
    let failures: Vec<_> =
        counts.top_failures.iter().map(|failure| (failure.reason.as_str(), failure.count)).collect();
    assert_eq!(failures, [("Unknown", 6), ("MissingField", 5)], "the most frequent first");
}
