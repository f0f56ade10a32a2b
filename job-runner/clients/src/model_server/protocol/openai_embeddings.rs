//! OpenAI's embeddings, as OpenAI, vLLM, Ollama, llama.cpp and others serve them. No I/O.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/embeddings>. The `index` of a result tells
//! which input it belongs to; results may come in any order, and a response is accepted only if each index
//! comes exactly once.

use docmill_crds::api::enricher::{OpenAIEmbeddings, OutputField};
use serde_json::{Value, json};

use super::messages::{AnswerError, Call, Reply, first_inputs, parse};
use super::{address, vectors};

/// The request for some documents.
pub fn call(server: &OpenAIEmbeddings, documents: &[&[String]]) -> Call {
    let mut body = json!({
        "model": server.model,
        "input": first_inputs(documents),
        "encoding_format": "float",
    });
    if let Some(dimensions) = server.dimensions {
        body["dimensions"] = json!(dimensions);
    }
    Call::post(address::join(&server.url, "embeddings"), &body)
}

/// Reads the response to a request for `documents` documents.
pub fn read(body: &[u8], fields: &[OutputField], documents: usize) -> Result<Vec<Reply>, AnswerError> {
    let answer = parse(body)?;
    let Some(Value::Array(results)) = answer.get("data") else {
        return Err(AnswerError::Broken("it has no list data".to_owned()));
    };
    let ordered = in_order(results, documents)?;
    if ordered.iter().any(|vector| vector.is_string()) {
        return Err(AnswerError::Unfit(
            "it gives vectors in base64, though encoding_format float is asked for".to_owned(),
        ));
    }
    vectors::replies(fields, &ordered, answer.get("model").and_then(Value::as_str))
}

/// The vectors in the order of the documents.
fn in_order(results: &[Value], documents: usize) -> Result<Vec<&Value>, AnswerError> {
    let broken = |text: String| AnswerError::Broken(text);
    if results.len() != documents {
        return Err(broken(format!("it has {} results for {documents} documents", results.len())));
    }
    let mut vectors: Vec<Option<&Value>> = vec![None; documents];
    for result in results {
        let index = result.get("index").and_then(Value::as_u64);
        let slot = index.and_then(|index| usize::try_from(index).ok()).and_then(|at| vectors.get_mut(at));
        match slot {
            None => return Err(broken(format!("a result has the index {index:?}"))),
            Some(Some(_)) => return Err(broken(format!("two results have the index {index:?}"))),
            Some(slot) => *slot = Some(result.get("embedding").unwrap_or(&Value::Null)),
        }
    }
    // As many results as documents, and none twice: all are filled.
    Ok(vectors.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::OpenAIEmbeddings;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::tests::{any_json, broken, unfit};
    use super::super::vectors::tests::{field, vectors};
    use super::{AnswerError, Reply, call, read};

    fn of(answer: &Value, documents: usize) -> Result<Vec<Reply>, AnswerError> {
        read(answer.to_string().as_bytes(), &field(None), documents)
    }

    fn result(index: &Value, vector: &Value) -> Value {
        json!({"object": "embedding", "index": index, "embedding": vector})
    }

    fn answer(results: &[Value]) -> Value {
        json!({"object": "list", "data": results, "model": "minilm-2026", "usage": {"prompt_tokens": 1}})
    }

    #[test]
    fn a_request_has_all_documents_and_asks_for_fewer_numbers_only_where_told_so() {
        let mut server = OpenAIEmbeddings { url: "http://m/v1/".into(), model: "m".into(), dimensions: None };
        let (a, b) = (["a".to_owned()], ["b".to_owned()]);
        let sent = call(&server, &[&a, &b]);
        assert_eq!(sent.url, "http://m/v1/embeddings");
        assert_eq!(
            serde_json::from_slice::<Value>(&sent.body).unwrap(),
            json!({"model": "m", "input": ["a", "b"], "encoding_format": "float"})
        );
        server.dimensions = Some(256);
        let body: Value = serde_json::from_slice(&call(&server, &[&a]).body).unwrap();
        assert_eq!(body["dimensions"], 256);
    }

    #[test]
    fn an_answer_is_read_by_index_and_tells_the_model() {
        let swapped = answer(&[result(&json!(1), &json!([3, 4])), result(&json!(0), &json!([1, 2]))]);
        let replies = of(&swapped, 2).unwrap();
        assert_eq!(vectors(&replies), [json!([1, 2]), json!([3, 4])]);
        assert_eq!(replies[0].as_ref().unwrap().version.as_deref(), Some("minilm-2026"));
    }

    #[test]
    fn indices_that_do_not_tell_whose_a_result_is_are_not_believed() {
        let vector = json!([1]);
        let with = |indices: &[Value]| {
            let results: Vec<Value> = indices.iter().map(|index| result(index, &vector)).collect();
            of(&answer(&results), 2)
        };
        assert!(broken(with(&[json!(0)])).contains("1 results for 2 documents"));
        assert!(broken(with(&[json!(0), json!(1), json!(2)])).contains("3 results for 2"));
        assert!(broken(with(&[json!(1), json!(1)])).contains("two results"));
        for odd in [json!(2), json!(-1), json!("1"), json!(null), json!(0.5)] {
            assert!(broken(with(&[json!(0), odd])).contains("has the index"));
        }
        assert!(broken(of(&json!({"error": {"message": "no"}}), 1)).contains("no list data"));
    }

    #[test]
    fn vectors_as_base64_are_told() {
        let answer = answer(&[result(&json!(0), &json!("AACAPw=="))]);
        assert!(unfit(of(&answer, 1)).contains("base64"));
    }

    proptest! {
        #[test]
        fn any_results_give_one_reply_a_document_or_an_error(
            results in prop::collection::vec(any_json(), 0..5), documents in 1_usize..5,
        ) {
            if let Ok(replies) = of(&answer(&results), documents) {
                prop_assert_eq!(replies.len(), documents);
            }
        }

        #[test]
        fn results_reach_their_own_documents_in_whatever_order_they_come(
            order in Just((0_usize..40).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let results: Vec<Value> =
                order.iter().map(|&index| result(&json!(index), &json!([index, 1]))).collect();
            let expected: Vec<Value> = (0..40).map(|index| json!([index, 1])).collect();
            prop_assert_eq!(vectors(&of(&answer(&results), 40).unwrap()), expected);
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&bytes, &field(None), 1).is_err());
        }
    }
}
