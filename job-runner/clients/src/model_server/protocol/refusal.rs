//! A response without results: who has to act, and what the server said.

use serde_json::Value;

/// Maximum characters of the server's words that are kept.
const REASON_CHARS: usize = 300;

/// What an error status means for the documents of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The model is away or busy: retry the same request later.
    Later(String),
    /// The model failed on this request: it may be down, or one of the documents is too much for it.
    Fault(String),
    /// The model rejects this request; one of its documents may be the cause.
    Batch(String),
    /// There is no such model: no request would fare better.
    Unfit(String),
    /// The credentials are rejected.
    Unauthorized(String),
}

/// Reads an error. Servers format it as `{"error": "…"}` (Open Inference Protocol, Text Embeddings
/// Inference), `{"error": {"message": "…"}}` (OpenAI), `{"detail": …}` (`FastAPI`) or as plain text.
pub fn judge(status: u16, body: &[u8]) -> Refusal {
    let server_message = server_message(body);
    let reason = if server_message.is_empty() {
        format!("status {status}")
    } else {
        format!("status {status}, {server_message}")
    };
    match status {
        // Text Embeddings Inference returns 424 if its own engine failed.
        424 | 500 => Refusal::Fault(reason),
        408 | 425 | 429 | 501.. => Refusal::Later(reason),
        401 | 403 => Refusal::Unauthorized(reason),
        404 | 405 => Refusal::Unfit(reason),
        // Also 2xx and 3xx other than 200: the protocol has none of them, and a redirect would drop the body.
        400..=499 => Refusal::Batch(reason),
        _ => Refusal::Unfit(reason),
    }
}

/// Our part of a reason, without what the server said: that is for records and logs, and nothing of it
/// reaches a status. Reasons of [`judge`] and of `AnswerError` begin with it, and the server's words follow
/// after a comma.
pub fn without_words(reason: &str) -> &str {
    reason.split_once(", ").map_or(reason, |(ours, _)| ours)
}

fn server_message(body: &[u8]) -> String {
    let message = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => match object.get("error").or_else(|| object.get("detail")) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Object(error)) if error.get("message").is_some_and(Value::is_string) => {
                error["message"].as_str().unwrap_or_default().to_owned()
            }
            Some(other) => other.to_string(),
            None => String::new(),
        },
        Ok(_) => String::new(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::{Refusal, judge, without_words};

    #[test]
    fn our_part_of_a_reason_ends_before_the_servers_words() {
        for body in [&b"hunter2"[..], br#"{"error":"hunter2, indeed"}"#] {
            let Refusal::Later(reason) = judge(503, body) else { panic!("another refusal") };
            assert!(reason.contains("hunter2"));
            assert_eq!(without_words(&reason), "status 503");
        }
        assert_eq!(without_words("connection refused"), "connection refused");
    }

    #[test]
    fn the_servers_words_are_kept() {
        assert_eq!(
            judge(404, br#"{"error":"Model nope not found"}"#),
            Refusal::Unfit("status 404, Model nope not found".into())
        );
        assert_eq!(
            judge(422, br#"{"detail":[{"msg":"field required"}]}"#),
            Refusal::Batch(r#"status 422, [{"msg":"field required"}]"#.into())
        );
        assert_eq!(
            judge(500, b"Internal Server Error"),
            Refusal::Fault("status 500, Internal Server Error".into())
        );
        assert_eq!(
            judge(401, br#"{"error":{"message":"no key","type":"invalid_request_error"}}"#),
            Refusal::Unauthorized("status 401, no key".into())
        );
        assert_eq!(
            judge(424, br#"{"error":"Inference failed","error_type":"backend"}"#),
            Refusal::Fault("status 424, Inference failed".into())
        );
        assert_eq!(judge(503, b""), Refusal::Later("status 503".into()));
        assert_eq!(judge(429, b""), Refusal::Later("status 429".into()));
    }
}
