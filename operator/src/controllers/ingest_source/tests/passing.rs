//! Whole reconciles against an API server.

use std::sync::Arc;

use docmill_crds::IngestSource;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use serde_json::json;

use super::source;
use crate::controllers::ingest_source::context::SourceContext;
use crate::controllers::ingest_source::reconcile;
use crate::testing::{self, Asked, api};

/// A source that was suspended for this long, and whose stores nothing answers for.
fn suspended(lasted: SignedDuration) -> IngestSource {
    let mut source = source();
    source.spec.suspend = true;
    source.status = serde_json::from_value(json!({
        "observedGeneration": 3,
        "conditions": [{"type": "Suspended", "status": "True", "reason": "Suspended", "message": "",
            "lastTransitionTime": (Timestamp::now() - lasted).to_string()}],
    }))
    .unwrap();
    source
}

/// What a reconcile asks of the API server, and when the next one is due.
async fn pass(source: IngestSource, looked_at: Timestamp) -> (Vec<Asked>, Action) {
    let (client, log) = api(|asked| match asked.method.as_str() {
        "GET" => testing::refusal(404, "NotFound"),
        "PATCH" => (200, json!(super::source())),
        _ => (200, asked.body.clone()),
    });
    let context = SourceContext::new(Arc::new(testing::context(&client, true)), 4);
    context.resting.looked_at("uid-1", looked_at);
    let guard = Arc::new(DeserializeGuard(Ok(source)));
    let action = Box::pin(reconcile(guard, Arc::new(context))).await.unwrap();
    let asked = log.lock().unwrap().clone();
    (asked, action)
}

#[tokio::test]
async fn a_source_that_has_been_suspended_for_long_costs_nothing_until_its_interval_is_over() {
    let now = Timestamp::now();
    let (asked, action) = pass(suspended(SignedDuration::from_hours(1)), now).await;
    assert_eq!(asked, [], "nothing is asked, and nothing is written");
    assert_ne!(action, Action::await_change(), "it is looked at again some time");

    let (asked, _) =
        pass(suspended(SignedDuration::from_hours(1)), now - SignedDuration::from_mins(10)).await;
    assert!(asked.iter().any(|asked| asked.path.ends_with("/secrets/s3")), "{asked:?}");
    assert!(asked.iter().any(|asked| asked.path.ends_with("/ingestsources/wire/status")), "{asked:?}");
}

#[tokio::test]
async fn a_source_that_can_be_read_again_says_what_is_so_now_by_the_manager_that_said_it_could_not() {
    let mut source = suspended(SignedDuration::from_hours(1));
    // The unknown field was removed, which is a new generation.
    source.metadata.generation = Some(4);
    let conditions = &mut source.status.as_mut().unwrap().conditions;
    conditions.push(
        serde_json::from_value(json!({"type": "Ready", "status": "False", "reason": "UnreadableSpec",
            "message": "", "observedGeneration": 3, "lastTransitionTime": "2026-01-01T00:00:00Z"}))
        .unwrap(),
    );
    let (asked, _) = pass(source, Timestamp::now()).await;
    let patched = asked.iter().find(|asked| asked.path.ends_with("/ingestsources/wire/status")).unwrap();
    assert!(patched.is_applied_by_operator(), "{patched:?}");
    let conditions = patched.body["status"]["conditions"].as_array().unwrap();
    let ready: Vec<_> = conditions.iter().filter(|condition| condition["type"] == "Ready").collect();
    assert_eq!((ready.len(), &ready[0]["observedGeneration"]), (1, &json!(4)));
    assert_ne!(ready[0]["reason"], "UnreadableSpec");
}

#[tokio::test]
async fn a_source_whose_model_is_missing_says_so_and_looks_for_it_again() {
    let mut source = source();
    source.spec.conversion = serde_json::from_value(json!({"modelRef": {"name": "nitf-eu"}})).unwrap();
    let (asked, action) = pass(source, Timestamp::now()).await;
    let status = asked.iter().find(|asked| asked.path.ends_with("/ingestsources/wire/status")).unwrap();
    let conditions = status.body["status"]["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
    assert_eq!(ready["reason"], "ConversionModelNotFound");
    assert_eq!(status.body["status"]["revision"], serde_json::Value::Null);
    assert_ne!(action, Action::await_change());
}
