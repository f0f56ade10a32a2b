//! What an API server has answered, for tests.

use serde_json::{Value, json};

const TIME: &str = "2026-01-03T00:00:00Z";

/// A source with a backlog, a failure and a condition.
pub fn source() -> Value {
    json!({
        "apiVersion": "docmill.io/v1beta1", "kind": "IngestSource",
        "metadata": {"name": "wire", "namespace": "news"},
        "spec": {
            "storage": {"region": "eu-west-1", "credentialsSecretRef": {"name": "s3"}},
            "raw": {"bucket": "raw"}, "snapshots": {"bucket": "json"}, "errors": {"bucket": "errors"},
            "trigger": {"sqs": {"queueURL": "http://sqs:9324/000000000000/wire"}},
            "conversion": {"preset": "nitf"},
            "index": {"elasticsearch": {"urls": ["http://es:9200"]}, "name": "articles", "id": "{guid}"}},
        "status": {
            "units": {"pending": 1200, "indexed": 20_000, "failed": 7, "skipped": 0},
            "workers": {"active": 3, "desired": 4, "message": "by the backlog"},
            "lagSeconds": 42,
            "topFailures": [{"reason": "MissingField", "count": 7}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "AllReachable",
                "message": "stores <answer>", "lastTransitionTime": TIME}]}})
}

/// A run at work.
pub fn run(name: &str) -> Value {
    json!({
        "apiVersion": "docmill.io/v1beta1", "kind": "IngestRun",
        "metadata": {"name": name, "namespace": "news"},
        "spec": {"sourceRef": {"name": "wire"}, "mode": "Replay"},
        "status": {"phase": "Running", "selected": 2700, "done": 1200, "failed": 3, "progress": "44%"}})
}

/// A refused unit.
pub fn unit() -> Value {
    let conversion = json!({"revision": "5f2c0000000000aa", "attempts": 1, "runner": "wire-x",
        "recordedTime": TIME});
    let fault = json!({"reason": "MissingField", "field": "guid", "line": 12, "column": 20});
    json!({
        "apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit",
        "metadata": {"name": "0123456789abcdef0123456789abcdef"}, "source": "wire", "state": "Failed",
        "reason": "MissingField", "raw": {"bucket": "raw", "key": "wire/b.xml", "version": "1"},
        "conversion": conversion,
        "failure": {"stage": "Convert", "copied": true, "refusalCount": 1,
            "faults": [fault]}})
}

/// Why it was refused, with a line that has markup in it.
pub fn unit_error() -> Value {
    let fault = json!({"reason": "MissingField", "field": "guid", "at": "/nitf/head", "expected": "a value",
        "line": 12, "column": 20});
    let text = r#"<doc-id id-string=""/><script>"#;
    json!({
        "apiVersion": "records.docmill.io/v1alpha1", "kind": "UnitError",
        "metadata": {"name": "0123456789abcdef0123456789abcdef"}, "source": "wire",
        "record": {"reason": "MissingField", "refusals": [{"faults": [fault]}]},
        "excerpts": [{"refusal": 0, "fault": 0, "line": 12, "column": 19, "text": text, "caret": 18}]})
}

/// A document in the index, whose id has a character of HTML.
pub fn document() -> Value {
    json!({
        "apiVersion": "records.docmill.io/v1alpha1", "kind": "Document", "metadata": {"name": "a_261"},
        "id": "a&1", "source": "wire", "state": "Indexed",
        "indexed": {"index": "articles", "indexedTime": TIME, "isPresent": true}})
}

/// The versions of that document.
pub fn history() -> Value {
    let entry = |unit: &str, state: &str, is_current: bool| {
        json!({"unit": unit.repeat(16), "key": "wire/a.xml", "version": "1", "state": state, "revision": "5f",
            "recordedTime": TIME, "runner": "wire-x", "isCurrent": is_current})
    };
    json!({
        "apiVersion": "records.docmill.io/v1alpha1", "kind": "DocumentHistory", "metadata": {}, "id": "a&1",
        "source": "wire", "entries": [entry("0b", "Indexed", true), entry("0a", "Superseded", false)]})
}

/// The refusal of a request for which the user lacks a right.
pub fn forbidden() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403, "reason": "Forbidden",
        "message": "you may not"})
}

/// A list of resources.
pub fn list(kind: &str, items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": format!("{kind}List"), "metadata": {}, "items": items})
}
