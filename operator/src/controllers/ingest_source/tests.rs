mod idle;
mod passing;
mod plan;
mod poll;
mod reading;
mod scaling;
mod shape;
mod status;

use docmill_crds::IngestSource;
use docmill_crds::contract::{Report, Store, StoreProblem, StoreProblemReason, WorkerStatus};
use k8s_openapi::jiff::Timestamp;
use serde_json::json;

use super::observation::{LedgerCounts, NewestRecord, QueueCounts, SourceObservation};
use super::worker::{Worker, WorkerOutcome, WorkerState};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub fn source() -> IngestSource {
    serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "IngestSource",
        "metadata": {"name": "wire", "namespace": "news", "uid": "uid-1", "generation": 3},
        "spec": {
            "storage": {"region": "eu-west-1", "credentialsSecretRef": {"name": "s3"}},
            "raw": {"bucket": "raw-bucket"},
            "trigger": {"sqs": {"queueURL": "http://sqs:9324/000000000000/wire"}},
            "conversion": {"preset": "nitf"},
            "snapshots": {"bucket": "json-bucket"},
            "errors": {"bucket": "errors-bucket"},
            "index": {
                "elasticsearch": {"urls": ["http://es:9200"]},
                "name": "articles-{publishedAt:%Y.%m.%d}",
                "id": "{guid}",
            },
            "workers": {"max": 4},
        },
    }))
    .unwrap()
}

/// A ready source with this backlog, at second 1,000.
fn seen(waiting: i64, in_hand: i64, workers: Vec<Worker>) -> SourceObservation {
    SourceObservation {
        now: at(1000),
        ready: Ok(()),
        revision: Some("abc".into()),
        bucket: Some("raw-bucket".into()),
        connections_digest: None,
        has_queue: true,
        has_index: true,
        poll_runs: Vec::new(),
        queue: Some(QueueCounts { waiting, in_hand, delayed: 0 }),
        ledger: Some(LedgerCounts {
            indexed: 7,
            newest: Some(NewestRecord { recorded: at(990), lag_millis: Some(2500) }),
            ..LedgerCounts::default()
        }),
        mapping_conflicts: Some(Vec::new()),
        workers,
        throttled_by: None,
        known_rate: None,
    }
}

pub fn active(slot: i32) -> Worker {
    Worker {
        job: format!("wire-{slot}"),
        uid: format!("job-{slot}"),
        slot: Some(slot),
        created: at(900),
        terminating: false,
        late: false,
        stuck_with: None,
        outdated: false,
        state: WorkerState::Active { obstacle: None },
        status: None,
    }
}

fn ended(slot: i32, (from, to): (i64, i64), end: WorkerOutcome) -> Worker {
    let state = WorkerState::Ended { at: at(to), end, report: None };
    Worker { created: at(from), uid: format!("ended-{slot}-{to}"), state, ..active(slot) }
}

fn failed(slot: i32, span: (i64, i64)) -> Worker {
    ended(slot, span, WorkerOutcome::Failed { message: "index is read-only".into(), permanent: false })
}

fn reported(done: u64, busy_millis: u64) -> Worker {
    let report = Some(Report { done, busy_millis, ..Report::default() });
    Worker { state: WorkerState::Ended { at: at(950), end: WorkerOutcome::Succeeded, report }, ..active(0) }
}

/// A running worker that says how it is doing.
fn running(slot: i32, (done, busy_millis): (u64, u64), store_problems: Vec<StoreProblem>) -> Worker {
    let status = WorkerStatus { done, busy_millis, store_problems, ..WorkerStatus::default() };
    Worker { status: Some(status), ..active(slot) }
}

fn store_problem(by: Store, reason: StoreProblemReason, since: i64) -> StoreProblem {
    StoreProblem { by, reason, since: at(since).to_string(), message: "429, rejected".into() }
}
