use docmill_crds::api::enricher::Enricher;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AnswerError, Reply, call, has_results, read, read_version, version_url};

/// Any JSON of a few small values, so that names and shapes meet what is looked for now and then.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        (-4.0..4.0).prop_map(Value::from),
        "[a-c]".prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-c]", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

pub(crate) fn broken(result: Result<Vec<Reply>, AnswerError>) -> String {
    match result {
        Err(AnswerError::Broken(text)) => text,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn unfit(result: Result<Vec<Reply>, AnswerError>) -> String {
    match result {
        Err(AnswerError::Unfit(text)) => text,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn unexpected(result: Result<Vec<Reply>, AnswerError>) -> String {
    match result {
        Err(AnswerError::Unexpected(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn model(protocol: &str, server: &Value) -> Enricher {
    serde_json::from_value(json!({
        "name": "e", protocol: server, "inputs": [{"name": "user", "template": "{body}"}],
        "outputs": [{"field": "f", "type": "Vector"}],
    }))
    .expect("an enricher")
}

/// Each protocol, where it is called, and where it tells its version.
fn all() -> [(Enricher, &'static str, Option<&'static str>); 5] {
    let url = "http://m";
    [
        (
            model("openInference", &json!({"url": url, "model": "m"})),
            "http://m/v2/models/m/infer",
            Some("http://m/v2/models/m"),
        ),
        (model("openAIEmbeddings", &json!({"url": url, "model": "m"})), "http://m/embeddings", None),
        (model("openAIChat", &json!({"url": url, "model": "m"})), "http://m/chat/completions", None),
        (model("textEmbeddings", &json!({"url": url})), "http://m/embed", Some("http://m/info")),
        (model("http", &json!({"url": url, "request": "$user"})), "http://m", None),
    ]
}

#[test]
fn every_protocol_is_called_and_asked_for_its_version_at_its_own_place() {
    let text = ["a".to_owned()];
    for (model, url, version) in all() {
        assert_eq!(call(&model, "r1", &[&text]).unwrap().url, url);
        assert_eq!(version_url(model.protocol().unwrap()).as_deref(), version);
    }
}

#[test]
fn every_protocol_reads_its_own_answers() {
    let vector = json!([1, 2]);
    let output = json!({"f": vector}).to_string();
    let answers = [
        json!({"model_name": "m", "outputs": [{"name": "f", "shape": [1, 2], "datatype": "FP32", "data": vector}]}),
        json!({"data": [{"index": 0, "embedding": vector}]}),
        json!({"choices": [{"message": {"content": output}}]}),
        json!([vector]),
        json!({"f": vector}),
    ];
    for ((model, url, _), answer) in all().into_iter().zip(answers) {
        let replies = read(&model, "r1", answer.to_string().as_bytes(), 1).unwrap();
        assert_eq!(replies[0].as_ref().unwrap().fields["f"], vector, "{url}");
    }
}

#[test]
fn a_builtin_is_never_called() {
    let model = model("builtin", &json!("Language"));
    assert!(call(&model, "r1", &[&["a".to_owned()]]).is_err());
    assert!(unfit(read(&model, "r1", b"{}", 1)).contains("builtin"));
    assert_eq!(version_url(model.protocol().unwrap()), None);
    assert_eq!(read_version(model.protocol().unwrap(), b"{}"), Ok(None));
}

#[test]
fn only_a_plain_http_call_may_be_answered_with_created() {
    for (model, url, _) in all() {
        assert!(has_results(&model, 200));
        assert_eq!(has_results(&model, 201), url == "http://m", "{url}");
        assert!(!has_results(&model, 202) && !has_results(&model, 204) && !has_results(&model, 302));
    }
}
