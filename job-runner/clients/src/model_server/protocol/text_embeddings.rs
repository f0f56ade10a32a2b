//! Hugging Face's Text Embeddings Inference. No I/O.
//!
//! Specification: <https://huggingface.github.io/text-embeddings-inference/>. Vectors come in the order of
//! the texts, so a response is accepted only if there are as many of them. `GET /info` tells which model the
//! server runs.

use docmill_crds::api::enricher::{OutputField, TextEmbeddings};
use serde_json::{Value, json};

use super::messages::{AnswerError, Call, Reply, first_inputs, parse};
use super::{address, vectors};

/// The request for some documents.
pub fn call(server: &TextEmbeddings, documents: &[&[String]]) -> Call {
    let body = json!({
        "inputs": first_inputs(documents),
        "truncate": server.truncate,
        "normalize": server.normalize,
    });
    Call::post(address::join(&server.url, "embed"), &body)
}

/// Reads the response to a request for `documents` documents.
pub fn read(body: &[u8], fields: &[OutputField], documents: usize) -> Result<Vec<Reply>, AnswerError> {
    let answer = parse(body)?;
    let Value::Array(found) = &answer else {
        return Err(AnswerError::Broken("it is no list of vectors".to_owned()));
    };
    if found.len() != documents {
        return Err(AnswerError::Broken(format!("it has {} vectors for {documents} documents", found.len())));
    }
    let found: Vec<&Value> = found.iter().collect();
    vectors::replies(fields, &found, None)
}

/// Where the server publishes which model it runs.
pub fn info_url(server: &TextEmbeddings) -> String {
    address::join(&server.url, "info")
}

/// The model that a server runs, as `model_id@model_sha`; without the second part for a model from a folder.
pub fn read_info(body: &[u8]) -> Result<String, AnswerError> {
    let info = parse(body)?;
    let text = |key: &str| info.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let model = text("model_id")
        .ok_or_else(|| AnswerError::Broken("it names no model_id: is it the server's /info?".to_owned()))?;
    Ok(match text("model_sha") {
        Some(sha) => format!("{model}@{sha}"),
        None => model.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::TextEmbeddings;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::tests::{any_json, broken};
    use super::super::vectors::tests::{field, vectors};
    use super::{AnswerError, Reply, call, info_url, read, read_info};

    fn of(answer: &Value, documents: usize) -> Result<Vec<Reply>, AnswerError> {
        read(answer.to_string().as_bytes(), &field(None), documents)
    }

    #[test]
    fn a_request_says_what_is_to_become_of_long_texts() {
        let server = TextEmbeddings { url: "http://tei:8080".into(), truncate: true, normalize: false };
        let (a, b) = (["a".to_owned()], ["b".to_owned()]);
        let sent = call(&server, &[&a, &b]);
        assert_eq!(
            (sent.url.as_str(), info_url(&server).as_str()),
            ("http://tei:8080/embed", "http://tei:8080/info")
        );
        assert_eq!(
            serde_json::from_slice::<Value>(&sent.body).unwrap(),
            json!({"inputs": ["a", "b"], "truncate": true, "normalize": false})
        );
    }

    #[test]
    fn another_number_of_vectors_is_not_believed() {
        assert_eq!(vectors(&of(&json!([[1], [2]]), 2).unwrap()), [json!([1]), json!([2])]);
        assert!(broken(of(&json!([[1]]), 2)).contains("1 vectors for 2 documents"));
        assert!(broken(of(&json!([[1], [2], [3]]), 2)).contains("3 vectors"));
        assert!(broken(of(&json!({"error": "x"}), 2)).contains("no list"));
    }

    #[test]
    fn the_model_is_told_with_its_commit_where_it_has_one() {
        let read = |info: Value| read_info(info.to_string().as_bytes());
        let model = read(json!({"model_id": "BAAI/bge-m3", "model_sha": "5617a9f", "max_input_length": 512}));
        assert_eq!(model, Ok("BAAI/bge-m3@5617a9f".to_owned()));
        assert_eq!(read(json!({"model_id": "/data", "model_sha": null})), Ok("/data".to_owned()));
        assert!(matches!(read(json!({"model_sha": "5617a9f"})), Err(AnswerError::Broken(_))));
        assert!(matches!(read_info(b"<html>"), Err(AnswerError::Broken(_))));
    }

    proptest! {
        #[test]
        fn any_answer_gives_one_reply_a_document_or_an_error(answer in any_json(), documents in 1_usize..5) {
            if let Ok(replies) = of(&answer, documents) {
                prop_assert_eq!(replies.len(), documents);
            }
        }

        #[test]
        fn vectors_go_to_their_own_documents(numbers in prop::collection::vec(any::<i32>(), 1..40)) {
            let answer: Vec<Value> = numbers.iter().map(|number| json!([number])).collect();
            prop_assert_eq!(vectors(&of(&json!(answer), numbers.len()).unwrap()), answer);
        }
    }
}
