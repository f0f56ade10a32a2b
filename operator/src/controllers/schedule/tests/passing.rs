//! Whole passes against an API server that says other things than the views, or refuses.

use std::sync::Arc;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::core::DeserializeGuard;
use kube::{Client, Resource};
use serde_json::{Value, json};

use super::State::Active;
use super::{Tried, made, schedule_of};
use crate::context::Context;
use crate::controllers::schedule::reconcile;
use crate::k8s::apply::ApplyError;
use crate::testing::{self, Asked, api, refusal};

/// Each test for both kinds of schedules.
macro_rules! of_both_kinds {
    ($($test:ident),* $(,)?) => {
        mod of_enrichment_runs {
            $(#[tokio::test]
            async fn $test() {
                super::$test::<docmill_crds::EnrichmentSchedule>().await;
            })*
        }
        mod of_ingest_runs {
            $(#[tokio::test]
            async fn $test() {
                super::$test::<docmill_crds::IngestSchedule>().await;
            })*
        }
    };
}

of_both_kinds!(
    the_run_is_made_first_and_then_said_to_be,
    a_run_at_work_that_no_view_shows_yet_is_neither_joined_nor_forgotten,
    a_run_that_no_view_shows_yet_is_not_made_again,
    an_edit_that_no_view_shows_yet_counts,
    a_schedule_that_is_gone_or_going_or_another_gets_no_run,
    a_refusal_is_told_and_the_time_stays_due,
    an_operator_that_does_not_lead_makes_nothing,
);

fn path_of<K: Resource<DynamicType = ()>>() -> String {
    format!("/apis/docmill.io/v1beta1/namespaces/news/{}", K::plural(&()))
}

fn runs_path<S: Tried>() -> String {
    path_of::<S::Run>()
}

fn schedule_path<S: Tried>() -> String {
    format!("{}/daily", path_of::<S>())
}

fn status_path<S: Tried>() -> String {
    format!("{}/status", schedule_path::<S>())
}

/// What the API server has, which the views have not got yet.
#[derive(Clone)]
struct Server {
    /// `None`: it is gone.
    schedule: Option<Value>,
    runs: Vec<Value>,
    takes_runs: bool,
}

impl Server {
    fn with<S: Tried>(schedule: &S, runs: &[S::Run]) -> Self {
        let runs = runs.iter().map(|run| json!(run)).collect();
        Self { schedule: Some(json!(schedule)), runs, takes_runs: true }
    }

    fn answer<S: Tried>(&self, asked: &Asked) -> (u16, Value) {
        let (schedule_path, runs_path) = (schedule_path::<S>(), runs_path::<S>());
        match asked.method.as_str() {
            "GET" if asked.path == schedule_path => match &self.schedule {
                Some(schedule) => (200, schedule.clone()),
                None => refusal(404, "NotFound"),
            },
            "GET" if asked.path == runs_path => (
                200,
                json!({"apiVersion": "docmill.io/v1beta1", "kind": "List", "metadata": {}, "items": self.runs}),
            ),
            "POST" if asked.path == runs_path && !self.takes_runs => refusal(403, "exceeded quota"),
            "DELETE" => (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
            _ if asked.path.starts_with(&schedule_path) => (200, json!(schedule_of::<S>(&json!({})))),
            _ => (200, asked.body.clone()),
        }
    }
}

fn context(client: &Client, leads: bool) -> Arc<Context> {
    Arc::new(testing::context(client, leads))
}

/// A pass over a schedule as a view has it. What was written, without Events.
async fn pass<S: Tried>(seen: S, server: Server, leads: bool) -> (Result<(), ApplyError>, Vec<Asked>) {
    let (client, log) = api(move |asked| server.answer::<S>(asked));
    let guard = Arc::new(DeserializeGuard(Ok(seen)));
    let result = reconcile(guard, context(&client, leads)).await.map(drop);
    let asked = log.lock().unwrap().clone();
    let written = asked.into_iter().filter(|asked| asked.method != "GET" && !asked.path.contains("/events"));
    (result, written.collect())
}

fn every_minute<S: Tried>(spec: &Value) -> S {
    let mut whole = json!({"schedule": "* * * * *"});
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let mut schedule = schedule_of::<S>(&whole);
    schedule.meta_mut().creation_timestamp.as_mut().unwrap().0 =
        Timestamp::now() - SignedDuration::from_mins(10);
    schedule
}

fn at_work<S: Tried>(schedule: &S) -> S::Run {
    made(schedule, Timestamp::from_second(Timestamp::now().as_second() / 60 * 60 - 120).unwrap(), Active)
}

fn did(written: &[Asked]) -> Vec<(&str, &str)> {
    written.iter().map(|asked| (asked.method.as_str(), asked.path.as_str())).collect()
}

async fn the_run_is_made_first_and_then_said_to_be<S: Tried>() {
    let schedule = every_minute::<S>(&json!({}));
    let (result, written) = pass(schedule.clone(), Server::with(&schedule, &[]), true).await;
    result.unwrap();
    assert_eq!(did(&written), [("POST", &*runs_path::<S>()), ("PATCH", &*status_path::<S>())]);
    let time = &written[0].body["metadata"]["annotations"]["docmill.io/scheduled-time"];
    assert_eq!(&written[1].body["status"]["lastScheduleTime"], time);
    assert!(written[1].body["status"]["nextScheduleTime"].is_string());
}

async fn a_run_at_work_that_no_view_shows_yet_is_neither_joined_nor_forgotten<S: Tried>() {
    let schedule = every_minute::<S>(&json!({}));
    let server = Server::with(&schedule, &[at_work(&schedule)]);
    let (result, written) = pass(schedule.clone(), server.clone(), true).await;
    result.unwrap();
    assert_eq!(did(&written), [("PATCH", &*status_path::<S>())], "Forbid");
    assert_eq!(written[0].body["status"]["conditions"][0]["reason"], "AlreadyActive");

    let replacing = every_minute::<S>(&json!({"concurrencyPolicy": "Replace"}));
    let server = Server { schedule: Some(json!(replacing)), ..server };
    let (result, written) = pass(replacing, server, true).await;
    result.unwrap();
    assert_eq!(written[0].method, "DELETE");
    assert_eq!(written[0].body["propagationPolicy"], "Foreground", "or it would be gone before its pods");
    assert!(written.iter().all(|asked| asked.method != "POST"), "{:?}", did(&written));
}

async fn a_run_that_no_view_shows_yet_is_not_made_again<S: Tried>() {
    let schedule = every_minute::<S>(&json!({"concurrencyPolicy": "Allow"}));
    let future = Timestamp::now() + SignedDuration::from_mins(1);
    let done = made(&schedule, future, super::State::Complete);
    let (result, written) = pass(schedule.clone(), Server::with(&schedule, &[done]), true).await;
    result.unwrap();
    assert_eq!(did(&written), [("PATCH", &*status_path::<S>())]);
}

async fn an_edit_that_no_view_shows_yet_counts<S: Tried>() {
    let schedule = every_minute::<S>(&json!({}));
    let suspended = every_minute::<S>(&json!({"suspend": true}));
    let (result, written) = pass(schedule, Server::with(&suspended, &[]), true).await;
    result.unwrap();
    assert_eq!(did(&written), [("PATCH", &*status_path::<S>())]);
    assert_eq!(written[0].body["status"]["conditions"][0]["reason"], "Suspended");
}

async fn a_schedule_that_is_gone_or_going_or_another_gets_no_run<S: Tried>() {
    let schedule = every_minute::<S>(&json!({}));
    let mut another = json!(schedule);
    another["metadata"]["uid"] = json!("sched-2");
    let mut going = json!(schedule);
    going["metadata"]["deletionTimestamp"] = going["metadata"]["creationTimestamp"].clone();
    for current in [None, Some(another), Some(going)] {
        let server = Server { schedule: current, runs: vec![], takes_runs: true };
        let (result, written) = pass(schedule.clone(), server, true).await;
        result.unwrap();
        assert_eq!(did(&written), []);
    }
}

async fn a_refusal_is_told_and_the_time_stays_due<S: Tried>() {
    let schedule = every_minute::<S>(&json!({}));
    let server = Server { takes_runs: false, ..Server::with(&schedule, &[]) };
    let (result, written) = pass(schedule, server, true).await;
    result.unwrap();
    assert_eq!(did(&written), [("POST", &*runs_path::<S>()), ("PATCH", &*status_path::<S>())]);
    let status = &written[1].body["status"];
    assert_eq!(status["lastScheduleTime"], Value::Null);
    let ready = &status["conditions"][0];
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("FailedCreate")));
    assert!(ready["message"].as_str().unwrap().contains("exceeded quota"), "{ready}");
}

async fn an_operator_that_does_not_lead_makes_nothing<S: Tried>() {
    let schedule = every_minute::<S>(&json!({}));
    let (result, written) = pass(schedule.clone(), Server::with(&schedule, &[]), false).await;
    assert!(matches!(result, Err(ApplyError::NotLeading)));
    assert_eq!(did(&written), []);
}
