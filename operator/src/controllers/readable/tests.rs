use docmill_crds::IngestSource;
use kube::core::DeserializeGuard;
use serde_json::{Value, json};

use super::readable;
use crate::controllers::ingest_source::tests::source;
use crate::testing::{Asked, Log, api, context};

/// A source with this field, and with these conditions.
fn stored(field: &str, conditions: &Value) -> Value {
    let mut source = json!(source());
    source["spec"]["raw"][field] = json!("a");
    source["status"] = json!({"conditions": conditions, "lagSeconds": 3});
    source
}

fn condition(kind: &str, status: &str) -> Value {
    json!({"type": kind, "status": status, "reason": "r", "message": "m",
           "lastTransitionTime": "2026-01-01T00:00:00Z"})
}

/// Whether a source that is stored like this is readable, and what was asked of the API server.
async fn read(stored: &Value) -> (bool, Log) {
    let found = stored.clone();
    let (client, log) = api(move |_| (200, found.clone()));
    let guard: DeserializeGuard<IngestSource> = serde_json::from_value(stored.clone()).unwrap();
    let is_readable = readable(&guard, &context(&client, true)).await.unwrap().is_some();
    (is_readable, log)
}

/// The patches of statuses among the requests.
fn patches(log: &Log) -> Vec<Asked> {
    let log = log.lock().unwrap();
    log.iter().filter(|asked| asked.path.ends_with("/status")).cloned().collect()
}

#[tokio::test]
async fn a_resource_that_can_be_read_is_left_to_its_controller() {
    let (is_readable, log) = read(&stored("prefix", &json!([]))).await;
    assert!(is_readable && log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_field_that_this_operator_does_not_know_is_told_of_once() {
    let conditions = json!([condition("Ready", "True"), condition("Progressing", "False")]);
    let (is_readable, log) = read(&stored("shards", &conditions)).await;
    let patched = patches(&log);
    assert!(!is_readable && patched.len() == 1, "{patched:?}");
    assert!(patched[0].is_applied_by_operator(), "another manager's condition would stay: {patched:?}");
    let status = &patched[0].body["status"];
    let kept = (&status["lagSeconds"], &status["conditions"][0]);
    assert_eq!(kept, (&json!(3), &conditions[1]), "the rest of the status stays");
    assert_eq!(status["conditions"].as_array().unwrap().len(), 2);
    let told = &status["conditions"][1];
    assert_eq!((&told["type"], &told["status"]), (&json!("Ready"), &json!("False")));
    assert_eq!((&told["reason"], &told["observedGeneration"]), (&json!("UnreadableSpec"), &json!(3)));
    assert!(told["message"].as_str().unwrap().contains("Unknown field shards"), "{told}");
    let events = |asked: &Asked| asked.path.contains("/events") && asked.body["reason"] == "UnreadableSpec";
    assert!(log.lock().unwrap().iter().any(events), "no Event");

    let (_, log) = read(&stored("shards", &json!([told]))).await;
    assert!(patches(&log).is_empty(), "it would trigger itself");
}

#[tokio::test]
async fn what_has_ended_or_is_being_deleted_stays_as_it_is() {
    let (is_readable, log) = read(&stored("shards", &json!([condition("Complete", "True")]))).await;
    assert!(!is_readable && patches(&log).is_empty());
    let mut deleted = stored("shards", &json!([]));
    deleted["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let (is_readable, log) = read(&deleted).await;
    assert!(!is_readable && log.lock().unwrap().is_empty());
}
