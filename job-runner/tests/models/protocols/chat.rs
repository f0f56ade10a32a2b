//! OpenAI's chat completions.

use serde_json::{Value, json};

use super::bed::Bed;
use super::server::{Request, Server};

/// Says how long the headline is. That of `long` is cut off, that of `rude` refused, that of `chatty` is no JSON.
fn completion(request: &Request) -> (u16, Value) {
    assert_eq!(request.path, "/v1/chat/completions");
    let messages = request.body["messages"].as_array().unwrap();
    assert_eq!(
        (messages.len(), &messages[0]["role"], &messages[1]["role"]),
        (2, &json!("system"), &json!("user"))
    );
    let headline = messages[1]["content"].as_str().unwrap();
    let said = json!({"length": headline.len(), "kind": "short", "people": null}).to_string();
    let (content, finish, refusal) = match headline {
        "long" => (json!(said[..10]), "length", Value::Null),
        "rude" => (Value::Null, "stop", json!("I would rather not.")),
        "chatty" => (json!(format!("Sure! {said}")), "stop", Value::Null),
        _ => (json!(said), "stop", Value::Null),
    };
    let message = json!({"role": "assistant", "content": content, "refusal": refusal});
    let choices = json!([{"index": 0, "message": message, "finish_reason": finish}]);
    (200, json!({"model": "small-2026-01-01", "choices": choices}))
}

fn enricher(url: &str) -> Value {
    json!({"name": "facts", "openAIChat": {"url": format!("{url}/v1"), "model": "small", "maxTokens": 50,
            "temperatureMilli": 0, "seed": 1},
        "inputs": [{"name": "system", "template": "Tell about the headline."},
                   {"name": "user", "template": "{headline}"}],
        "outputs": [{"field": "headlineLength", "from": "length", "type": "Integer"},
                    {"field": "kind", "type": "Keyword", "values": ["short", "long"]},
                    {"field": "people", "type": "Keyword", "repeated": true, "optional": true}]})
}

#[tokio::test]
async fn a_chat_is_told_the_schema_and_its_answers_become_fields() {
    let Some(bed) = Bed::with("chat", &["one", "three"]).await else { return };
    let server = Server::start(completion).await;
    let report = bed.run("run-1", &enricher(&server.url), None).await.unwrap();
    assert_eq!((report.done, report.failed), (2, 0), "{:?}", report.error);
    for (headline, copy) in bed.copies().await {
        assert_eq!((&copy["headlineLength"], &copy["kind"]), (&json!(headline.len()), &json!("short")));
        assert_eq!(copy.get("people"), None);
        assert_eq!(copy["_docmill"]["enrichment"]["facts"]["version"], "small-2026-01-01");
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let body = &requests[0].body;
    assert_eq!(
        (&body["max_tokens"], &body["temperature"], &body["seed"]),
        (&json!(50), &json!(0.0), &json!(1))
    );
    assert_eq!(
        body["response_format"],
        json!({"type": "json_schema", "json_schema": {"name": "facts", "strict": true, "schema": {
            "type": "object",
            "properties": {"length": {"type": "integer"}, "kind": {"type": "string", "enum": ["short", "long"]},
                "people": {"type": ["array", "null"], "items": {"type": "string"}}},
            "required": ["length", "kind", "people"], "additionalProperties": false}}})
    );
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_refused_fails_its_own_document_only() {
    for (headline, told) in
        [("long", "cut off"), ("rude", "I would rather not."), ("chatty", "expected JSON")]
    {
        let Some(bed) = Bed::with(headline, &["one", headline, "three"]).await else { return };
        let server = Server::start(completion).await;
        let report = bed.run("run-1", &enricher(&server.url), None).await.unwrap();
        assert_eq!((report.done, report.failed), (2, 1), "{headline}");
        let reason = bed.first_failure("run-1").await;
        assert!(reason.contains(told), "{reason}");
    }
}
