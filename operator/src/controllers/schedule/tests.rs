mod deciding;
mod passing;
mod telling;
mod times;
mod whole;

use docmill_crds::{EnrichmentRun, EnrichmentSchedule, IngestSchedule};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use serde_json::{Value, json};

use super::kind::ScheduleKind;
use super::observation::{ScheduleObservation, observation};
use super::plan::{SchedulePlan, plan};
use super::run::run;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A kind of schedule, and the spec of its runs.
trait Tried: ScheduleKind + 'static {
    fn run_spec() -> Value;
}

impl Tried for EnrichmentSchedule {
    fn run_spec() -> Value {
        json!(crate::controllers::enrichment_run::tests::run().spec)
    }
}

impl Tried for IngestSchedule {
    fn run_spec() -> Value {
        json!({"sourceRef": {"name": "wire"}, "mode": "Audit"})
    }
}

/// A schedule that was created at 10:00 on the 25th of November 2026.
fn schedule_of<S: Tried>(spec: &Value) -> S {
    let mut whole = json!({
        "schedule": "*/10 * * * *",
        "runTemplate": {
            "metadata": {"labels": {"team": "ml"}, "annotations": {"why": "daily"}},
            "spec": S::run_spec(),
        },
    });
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": <S as kube::Resource>::kind(&()),
        "metadata": {"name": "daily", "namespace": "news", "uid": "sched-1", "generation": 1,
                     "creationTimestamp": "2026-11-25T10:00:00Z"},
        "spec": whole,
    }))
    .unwrap()
}

/// One of enrichment runs.
pub fn schedule(spec: &Value) -> EnrichmentSchedule {
    schedule_of(spec)
}

/// One of ingest runs.
pub fn ingest_schedule(spec: &Value) -> IngestSchedule {
    schedule_of(spec)
}

/// One of enrichment runs, with a run for a time behind it.
fn after(spec: &Value, last: &str) -> EnrichmentSchedule {
    let mut schedule = schedule(spec);
    schedule.status.get_or_insert_default().last_schedule_time = Some(Time(at(last)));
    schedule
}

/// How a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Active,
    Going,
    Complete,
    Failed,
}

/// The run for a time, as the API server has it.
fn made<S: ScheduleKind>(schedule: &S, time: Timestamp, state: State) -> S::Run {
    let mut made = json!(run(schedule, time));
    let metadata = &mut made["metadata"];
    metadata["uid"] = json!(format!("uid-{}", time.as_second()));
    metadata["creationTimestamp"] = json!(time.to_string());
    if state == State::Going {
        metadata["deletionTimestamp"] = json!(time.to_string());
    }
    let ended = match state {
        State::Active | State::Going => None,
        State::Complete => Some("Complete"),
        State::Failed => Some("Failed"),
    };
    if let Some(ended) = ended {
        made["status"] = json!({
            "completionTime": time.to_string(),
            "conditions": [{"type": ended, "status": "True", "reason": "R", "message": "the model is away",
                            "lastTransitionTime": time.to_string()}],
        });
    }
    serde_json::from_value(made).unwrap()
}

fn seen<S: ScheduleKind>(schedule: &S, runs: Vec<S::Run>, now: Timestamp) -> ScheduleObservation<S::Run> {
    let runs: Vec<_> = runs.into_iter().map(|run| DeserializeGuard(Ok(run))).collect();
    observation(schedule, runs.iter(), now)
}

/// What is planned at a time of the 25th of November 2026, with these runs.
fn planned(schedule: &EnrichmentSchedule, runs: &[(&str, State)], now: &str) -> SchedulePlan<EnrichmentRun> {
    let runs = runs.iter().map(|(time, state)| made(schedule, today(time), *state)).collect();
    plan(schedule, &seen(schedule, runs, today(now)))
}

fn today(time: &str) -> Timestamp {
    at(&format!("2026-11-25T{time}Z"))
}
