mod ending;
mod jobs;
mod lineage;
mod manifest;
mod probing;
mod suspending;

use docmill_crds::contract::{RunOrder, RunStep};
use docmill_crds::records::runs::{PartRecord, PlanRecord, Tally};
use docmill_crds::{IngestRun, IngestSource};
use k8s_openapi::jiff::Timestamp;
use serde_json::json;

use super::observation::{IngestObservation, RunJob, RunRecords};
use super::start;
use crate::controllers::run_job::JobState;
use crate::workers::pod_state::JobEnd;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn run() -> IngestRun {
    serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "IngestRun",
        "metadata": {"name": "backfill", "namespace": "news", "uid": "run-1", "generation": 1,
                     "creationTimestamp": "1970-01-01T00:16:40Z"},
        "spec": {"sourceRef": {"name": "wire"}, "mode": "Process", "parallelism": 2},
    }))
    .unwrap()
}

fn source() -> IngestSource {
    crate::controllers::ingest_source::tests::source()
}

fn order() -> RunOrder {
    start::order(&run(), &source(), "cluster-1").unwrap()
}

/// Nothing but what it would begin with, at second 1,100.
fn fresh() -> IngestObservation {
    IngestObservation {
        now: at(1100),
        ready: Ok(()),
        start: Some(order()),
        selecting: None,
        working: None,
        records: None,
        worker_statuses: Vec::new(),
    }
}

fn end(complete: bool) -> JobEnd {
    let reason = if complete { String::new() } else { "FailedIndexes".to_owned() };
    JobEnd { complete, at: at(1090), reason, message: "Job has failed indexes".into() }
}

fn step(step: RunStep, end: Option<JobEnd>) -> RunJob {
    let pods = if let RunStep::Work { parts, .. } = step { parts } else { 1 };
    let state = JobState {
        suspended: false,
        suspended_by_run: false,
        queued: false,
        parallelism: pods,
        completions: pods,
    };
    let order = Some(RunOrder { step, ..order() });
    RunJob { created: at(1010), order, state, end, trouble: None, obstacle: None, report: None }
}

/// The selection is made, and has left this record.
fn selected(plan: Option<PlanRecord>) -> IngestObservation {
    IngestObservation {
        start: None,
        selecting: Some(step(RunStep::Plan, Some(end(true)))),
        records: Some(RunRecords { plan, parts: vec![] }),
        ..fresh()
    }
}

fn plan_record(files: i64, selected: i64) -> PlanRecord {
    PlanRecord {
        kind: "plan".into(),
        run: "run-1".into(),
        files,
        selected,
        passed_over: 7,
        ..PlanRecord::default()
    }
}

/// Two parts of ten units each at work, or ended.
fn working(ended: Option<bool>, parts: Vec<PartRecord>) -> IngestObservation {
    IngestObservation {
        working: Some(step(RunStep::Work { files: 2, parts: 2 }, ended.map(end))),
        records: Some(RunRecords { plan: Some(plan_record(2, 20)), parts }),
        ..selected(None)
    }
}

fn part(part: i32, done: i64, failed: i64) -> PartRecord {
    let tally = Tally { lines: done + failed, done, changed: done, failed, ..Tally::default() };
    let first_failure = (failed > 0).then(|| "wire/a.xml: WrongType".to_owned());
    PartRecord {
        kind: "part".into(),
        part,
        tally,
        first_failure,
        finished: done + failed == 10,
        ..PartRecord::default()
    }
}
