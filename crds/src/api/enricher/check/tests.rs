use serde_json::{Value, json};

use super::EnricherFault;
use crate::api::enricher::Enricher;

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
        json!({"http": {"url": url, "request": {"text": "$text", "price": "$$5"}, "headers": {"X-Tenant": "n"}},
               "outputs": [{"field": "a", "type": "Vector", "from": ""}, {"field": "b", "type": "Keyword", "from": "/a~1b/0"}]}),
        json!({"builtin": "Language", "outputs": [{"field": "l", "type": "Keyword", "from": "language"}]}),
        json!({"builtin": "Keywords", "outputs": [{"field": "k", "type": "Keyword", "repeated": true}]}),
        json!({"builtin": "ReadingLength", "outputs": [{"field": "m", "type": "Number"}]}),
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
fn what_an_http_call_cannot_be_is_named() {
    let http = |change: Value| {
        let mut call = json!({"url": "http://m", "request": {"text": "$text"}});
        call.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        json!({"http": call})
    };
    for (change, told) in [
        (http(json!({"request": {"text": "fixed"}})), "names no input"),
        (http(json!({"item": "$text"})), "no \"$items\""),
        (http(json!({"request": ["$items", "$text"]})), "put the name into item"),
        (http(json!({"request": "$items", "item": "$body"})), "\"$body\" names no input"),
        (http(json!({"request": "$items", "item": "$items"})), "\"$items\" names no input"),
        (http(json!({"headers": {"X Y": "a"}})), "\"X Y\" is no name"),
        (http(json!({"headers": {"": "a"}})), "no name"),
        (http(json!({"headers": {"X-Y": "a\nb"}})), "control characters"),
        (http(json!({"headers": {"authorization": "Bearer x"}})), "secretRef"),
        (http(json!({"headers": {"Content-Length": "1"}})), "connection's own"),
    ] {
        let fault = fault(&change).unwrap_or_else(|| panic!("{change} is taken"));
        assert!(fault.contains(told), "{fault}");
    }
    for pointer in ["label", "/a~", "/a~2"] {
        let mut change = http(json!({}));
        change["outputs"] = json!([{"field": "f", "type": "Vector", "from": pointer}]);
        assert!(fault(&change).expect("a fault").contains("no JSON Pointer"));
    }
}

#[test]
fn outputs_that_a_model_or_function_cannot_give_are_named() {
    let server = json!({"url": "http://m", "model": "m"});
    let chat = |outputs: Value| json!({"openAIChat": server, "inputs": [{"name": "user", "template": "t"}], "outputs": outputs});
    for (change, told) in [
        (chat(json!([{"field": "f", "type": "Object"}])), "an output"),
        (
            chat(json!([{"field": "f", "type": "String"}, {"field": "g", "from": "f", "type": "String"}])),
            "two are made from \"f\"",
        ),
        (
            json!({"openInference": server, "outputs": [{"field": "f", "from": "", "type": "String"}]}),
            "empty",
        ),
        (
            json!({"builtin": "Keywords", "outputs": [{"field": "k", "type": "Keyword"}]}),
            "keywords is of type Keyword or String, with repeated: true",
        ),
        (
            json!({"builtin": "ReadingLength", "outputs": [{"field": "m", "type": "Keyword"}]}),
            "minutes is of type Integer or Number",
        ),
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
