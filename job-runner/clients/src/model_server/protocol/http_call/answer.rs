//! Reads a response into one reply per document.

use docmill_crds::api::enricher::{HttpCall, OutputField};
use serde_json::Value;

use crate::model_server::protocol::messages::{Answer, AnswerError, Reply, parse};
use crate::model_server::protocol::outputs;

/// Reads the response to a request for `documents` documents.
pub fn read(
    body: &[u8],
    call: &HttpCall,
    fields: &[OutputField],
    documents: usize,
) -> Result<Vec<Reply>, AnswerError> {
    let answer = parse(body)?;
    let version = version(&answer, call);
    let found = found(&answer, call)?;
    let results: Vec<&Value> = if call.takes_several() { list(found, call)? } else { vec![found] };
    if results.len() != documents {
        return Err(AnswerError::Broken(format!(
            "it has {} results for {documents} documents",
            results.len()
        )));
    }
    let reply = |result: &Value| {
        let fields = outputs::fields(fields, |output| value(result, output))?;
        Ok(Answer { fields, version: version.clone() })
    };
    Ok(results.into_iter().map(reply).collect())
}

/// What `results` points to. A response that contains an error may be a transient failure of the server; a
/// complete one that has nothing there is not what the user expects.
fn found<'a>(answer: &'a Value, call: &HttpCall) -> Result<&'a Value, AnswerError> {
    let pointer = call.results.as_deref().unwrap_or_default();
    match (answer.pointer(pointer), answer.get("error")) {
        (Some(found), _) => Ok(found),
        (None, Some(error)) => Err(AnswerError::Broken(outputs::shown(&error.to_string()))),
        (None, None) => Err(AnswerError::Unexpected(format!(
            "its answer has nothing at results: {pointer:?}, only: {}",
            outputs::shown(&names(answer))
        ))),
    }
}

fn names(answer: &Value) -> String {
    match answer {
        Value::Object(object) => object.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn list<'a>(found: &'a Value, call: &HttpCall) -> Result<Vec<&'a Value>, AnswerError> {
    let pointer = call.results.as_deref().unwrap_or_default();
    match (found, found.get("error")) {
        (Value::Array(results), _) => Ok(results.iter().collect()),
        (_, Some(error)) => Err(AnswerError::Broken(outputs::shown(&error.to_string()))),
        (_, None) => Err(AnswerError::Unexpected(format!(
            "its answer has no list at results: {pointer:?}, but {}",
            outputs::shown(&found.to_string())
        ))),
    }
}

/// The value of an output in the result of a document. Without `from` it is the member with the name of the
/// field.
fn value<'a>(result: &'a Value, output: &OutputField) -> Option<&'a Value> {
    match output.from.as_deref() {
        Some(pointer) => result.pointer(pointer),
        None => result.get(&output.field),
    }
}

/// A text, or a number as one.
fn version(answer: &Value, call: &HttpCall) -> Option<String> {
    match answer.pointer(call.version_from.as_deref()?)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
