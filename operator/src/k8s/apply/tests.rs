use std::time::Instant;

use docmill_crds::{EnrichmentRun, IngestSourceStatus};
use k8s_openapi::api::batch::v1::Job;
use kube::Client;
use kube::runtime::events::{Recorder, Reporter};
use serde_json::{Value, json};

use super::{ApplyError, Created, Event, Writer};
use crate::k8s::leader::Leadership;
use crate::testing::{Asked, api, refusal};

fn writer(client: &Client, leads: bool) -> Writer {
    let leadership = Leadership::default();
    if leads {
        leadership.renewed(Instant::now());
    }
    let reporter = Reporter { controller: "docmill-operator".into(), instance: Some("test".into()) };
    Writer::new(client.clone(), leadership, Recorder::new(client.clone(), reporter))
}

fn job(owner_uid: &str) -> Job {
    let owner = json!({"apiVersion": "docmill.io/v1beta1", "kind": "IngestSource", "name": "wire",
                       "uid": owner_uid, "controller": true});
    serde_json::from_value(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "wire-1", "namespace": "news", "ownerReferences": [owner]},
    }))
    .unwrap()
}

fn source() -> docmill_crds::IngestSource {
    crate::controllers::ingest_source::tests::source()
}

#[tokio::test]
async fn an_operator_that_does_not_lead_writes_nothing() {
    let (client, log) = api(|_| (200, json!({})));
    let writer = writer(&client, false);
    assert!(matches!(writer.create(&job("a")).await, Err(ApplyError::NotLeading)));
    assert!(matches!(writer.delete_job("news", "wire-1", "u").await, Err(ApplyError::NotLeading)));
    assert!(matches!(writer.suspend_job("news", "wire-1", true).await, Err(ApplyError::NotLeading)));
    let status = IngestSourceStatus::default();
    assert!(matches!(writer.set_status(&source(), None, &status).await, Err(ApplyError::NotLeading)));
    assert!(log.lock().unwrap().is_empty());
}

/// Answers a creation with "exists already", and a look with a Job of this owner.
fn taken_by(owner_uid: &'static str) -> impl Fn(&Asked) -> (u16, Value) + Clone + Send + 'static {
    move |asked| match asked.method.as_str() {
        "POST" => refusal(409, "AlreadyExists"),
        _ => (200, serde_json::to_value(job(owner_uid)).unwrap()),
    }
}

#[tokio::test]
async fn a_job_that_exists_already_is_no_error_unless_it_is_anothers() {
    let (client, _) = api(taken_by("a"));
    assert_eq!(writer(&client, true).create(&job("a")).await.unwrap(), Created::Before);
    let (client, _) = api(taken_by("b"));
    let refused = writer(&client, true).create(&job("a")).await;
    assert!(matches!(refused, Err(ApplyError::NameTaken { name, .. }) if name == "wire-1"));
}

#[tokio::test]
async fn the_status_is_applied_once_and_only_to_the_resource_that_was_seen() {
    let (client, log) = api(|_| (200, serde_json::to_value(source()).unwrap()));
    let writer = writer(&client, true);
    let status = IngestSourceStatus { lag_seconds: Some(3), ..IngestSourceStatus::default() };
    assert!(writer.set_status(&source(), None, &status).await.unwrap());
    assert!(!writer.set_status(&source(), Some(&status), &status).await.unwrap());
    let asked = log.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method, "PATCH");
    assert_eq!(asked[0].path, "/apis/docmill.io/v1beta1/namespaces/news/ingestsources/wire/status");
    assert_eq!(asked[0].body["metadata"]["uid"], "uid-1");
    assert_eq!(asked[0].body["status"], json!({"lagSeconds": 3}));
}

#[tokio::test]
async fn a_resource_that_is_gone_needs_no_status_and_no_deletion() {
    let (client, _) = api(|_| refusal(404, "NotFound"));
    let writer = writer(&client, true);
    writer.set_status(&source(), None, &IngestSourceStatus::default()).await.unwrap();
    writer.delete_job("news", "wire-1", "u").await.unwrap();
}

#[tokio::test]
async fn a_deletion_names_the_uid() {
    let (client, log) = api(|_| (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})));
    let run: EnrichmentRun = crate::controllers::enrichment_run::tests::run();
    writer(&client, true).delete(&run).await.unwrap();
    let asked = log.lock().unwrap().clone();
    assert_eq!(asked[0].body["preconditions"]["uid"], "run-1");
    assert_eq!(asked[0].body["propagationPolicy"], "Background");
}

#[tokio::test]
async fn a_job_is_marked_while_it_is_suspended_for_its_run() {
    let (client, log) = api(|_| (200, serde_json::to_value(job("a")).unwrap()));
    let writer = writer(&client, true);
    writer.suspend_job("news", "wire-1", true).await.unwrap();
    writer.suspend_job("news", "wire-1", false).await.unwrap();
    writer.scale_job("news", "wire-1", 3).await.unwrap();
    writer.queue_job("news", "wire-1", 0, None).await.unwrap();
    let asked = log.lock().unwrap().clone();
    let patched = asked
        .iter()
        .all(|asked| asked.method == "PATCH" && asked.path == "/apis/batch/v1/namespaces/news/jobs/wire-1");
    assert!(patched, "{asked:?}");
    let bodies: Vec<Value> = asked.into_iter().map(|asked| asked.body).collect();
    let suspension = |mark: Value, suspend: bool| json!({"metadata": {"annotations": {"docmill.io/suspended-by": mark}}, "spec": {"suspend": suspend}});
    let expected = [
        suspension(json!("run"), true),
        suspension(Value::Null, false),
        json!({"spec": {"parallelism": 3}}),
        json!({"spec": {"suspend": true, "parallelism": 0, "activeDeadlineSeconds": null}}),
    ];
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn a_refusal_keeps_the_words_of_the_api_server() {
    let (client, _) = api(|_| refusal(403, "exceeded quota"));
    let error = writer(&client, true).create(&job("a")).await.unwrap_err();
    assert!(docmill_clients::cause::with_causes(&error).contains("exceeded quota"), "{error:?}");
}

#[tokio::test]
async fn the_words_of_an_event_are_cut_to_what_the_api_takes_in_whatever_language() {
    let (client, log) = api(|asked| (200, asked.body.clone()));
    let event = |text| Event { warning: true, reason: "InvalidTemplate".into(), action: "Observe", text };
    writer(&client, true).publish(&source(), &event("ü".repeat(2_000))).await;
    writer(&client, true).publish(&source(), &event("short".to_owned())).await;
    let notes: Vec<_> = log.lock().unwrap().iter().map(|asked| asked.body["note"].clone()).collect();
    assert_eq!((notes[0].as_str().unwrap().len(), notes[1].as_str().unwrap()), (1024, "short"));
}
