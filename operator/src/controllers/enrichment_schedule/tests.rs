mod deciding;
mod passing;
mod telling;
mod times;
mod whole;

use docmill_crds::{EnrichmentRun, EnrichmentSchedule};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use serde_json::{Value, json};

use super::observation::{ScheduleObservation, observation};
use super::plan::{SchedulePlan, plan};
use super::run::run;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A schedule that was created at 10:00 on the 25th of November 2026.
pub fn schedule(spec: &Value) -> EnrichmentSchedule {
    let mut whole = json!({
        "schedule": "*/10 * * * *",
        "runTemplate": {
            "metadata": {"labels": {"team": "ml"}, "annotations": {"why": "daily"}},
            "spec": crate::controllers::enrichment_run::tests::run().spec,
        },
    });
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "EnrichmentSchedule",
        "metadata": {"name": "daily", "namespace": "news", "uid": "sched-1", "generation": 1,
                     "creationTimestamp": "2026-11-25T10:00:00Z"},
        "spec": whole,
    }))
    .unwrap()
}

/// The same, with a run for a time behind it.
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
fn made(schedule: &EnrichmentSchedule, time: Timestamp, state: State) -> EnrichmentRun {
    let mut run = run(schedule, time);
    run.metadata.uid = Some(format!("uid-{}", time.as_second()));
    run.metadata.creation_timestamp = Some(Time(time));
    run.metadata.deletion_timestamp = (state == State::Going).then_some(Time(time));
    let ended = match state {
        State::Active | State::Going => return run,
        State::Complete => "Complete",
        State::Failed => "Failed",
    };
    run.status = serde_json::from_value(json!({
        "completionTime": time.to_string(),
        "conditions": [{"type": ended, "status": "True", "reason": "R", "message": "the model is away",
                        "lastTransitionTime": time.to_string()}],
    }))
    .unwrap();
    run
}

fn seen(schedule: &EnrichmentSchedule, runs: Vec<EnrichmentRun>, now: Timestamp) -> ScheduleObservation {
    let runs: Vec<_> = runs.into_iter().map(|run| DeserializeGuard(Ok(run))).collect();
    observation(schedule, runs.iter(), now)
}

/// What is planned at a time of the 25th of November 2026, with these runs.
fn planned(schedule: &EnrichmentSchedule, runs: &[(&str, State)], now: &str) -> SchedulePlan {
    let runs = runs.iter().map(|(time, state)| made(schedule, today(time), *state)).collect();
    plan(schedule, &seen(schedule, runs, today(now)))
}

fn today(time: &str) -> Timestamp {
    at(&format!("2026-11-25T{time}Z"))
}
