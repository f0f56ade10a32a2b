use serde_json::{Value, json};

use super::EnricherFault;
use crate::enricher::Enricher;

fn enricher(change: &Value) -> Enricher {
    let mut enricher = json!({
        "name": "e",
        "inputs": [{"name": "text", "template": "{headline}"}],
        "outputs": [{"field": "f", "type": "Vector"}],
    });
    for (name, value) in change.as_object().expect("an object") {
        enricher[name] = value.clone();
    }
    serde_json::from_value(enricher).expect("an enricher")
}

fn fault(change: &Value) -> Option<String> {
    enricher(change).check().err().map(|fault| fault.to_string())
}

#[test]
fn sound_enrichers_of_all_protocols_are_taken() {
    let url = "http://m:8080";
    for change in [
        json!({"openInference": {"url": url, "model": "m"}}),
        json!({"openAIEmbeddings": {"url": url, "model": "m"}}),
        json!({"textEmbeddings": {"url": url}}),
        json!({"openAIChat": {"url": url, "model": "m"},
               "inputs": [{"name": "system", "template": "s"}, {"name": "user", "template": "{body}"}]}),
        json!({"http": {"url": url, "request": {"texts": "$items"}, "item": "$text"}}),
        json!({"builtin": "Language", "outputs": [{"field": "l", "type": "Keyword", "from": "language"}]}),
    ] {
        assert_eq!(fault(&change), None, "{change}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let url = "http://m:8080";
    let embeddings = json!({"url": url, "model": "m"});
    for (change, told) in [
        (json!({}), "no model is set"),
        (
            json!({"builtin": "Language", "outputs": [{"field": "l", "type": "Keyword", "from": "tongue"}]}),
            "\"tongue\"",
        ),
        (
            json!({"builtin": "Language", "inputs": [{"name": "a", "object": {"as": "Base64"}}]}),
            "exactly one",
        ),
        (
            json!({"openAIEmbeddings": embeddings, "outputs": [{"field": "f", "type": "Number"}]}),
            "type Vector",
        ),
        (json!({"openAIChat": embeddings}), "\"text\" is no role"),
        (
            json!({"http": {"url": url, "request": {"a": ["$body"]}}}),
            "\"$body\" names no input; the inputs are: text",
        ),
        (json!({"openInference": embeddings, "inputs": [{"name": "t", "template": "{a"}]}), "unbalanced"),
    ] {
        let fault = fault(&change).unwrap_or_else(|| panic!("{change} is taken"));
        assert!(fault.contains(told), "{fault}");
    }
}

#[test]
fn a_fault_is_the_users_to_mend() {
    use crate::error_class::{Classify, ErrorClass};
    assert_eq!(EnricherFault::NoModel.class(), ErrorClass::User);
}

#[test]
fn the_digest_changes_with_what_decides_the_results_and_with_nothing_else() {
    let base = json!({"openInference": {"url": "http://m:8080", "model": "m"}});
    let digest = |change: &Value, reported| enricher(change).model_digest(reported);
    let elsewhere =
        json!({"openInference": {"url": "http://n:8080", "model": "m"}, "batchSize": 3, "maxInFlight": 9});
    assert_eq!(digest(&base, Some("v1")), digest(&elsewhere, Some("v1")));
    assert_ne!(digest(&base, Some("v1")), digest(&base, Some("v2")));
    assert_ne!(digest(&base, Some("v1")), digest(&base, None));
    let other = json!({"openInference": {"url": "http://m:8080", "model": "n"}});
    assert_ne!(digest(&base, None), digest(&other, None));
}

#[test]
fn a_request_is_for_several_documents_where_the_protocol_can() {
    let url = "http://m:8080";
    let documents = |change: &Value| enricher(change).documents_a_request();
    assert_eq!(documents(&json!({"openInference": {"url": url, "model": "m"}})), 16);
    assert_eq!(documents(&json!({"openAIChat": {"url": url, "model": "m"}})), 1);
    assert_eq!(documents(&json!({"http": {"url": url, "request": {"text": "$text"}}})), 1);
    assert_eq!(documents(&json!({"http": {"url": url, "request": [{"x": "$items"}]}})), 16);
}
