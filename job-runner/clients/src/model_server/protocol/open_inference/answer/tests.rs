use docmill_crds::api::enricher::Enricher;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AnswerError, Reply, read};
use crate::model_server::protocol::tests::{any_json, broken, unfit};

fn enricher(model: &str, outputs: &Value) -> Enricher {
    serde_json::from_value(json!({
        "name": "e", "openInference": {"url": "http://models:8080", "model": model},
        "inputs": [{"name": "text", "template": "{headline}. {body}"}], "outputs": outputs,
    }))
    .expect("an enricher")
}

fn topic() -> Enricher {
    enricher(
        "topic-model",
        &json!([{"from": "label", "field": "topic", "type": "String"},
                     {"from": "score", "field": "topicScore", "type": "Number"}]),
    )
}

fn embedding() -> Enricher {
    enricher("embedding-model", &json!([{"from": "vector", "field": "embedding", "type": "Vector"}]))
}

fn of(enricher: &Enricher, answer: &Value, documents: usize) -> Result<Vec<Reply>, AnswerError> {
    bytes(enricher, answer.to_string().as_bytes(), documents)
}

fn bytes(enricher: &Enricher, body: &[u8], documents: usize) -> Result<Vec<Reply>, AnswerError> {
    read(body, "r1", enricher.open_inference.as_ref().unwrap(), &enricher.outputs, documents)
}

/// The fields of the documents, each of which has an answer.
fn fields(replies: &[Reply]) -> Vec<Value> {
    replies.iter().map(|reply| json!(reply.as_ref().unwrap().fields)).collect()
}

fn topics(label: &Value, score: &Value) -> Value {
    json!({"model_name": "topic-model", "model_version": "v7", "id": "r1", "parameters": {}, "outputs": [
        {"name": "score", "shape": [2, 1], "datatype": "FP32", "data": score},
        {"name": "label", "shape": [2, 1], "datatype": "BYTES", "parameters": {"content_type": "str"}, "data": label}]})
}

fn vectors(shape: &Value, data: &Value) -> Value {
    json!({"model_name": "embedding-model", "outputs": [
        {"name": "vector", "shape": shape, "datatype": "FP32", "data": data}]})
}

#[test]
fn each_document_gets_its_row_of_each_tensor() {
    let answers = of(&topic(), &topics(&json!(["sport", "news"]), &json!([0.25, -1])), 2).unwrap();
    let expected =
        [json!({"topic": "sport", "topicScore": 0.25}), json!({"topic": "news", "topicScore": -1})];
    assert_eq!(fields(&answers), expected);
    assert_eq!(answers[1].as_ref().unwrap().version.as_deref(), Some("v7"));
}

#[test]
fn vectors_are_cut_by_shape_whether_flat_or_nested() {
    let expected = [json!([1.0, 2.0]), json!([3.0, 4.0])];
    for (shape, data) in [
        (json!([2, 2]), json!([1.0, 2.0, 3.0, 4.0])),
        (json!([2, 2]), json!([[1.0, 2.0], [3.0, 4.0]])),
        (json!([2, 1, 2]), json!([[[1.0, 2.0]], [[3.0, 4.0]]])),
    ] {
        let answers = of(&embedding(), &vectors(&shape, &data), 2).unwrap();
        let found: Vec<Value> = fields(&answers).iter().map(|fields| fields["embedding"].clone()).collect();
        assert_eq!(found, expected);
        assert_eq!(answers[0].as_ref().unwrap().version, None);
    }
}

#[test]
fn texts_in_base64_are_decoded() {
    let mut answer = topics(&json!(["c3BvcnQ=", "bmV3cw=="]), &json!([1, 2]));
    answer["outputs"][1]["parameters"]["content_type"] = json!("base64");
    assert_eq!(fields(&of(&topic(), &answer, 2).unwrap())[1]["topic"], "news");
    answer["outputs"][1]["data"][0] = json!("no base64!");
    let replies = of(&topic(), &answer, 2).unwrap();
    assert!(replies[0].as_ref().unwrap_err().contains("\"topic\": expected a text"));
    assert!(replies[1].is_ok());
}

#[test]
fn another_number_of_rows_or_values_is_not_believed() {
    let labels = json!(["a", "b"]);
    assert!(broken(of(&topic(), &topics(&labels, &json!([1, 2])), 3)).contains("2 rows for 3"));
    assert!(broken(of(&topic(), &topics(&labels, &json!([1])), 2)).contains("1 values for 2 rows"));
    assert!(broken(of(&topic(), &topics(&labels, &json!([1, 2, 3])), 2)).contains("3 values for 2 rows"));
    let data = json!([1.0, 2.0, 3.0]);
    assert!(broken(of(&embedding(), &vectors(&json!([2, 2]), &data), 2)).contains("3 values"));
    let huge = json!([2, u64::MAX, u64::MAX]);
    assert!(broken(of(&embedding(), &vectors(&huge, &data), 2)).contains("shape"));
}

#[test]
fn a_value_that_is_no_number_is_the_fault_of_its_own_document() {
    for odd in [json!(null), json!("NaN"), json!(true), json!({"a": 1})] {
        let answer = topics(&json!(["a", "b"]), &json!([1, odd]));
        let replies = of(&topic(), &answer, 2).unwrap();
        assert!(replies[0].is_ok());
        assert!(replies[1].as_ref().unwrap_err().contains("\"topicScore\": expected a number"), "{odd}");
    }
    let body = br#"{"model_name": "topic-model", "outputs": [{"name": "score", "data": [NaN]}]}"#;
    assert!(matches!(bytes(&topic(), body, 1), Err(AnswerError::Broken(_))));
}

#[test]
fn answers_of_others_are_not_believed() {
    let good = topics(&json!(["a", "b"]), &json!([1, 2]));
    let changed = |key: &str, value: Value| {
        let mut answer = good.clone();
        answer[key] = value;
        of(&topic(), &answer, 2)
    };
    assert!(broken(changed("id", json!("r2"))).contains("r2"));
    assert!(unfit(changed("model_name", json!("other"))).contains("other"));
    assert!(broken(changed("model_name", Value::Null)).contains("names no model"));
    assert!(changed("id", Value::Null).is_ok());
    let mut versioned = topic();
    versioned.open_inference.as_mut().unwrap().version = Some("v8".into());
    assert!(unfit(of(&versioned, &good, 2)).contains("v7"));
}

#[test]
fn a_model_with_other_tensors_is_told_with_what_it_has() {
    let mut answer = topics(&json!(["a", "b"]), &json!([1, 2]));
    answer["outputs"][0]["name"] = json!("probability");
    assert!(unfit(of(&topic(), &answer, 2)).contains("probability, label"));
    let mut answer = topics(&json!(["a", "b"]), &json!([1, 2]));
    answer["outputs"][0]["datatype"] = json!("BYTES");
    assert!(unfit(of(&topic(), &answer, 2)).contains("BYTES"));
    let mut answer = topics(&json!(["a", "b"]), &json!([1, 2, 3, 4]));
    answer["outputs"][0]["shape"] = json!([2, 2]);
    assert!(unfit(of(&topic(), &answer, 2)).contains("2 values a document"));
    let mut answer = topics(&json!(["a", "b"]), &json!([1, 2]));
    answer["outputs"][0]["name"] = json!("label");
    assert!(broken(of(&topic(), &answer, 2)).contains("two tensors"));
}

proptest! {
    #[test]
    fn any_tensor_is_read_into_one_row_a_document_or_refused(
        shape in any_json(),
        data in any_json(),
        documents in 1_usize..5,
    ) {
        if let Ok(answers) = of(&embedding(), &vectors(&shape, &data), documents) {
            prop_assert_eq!(answers.len(), documents);
            for answer in answers.into_iter().flatten() {
                prop_assert!(answer.fields["embedding"].as_array().unwrap().iter().all(Value::is_number));
            }
        }
    }

    #[test]
    fn rows_go_to_their_own_documents(numbers in prop::collection::vec(any::<i32>(), 1..40), width in 1_usize..4) {
        let data: Vec<i32> = numbers.iter().flat_map(|number| vec![*number; width]).collect();
        let shape = json!([numbers.len(), width]);
        let answers = of(&embedding(), &vectors(&shape, &json!(data)), numbers.len()).unwrap();
        for (answer, number) in fields(&answers).iter().zip(&numbers) {
            prop_assert_eq!(&answer["embedding"], &json!(vec![*number; width]));
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(self::bytes(&topic(), &bytes, 1).is_err());
    }
}
