//! Reads a response into one reply per document.

use docmill_crds::api::enricher::{OpenInference, OutputField};
use serde_json::Value;

use super::tensor;
use crate::model_server::protocol::messages::{Answer, AnswerError, Reply};
use crate::model_server::protocol::outputs;

/// Reads the response to a request with this id for `documents` documents.
pub fn read(
    body: &[u8],
    id: &str,
    server: &OpenInference,
    fields: &[OutputField],
    documents: usize,
) -> Result<Vec<Reply>, AnswerError> {
    let answer: Value =
        serde_json::from_slice(body).map_err(|error| AnswerError::Broken(error.to_string()))?;
    check_sender(&answer, id, server)?;
    let version = answer.get("model_version").and_then(Value::as_str).map(str::to_owned);
    let Some(Value::Array(tensors)) = answer.get("outputs") else {
        return Err(AnswerError::Broken("it has no outputs".to_owned()));
    };
    let rows: Vec<Vec<Value>> = fields
        .iter()
        .map(|output| tensor::rows(find(tensors, output)?, output, documents))
        .collect::<Result<_, _>>()?;
    let reply = |document: usize| {
        let found = |output: &OutputField| {
            let at = fields.iter().position(|field| field.field == output.field)?;
            rows.get(at)?.get(document)
        };
        let fields = outputs::fields(fields, found)?;
        Ok(Answer { fields, version: version.clone() })
    };
    Ok((0..documents).map(reply).collect())
}

/// Misdirected responses (a proxy's cache, a mixed-up connection) are not used.
fn check_sender(answer: &Value, id: &str, server: &OpenInference) -> Result<(), AnswerError> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    if let Some(other) = text("id").filter(|other| *other != id) {
        return Err(AnswerError::Broken(format!("it is for request {other:?} and not for {id:?}")));
    }
    match text("model_name") {
        Some(name) if name == server.model => {}
        Some(name) => return Err(AnswerError::Unfit(format!("the server answers for model {name:?}"))),
        None => return Err(AnswerError::Broken("it names no model".to_owned())),
    }
    match (text("model_version"), &server.version) {
        (Some(version), Some(wanted)) if version != wanted => {
            Err(AnswerError::Unfit(format!("the server answers with version {version:?}, not {wanted:?}")))
        }
        _ => Ok(()),
    }
}

/// Several fields can use one tensor, so it is borrowed and not taken.
fn find<'a>(tensors: &'a [Value], output: &OutputField) -> Result<&'a Value, AnswerError> {
    let wanted = output.from.as_deref().unwrap_or(&output.field);
    let named = |tensor: &Value| tensor.get("name").and_then(Value::as_str) == Some(wanted);
    let mut found = tensors.iter().filter(|tensor| named(tensor));
    match (found.next(), found.next()) {
        (Some(tensor), None) => Ok(tensor),
        (Some(_), Some(_)) => Err(AnswerError::Broken(format!("it has two tensors {wanted:?}"))),
        (None, _) => {
            let given: Vec<&str> = tensors.iter().filter_map(|tensor| tensor.get("name")?.as_str()).collect();
            let given = given.join(", ");
            Err(AnswerError::Unfit(format!("it gives no tensor {wanted:?}, only: {given}")))
        }
    }
}

#[cfg(test)]
mod tests;
