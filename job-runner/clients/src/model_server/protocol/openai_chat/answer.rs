//! Reads a response into the reply of its document.

use docmill_crds::api::enricher::OutputField;
use serde_json::Value;

use super::schema::name;
use crate::model_server::protocol::messages::{Answer, AnswerError, Reply, parse};
use crate::model_server::protocol::outputs;

/// Reads the response to the request for one document.
pub fn read(body: &[u8], fields: &[OutputField]) -> Result<Vec<Reply>, AnswerError> {
    let answer = parse(body)?;
    let choice = answer.pointer("/choices/0");
    let choice = choice.ok_or_else(|| AnswerError::Broken("it has no choices".to_owned()))?;
    let version = answer.get("model").and_then(Value::as_str).map(str::to_owned);
    let reply = || {
        let output = output_object(choice)?;
        let fields = outputs::fields(fields, |field| output.get(name(field)))?;
        Ok(Answer { fields, version })
    };
    Ok(vec![reply()])
}

/// The model's output, if it is a complete object.
fn output_object(choice: &Value) -> Result<Value, String> {
    let text = |path: &str| choice.pointer(path).and_then(Value::as_str);
    if let Some(refusal) = text("/message/refusal").filter(|refusal| !refusal.is_empty()) {
        return Err(format!("the model refuses: {}", outputs::shown(refusal)));
    }
    match text("/finish_reason") {
        Some("length") => {
            return Err(
                "the answer was cut off: it has more tokens than maxTokens or the server allows".to_owned()
            );
        }
        Some("content_filter") => return Err("the server's content filter withheld the answer".to_owned()),
        _ => {}
    }
    let content = text("/message/content").ok_or("the answer has no text")?;
    match serde_json::from_str(content) {
        Ok(Value::Object(object)) => Ok(Value::Object(object)),
        Ok(_) => Err(format!("expected a JSON object, found {}", outputs::shown(content))),
        Err(_) => Err(format!(
            "expected JSON, found {}; does the server know response_format json_schema?",
            outputs::shown(content)
        )),
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::OutputField;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{AnswerError, Reply, read};
    use crate::model_server::protocol::tests::{any_json, broken};

    fn outputs() -> Vec<OutputField> {
        serde_json::from_value(json!([
            {"field": "topic", "from": "label", "type": "Keyword", "values": ["sport", "news"]},
            {"field": "people", "type": "Keyword", "repeated": true, "optional": true},
        ]))
        .unwrap()
    }

    fn of(answer: &Value) -> Result<Vec<Reply>, AnswerError> {
        read(answer.to_string().as_bytes(), &outputs())
    }

    fn answer(content: &Value, finish: &str) -> Value {
        json!({"id": "c1", "model": "m-2026-01-01", "choices": [{"index": 0, "finish_reason": finish,
            "message": {"role": "assistant", "content": content, "refusal": null}}]})
    }

    fn refused(answer: &Value) -> String {
        of(answer).unwrap().remove(0).unwrap_err()
    }

    #[test]
    fn the_text_of_an_answer_is_the_fields() {
        let content = json!({"label": "news", "people": ["Ada"], "more": 1}).to_string();
        let reply = of(&answer(&json!(content), "stop")).unwrap().remove(0).unwrap();
        assert_eq!(json!(reply.fields), json!({"topic": "news", "people": ["Ada"]}));
        assert_eq!(reply.version.as_deref(), Some("m-2026-01-01"));
        let content = json!({"label": "news", "people": null}).to_string();
        let reply = of(&answer(&json!(content), "stop")).unwrap().remove(0).unwrap();
        assert_eq!(json!(reply.fields), json!({"topic": "news"}));
    }

    #[test]
    fn an_answer_that_is_not_whole_is_none() {
        let good = json!(json!({"label": "news"}).to_string());
        assert!(refused(&answer(&good, "length")).contains("cut off"));
        assert!(refused(&answer(&good, "content_filter")).contains("content filter"));
        let mut said_no = answer(&good, "stop");
        said_no["choices"][0]["message"]["refusal"] = json!("I cannot do that.");
        assert_eq!(refused(&said_no), "the model refuses: I cannot do that.");
    }

    #[test]
    fn what_is_no_object_of_the_schema_is_told() {
        for (content, expected) in [
            (json!("Sure! Here it is: {}"), "expected JSON, found Sure!"),
            (json!("{\"label\": \"ne"), "expected JSON"),
            (json!("[1]"), "expected a JSON object, found [1]"),
            (json!(null), "no text"),
            (json!("{}"), "the field \"topic\": the model gives nothing"),
            (json!("{\"label\": \"war\"}"), "one of sport, news"),
        ] {
            let found = refused(&answer(&content, "stop"));
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn an_answer_without_choices_is_broken() {
        assert!(broken(of(&json!({"choices": []}))).contains("no choices"));
        assert!(broken(of(&json!({"error": {"message": "x"}}))).contains("no choices"));
    }

    proptest! {
        #[test]
        fn any_answer_gives_one_reply_or_an_error(message in any_json(), content in any_json()) {
            let choices = json!({"choices": [{"message": message}]});
            for answer in [choices, answer(&json!(content.to_string()), "stop"), content] {
                if let Ok(replies) = of(&answer) {
                    prop_assert_eq!(replies.len(), 1);
                }
            }
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&bytes, &outputs()).is_err());
        }
    }
}
