//! Whole passes against an API server that says other things than the views, or refuses.

use std::sync::Arc;

use docmill_crds::{EnrichmentRun, EnrichmentSchedule};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Client;
use kube::core::DeserializeGuard;
use serde_json::{Value, json};

use super::State::Active;
use super::{made, schedule};
use crate::context::Context;
use crate::controllers::enrichment_schedule::reconcile;
use crate::k8s::apply::ApplyError;
use crate::testing::{self, Asked, api, refusal};

const RUNS: &str = "/apis/docmill.io/v1beta1/namespaces/news/enrichmentruns";
const SCHEDULE: &str = "/apis/docmill.io/v1beta1/namespaces/news/enrichmentschedules/daily";

/// What the API server has, which the views have not got yet.
#[derive(Clone)]
struct Server {
    /// `None`: it is gone.
    schedule: Option<EnrichmentSchedule>,
    runs: Vec<EnrichmentRun>,
    takes_runs: bool,
}

impl Server {
    fn with(schedule: EnrichmentSchedule, runs: Vec<EnrichmentRun>) -> Self {
        Self { schedule: Some(schedule), runs, takes_runs: true }
    }

    fn answer(&self, asked: &Asked) -> (u16, Value) {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", SCHEDULE) => match &self.schedule {
                Some(schedule) => (200, json!(schedule)),
                None => refusal(404, "NotFound"),
            },
            ("GET", RUNS) => (
                200,
                json!({"apiVersion": "docmill.io/v1beta1", "kind": "List", "metadata": {}, "items": self.runs}),
            ),
            ("POST", RUNS) if !self.takes_runs => refusal(403, "exceeded quota"),
            ("DELETE", _) => (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
            _ => (
                200,
                if asked.path.starts_with(SCHEDULE) {
                    json!(schedule(&json!({})))
                } else {
                    asked.body.clone()
                },
            ),
        }
    }
}

fn context(client: &Client, leads: bool) -> Arc<Context> {
    Arc::new(testing::context(client, leads))
}

/// A pass over a schedule as a view has it. What was written, without Events.
async fn pass(seen: EnrichmentSchedule, server: Server, leads: bool) -> (Result<(), ApplyError>, Vec<Asked>) {
    let (client, log) = api(move |asked| server.answer(asked));
    let guard = Arc::new(DeserializeGuard(Ok(seen)));
    let result = reconcile(guard, context(&client, leads)).await.map(drop);
    let asked = log.lock().unwrap().clone();
    let written = asked.into_iter().filter(|asked| asked.method != "GET" && !asked.path.contains("/events"));
    (result, written.collect())
}

fn every_minute(spec: &Value) -> EnrichmentSchedule {
    let mut whole = json!({"schedule": "* * * * *"});
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let mut schedule = schedule(&whole);
    schedule.metadata.creation_timestamp.as_mut().unwrap().0 =
        Timestamp::now() - SignedDuration::from_mins(10);
    schedule
}

fn at_work(schedule: &EnrichmentSchedule) -> EnrichmentRun {
    made(schedule, Timestamp::from_second(Timestamp::now().as_second() / 60 * 60 - 120).unwrap(), Active)
}

fn did(written: &[Asked]) -> Vec<(&str, &str)> {
    written.iter().map(|asked| (asked.method.as_str(), asked.path.as_str())).collect()
}

fn status_path() -> String {
    format!("{SCHEDULE}/status")
}

#[tokio::test]
async fn the_run_is_made_first_and_then_said_to_be() {
    let schedule = every_minute(&json!({}));
    let (result, written) = pass(schedule.clone(), Server::with(schedule, vec![]), true).await;
    result.unwrap();
    assert_eq!(did(&written), [("POST", RUNS), ("PATCH", &status_path())]);
    let time = &written[0].body["metadata"]["annotations"]["docmill.io/scheduled-time"];
    assert_eq!(&written[1].body["status"]["lastScheduleTime"], time);
    assert!(written[1].body["status"]["nextScheduleTime"].is_string());
}

#[tokio::test]
async fn a_run_at_work_that_no_view_shows_yet_is_neither_joined_nor_forgotten() {
    let schedule = every_minute(&json!({}));
    let server = Server::with(schedule.clone(), vec![at_work(&schedule)]);
    let (result, written) = pass(schedule.clone(), server.clone(), true).await;
    result.unwrap();
    assert_eq!(did(&written), [("PATCH", status_path().as_str())], "Forbid");
    assert_eq!(written[0].body["status"]["conditions"][0]["reason"], "AlreadyActive");

    let replacing = every_minute(&json!({"concurrencyPolicy": "Replace"}));
    let server = Server { schedule: Some(replacing.clone()), ..server };
    let (result, written) = pass(replacing, server, true).await;
    result.unwrap();
    assert_eq!(written[0].method, "DELETE");
    assert_eq!(written[0].body["propagationPolicy"], "Foreground", "or it would be gone before its pods");
    assert!(written.iter().all(|asked| asked.method != "POST"), "{:?}", did(&written));
}

#[tokio::test]
async fn a_run_that_no_view_shows_yet_is_not_made_again() {
    let schedule = every_minute(&json!({"concurrencyPolicy": "Allow"}));
    let future = Timestamp::now() + SignedDuration::from_mins(1);
    let done = made(&schedule, future, super::State::Complete);
    let (result, written) = pass(schedule.clone(), Server::with(schedule, vec![done]), true).await;
    result.unwrap();
    assert_eq!(did(&written), [("PATCH", status_path().as_str())]);
}

#[tokio::test]
async fn an_edit_that_no_view_shows_yet_counts() {
    let schedule = every_minute(&json!({}));
    let suspended = every_minute(&json!({"suspend": true}));
    let (result, written) = pass(schedule, Server::with(suspended, vec![]), true).await;
    result.unwrap();
    assert_eq!(did(&written), [("PATCH", status_path().as_str())]);
    assert_eq!(written[0].body["status"]["conditions"][0]["reason"], "Suspended");
}

#[tokio::test]
async fn a_schedule_that_is_gone_or_going_or_another_gets_no_run() {
    let schedule = every_minute(&json!({}));
    let mut another = schedule.clone();
    another.metadata.uid = Some("sched-2".into());
    let mut going = schedule.clone();
    going.metadata.deletion_timestamp = going.metadata.creation_timestamp.clone();
    for current in [None, Some(another), Some(going)] {
        let server = Server { schedule: current, runs: vec![], takes_runs: true };
        let (result, written) = pass(schedule.clone(), server, true).await;
        result.unwrap();
        assert_eq!(did(&written), []);
    }
}

#[tokio::test]
async fn a_refusal_is_told_and_the_time_stays_due() {
    let schedule = every_minute(&json!({}));
    let server = Server { takes_runs: false, ..Server::with(schedule.clone(), vec![]) };
    let (result, written) = pass(schedule, server, true).await;
    result.unwrap();
    assert_eq!(did(&written), [("POST", RUNS), ("PATCH", &status_path())]);
    let status = &written[1].body["status"];
    assert_eq!(status["lastScheduleTime"], Value::Null);
    let ready = &status["conditions"][0];
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("FailedCreate")));
    assert!(ready["message"].as_str().unwrap().contains("exceeded quota"), "{ready}");
}

#[tokio::test]
async fn an_operator_that_does_not_lead_makes_nothing() {
    let schedule = every_minute(&json!({}));
    let (result, written) = pass(schedule.clone(), Server::with(schedule, vec![]), false).await;
    assert!(matches!(result, Err(ApplyError::NotLeading)));
    assert_eq!(did(&written), []);
}
