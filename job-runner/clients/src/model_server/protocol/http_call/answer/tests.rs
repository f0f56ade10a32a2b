use docmill_crds::api::enricher::{HttpCall, OutputField};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AnswerError, Reply, read};
use crate::model_server::protocol::tests::{any_json, broken, unexpected};

fn several(results: Option<&str>) -> HttpCall {
    let mut call = json!({"url": "http://ner", "request": "$items", "versionFrom": "/meta/version"});
    if let Some(results) = results {
        call["results"] = json!(results);
    }
    serde_json::from_value(call).unwrap()
}

fn single(results: &str) -> HttpCall {
    serde_json::from_value(json!({"url": "http://ner", "request": "$text", "results": results})).unwrap()
}

fn outputs(from: &Value) -> Vec<OutputField> {
    let mut output = json!({"field": "score", "type": "Number"});
    if from.is_string() {
        output["from"] = from.clone();
    }
    vec![serde_json::from_value(output).unwrap()]
}

fn of(call: &HttpCall, from: &Value, answer: &Value, documents: usize) -> Result<Vec<Reply>, AnswerError> {
    read(answer.to_string().as_bytes(), call, &outputs(from), documents)
}

fn scores(replies: &[Reply]) -> Vec<Value> {
    replies.iter().map(|reply| reply.as_ref().unwrap().fields["score"].clone()).collect()
}

#[test]
fn results_are_found_where_the_pointers_say() {
    let answer = json!({"out": [{"score": 1, "a/b": [{"x": 5}]}, {"score": 2, "a/b": [{"x": 6}]}],
        "meta": {"version": 3}});
    let replies = of(&several(Some("/out")), &json!("/a~1b/0/x"), &answer, 2).unwrap();
    assert_eq!(scores(&replies), [json!(5), json!(6)]);
    assert_eq!(replies[1].as_ref().unwrap().version.as_deref(), Some("3"));
    let replies = of(&several(Some("/out")), &Value::Null, &answer, 2).unwrap();
    assert_eq!(scores(&replies), [json!(1), json!(2)]);
    let replies = of(&several(None), &json!(""), &json!([7, 8]), 2).unwrap();
    assert_eq!(scores(&replies), [json!(7), json!(8)]);
    assert_eq!(replies[0].as_ref().unwrap().version, None);
}

#[test]
fn the_result_of_one_document_may_be_anything() {
    let replies = of(&single("/data/0"), &Value::Null, &json!({"data": [{"score": 9}]}), 1).unwrap();
    assert_eq!(scores(&replies), [json!(9)]);
    let replies = of(&single(""), &json!("/1"), &json!([1, 2]), 1).unwrap();
    assert_eq!(scores(&replies), [json!(2)]);
}

#[test]
fn another_number_of_results_is_not_believed() {
    let call = several(None);
    for answer in [json!([]), json!([1]), json!([1, 2, 3])] {
        assert!(broken(of(&call, &json!(""), &answer, 2)).contains("for 2 documents"));
    }
}

#[test]
fn an_answer_of_another_shape_is_told_with_what_it_has() {
    let call = several(Some("/out"));
    assert!(
        unexpected(of(&call, &Value::Null, &json!({"result": [], "took": 1}), 1)).contains("result, took")
    );
    assert!(unexpected(of(&call, &Value::Null, &json!({"out": 5}), 1)).contains("no list"));
    // A server that is in trouble is asked again, before anybody is blamed.
    assert!(broken(of(&call, &Value::Null, &json!({"error": "out of memory"}), 1)).contains("out of memory"));
    assert!(broken(of(&several(None), &Value::Null, &json!({"error": "oom"}), 1)).contains("oom"));
}

#[test]
fn a_value_of_another_type_is_the_fault_of_its_own_document() {
    let replies = of(&several(None), &Value::Null, &json!([{"score": 1}, {"score": "high"}, {}]), 3).unwrap();
    assert!(replies[0].is_ok());
    assert!(replies[1].as_ref().unwrap_err().contains("expected a number"));
    assert!(replies[2].as_ref().unwrap_err().contains("gives nothing"));
}

proptest! {
    #[test]
    fn any_answer_gives_one_reply_a_document_or_an_error(
        answer in any_json(),
        results in prop_oneof![Just(""), Just("/a"), Just("/a/0")],
        documents in 1_usize..5,
    ) {
        if let Ok(replies) = of(&several(Some(results)), &Value::Null, &answer, documents) {
            prop_assert_eq!(replies.len(), documents);
        }
        if let Ok(replies) = of(&single(results), &json!("/b"), &answer, 1) {
            prop_assert_eq!(replies.len(), 1);
        }
    }

    #[test]
    fn results_go_to_their_own_documents(numbers in prop::collection::vec(any::<i32>(), 1..40)) {
        let answer: Vec<Value> = numbers.iter().map(|number| json!({"score": number})).collect();
        let replies = of(&several(None), &Value::Null, &json!(answer), numbers.len()).unwrap();
        prop_assert_eq!(scores(&replies), numbers.into_iter().map(Value::from).collect::<Vec<_>>());
    }
}
