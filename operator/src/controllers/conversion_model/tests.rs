use std::sync::Arc;

use docmill_crds::conversion::Conversion;
use docmill_crds::error_class::ErrorClass;
use docmill_crds::{ConversionModel, IngestSource};
use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::{has_changed, lookup, reconcile, users};
use crate::context::Context;
use crate::controllers::ingest_source;
use crate::outcome::conditions::{condition_type, find};
use crate::outcome::not_ready::NotReady;
use crate::testing::{self, Asked, api};

const STATUS: &str = "/apis/docmill.io/v1beta1/namespaces/news/conversionmodels/nitf-eu/status";
const MODEL: &str = "/apis/docmill.io/v1beta1/namespaces/news/conversionmodels/nitf-eu";

fn of(spec: &Value) -> ConversionModel {
    serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "ConversionModel",
        "metadata": {"name": "nitf-eu", "namespace": "news", "uid": "model-1", "generation": 2},
        "spec": spec,
    }))
    .unwrap()
}

/// A valid model.
pub(crate) fn model() -> ConversionModel {
    of(&json!({"preset": "nitf", "timeZone": "Europe/Berlin"}))
}

/// A model with a path that cannot be parsed.
fn broken() -> ConversionModel {
    of(&json!({"record": "/a", "fields": [{"name": "x", "path": ["b["]}]}))
}

fn reference() -> Conversion {
    serde_json::from_value(json!({"modelRef": {"name": "nitf-eu"}})).unwrap()
}

/// A source that refers to the model.
fn source() -> IngestSource {
    let mut source = ingest_source::tests::source();
    source.spec.conversion = reference();
    source
}

/// What a reconcile of this model asks of the API server.
async fn pass(model: ConversionModel) -> Vec<Asked> {
    let answer = serde_json::to_value(&model).unwrap();
    let (client, log) = api(move |asked| match asked.method.as_str() {
        "PATCH" => (200, answer.clone()),
        _ => (200, asked.body.clone()),
    });
    let context = Arc::new(testing::context(&client, true));
    let action = reconcile(Arc::new(DeserializeGuard(Ok(model))), context).await.unwrap();
    assert_eq!(action, Action::await_change());
    log.lock().unwrap().clone()
}

#[tokio::test]
async fn a_valid_model_has_the_revision_of_the_same_conversion_in_a_source() {
    let asked = pass(model()).await;
    assert_eq!(asked.len(), 1, "a status, and no Event: {asked:?}");
    let Asked { path, body, .. } = &asked[0];
    assert_eq!(path, STATUS);
    let status = &body["status"];
    let inline: Conversion =
        serde_json::from_value(json!({"preset": "nitf", "timeZone": "Europe/Berlin"})).unwrap();
    assert_eq!(status["revision"], inline.revision().unwrap());
    assert_eq!(status["observedGeneration"], 2);
    assert_eq!(status["conditions"][0]["reason"], "Valid");
}

#[tokio::test]
async fn of_a_broken_model_is_told_where_it_is_broken() {
    let asked = pass(broken()).await;
    assert_eq!(asked.len(), 2, "a status and an Event: {asked:?}");
    let status = &asked[0].body["status"];
    assert_eq!(status["revision"], Value::Null);
    let ready = &status["conditions"][0];
    assert_eq!(ready["status"], "False");
    assert_eq!(ready["reason"], "InvalidConversion");
    let message = ready["message"].as_str().unwrap();
    assert!(message.starts_with("spec: fields[0].path[0]: "), "{message}");
    assert_eq!(asked[1].body["reason"], "InvalidConversion");
}

#[tokio::test]
async fn an_unchanged_model_costs_nothing() {
    let mut told = model();
    told.status = Some(super::status::status(&told, Timestamp::UNIX_EPOCH));
    let conditions = &told.status.as_ref().unwrap().conditions;
    assert_eq!(find(conditions, condition_type::READY).unwrap().status, "True");
    assert_eq!(pass(told).await, []);
}

/// The context of an operator whose API server has this model, and whose view has that one.
fn context(stored: Option<ConversionModel>, seen: Option<ConversionModel>) -> (Context, testing::Log) {
    let stored = stored.map(|model| serde_json::to_value(model).unwrap());
    let (client, log) = api(move |asked| match (asked.path.as_str(), &stored) {
        (MODEL, Some(model)) => (200, model.clone()),
        _ => testing::refusal(404, "NotFound"),
    });
    let mut context = testing::context(&client, true);
    if let Some(seen) = seen {
        context.models = [testing::view_of(seen)].into_iter().collect();
    }
    (context, log)
}

#[tokio::test]
async fn a_source_gets_the_model_from_the_view_or_else_from_the_api_server() {
    let expected = model().spec.0;
    for (stored, seen, requests) in [(None, Some(model()), 0), (Some(model()), None, 1)] {
        let (context, log) = context(stored, seen);
        let source = source();
        let found = lookup::with_model(&source, &context).await.unwrap();
        assert_eq!(found.spec.conversion, expected);
        assert_eq!(found.spec.raw, source.spec.raw);
        assert_eq!(log.lock().unwrap().len(), requests);
    }
    let (context, log) = context(None, None);
    let inline = ingest_source::tests::source();
    assert_eq!(*lookup::with_model(&inline, &context).await.unwrap(), inline);
    assert_eq!(log.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_missing_model_is_the_users_to_create() {
    let (context, _) = context(None, None);
    let source = source();
    let fault = lookup::with_model(&source, &context).await.unwrap_err();
    assert_eq!((fault.reason, fault.class), ("ConversionModelNotFound", ErrorClass::User));
    assert!(fault.message.starts_with("spec.conversion.modelRef: ") && fault.message.contains("\"nitf-eu\""));
}

#[tokio::test]
async fn a_source_with_a_model_of_its_own_beside_the_reference_is_wrong() {
    let (context, _) = context(Some(model()), None);
    let mut source = source();
    source.spec.conversion.time_zone = Some("UTC".into());
    let fault = lookup::with_model(&source, &context).await.unwrap_err();
    assert_eq!(fault.reason, "InvalidConversion");
    assert!(fault.message.starts_with("spec.conversion: timeZone: "), "{}", fault.message);
}

async fn live(
    stored: Option<ConversionModel>,
    seen: Option<ConversionModel>,
) -> Result<Option<Conversion>, NotReady> {
    let (context, _) = context(stored, seen);
    lookup::live("spec.conversion", &reference(), "news", &context).await
}

#[tokio::test]
async fn a_run_begins_with_the_model_as_it_is_and_not_as_the_view_has_it() {
    let edited = of(&json!({"preset": "nitf", "extra": "Flattened"}));
    assert_eq!(live(Some(edited.clone()), Some(model())).await, Ok(Some(edited.spec.0)));
    assert_eq!(live(None, Some(model())).await.unwrap_err().reason, "ConversionModelNotFound");
    let fault = live(Some(broken()), None).await.unwrap_err();
    assert_eq!(fault.reason, "InvalidConversion");
    let expected = "spec.conversion.modelRef: the ConversionModel \"nitf-eu\": spec: fields[0].path[0]: ";
    assert!(fault.message.starts_with(expected), "{}", fault.message);
}

#[test]
fn a_change_of_a_model_concerns_the_sources_of_its_namespace_that_refer_to_it() {
    let named = |name: &str, namespace: &str, model: Option<&str>| {
        let mut source = ingest_source::tests::source();
        source.metadata.name = Some(name.to_owned());
        source.metadata.namespace = Some(namespace.to_owned());
        if let Some(model) = model {
            source.spec.conversion = serde_json::from_value(json!({"modelRef": {"name": model}})).unwrap();
        }
        Arc::new(DeserializeGuard(Ok(source)))
    };
    let sources = [
        named("a", "news", Some("nitf-eu")),
        named("b", "news", Some("other")),
        named("c", "sport", Some("nitf-eu")),
        named("d", "news", None),
    ];
    let found = users(&DeserializeGuard(Ok(model())), &sources);
    assert_eq!(found.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_model_has_changed_when_its_revision_is_not_that_of_the_source() {
    let mut source = source();
    let revision = model().spec.0.revision().unwrap();
    source.status = serde_json::from_value(json!({"revision": revision})).unwrap();
    assert!(!has_changed(&source, &DeserializeGuard(Ok(model()))));
    let edited = of(&json!({"preset": "nitf", "extra": "Flattened"}));
    assert!(has_changed(&source, &DeserializeGuard(Ok(edited))));
    assert!(has_changed(&source, &DeserializeGuard(Ok(broken()))));
}
