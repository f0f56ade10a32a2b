//! An answer, read into one set of fields a document.

use docmill_crds::enrichment_run::{Enricher, OutputField};
use serde_json::{Map, Value};

use super::tensor;

/// What a model gave for one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The fields of the enricher and their values.
    pub fields: Map<String, Value>,
    /// Version of the model that the server reported.
    pub version: Option<String>,
}

/// Why an answer is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The model is not what the enricher says; other documents would fare no better.
    #[error("{0}")]
    Unfit(String),
    /// This answer is broken: cut short, another number of rows, values that are no numbers.
    #[error("the answer cannot be used: {0}")]
    Broken(String),
}

/// Reads the answer to a request with this id for so many documents.
pub fn read(
    body: &[u8],
    id: &str,
    enricher: &Enricher,
    documents: usize,
) -> Result<Vec<Answer>, AnswerError> {
    let mut answer: Value =
        serde_json::from_slice(body).map_err(|error| AnswerError::Broken(error.to_string()))?;
    check_sender(&answer, id, enricher)?;
    let version = answer.get("model_version").and_then(Value::as_str).map(str::to_owned);
    let Some(Value::Array(tensors)) = answer.get_mut("outputs").map(Value::take) else {
        return Err(AnswerError::Broken("it has no outputs".to_owned()));
    };
    let mut answers = vec![Answer { fields: Map::new(), version }; documents];
    for output in &enricher.outputs {
        let rows = tensor::rows(find(&tensors, output)?, output.type_, documents)?;
        for (answer, row) in answers.iter_mut().zip(rows) {
            answer.fields.insert(output.field.clone(), row);
        }
    }
    Ok(answers)
}

/// Answers that went astray (a proxy's cache, a mixed-up connection) are not used.
fn check_sender(answer: &Value, id: &str, enricher: &Enricher) -> Result<(), AnswerError> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    if let Some(other) = text("id").filter(|other| *other != id) {
        return Err(AnswerError::Broken(format!("it is for request {other:?} and not for {id:?}")));
    }
    let asked = &enricher.open_inference;
    match text("model_name") {
        Some(name) if name == asked.model => {}
        Some(name) => return Err(AnswerError::Unfit(format!("the server answers for model {name:?}"))),
        None => return Err(AnswerError::Broken("it names no model".to_owned())),
    }
    match (text("model_version"), &asked.version) {
        (Some(version), Some(wanted)) if version != wanted => {
            Err(AnswerError::Unfit(format!("the server answers with version {version:?}, not {wanted:?}")))
        }
        _ => Ok(()),
    }
}

/// Several fields can be made from one tensor, so that it is lent and not taken.
fn find<'a>(tensors: &'a [Value], output: &OutputField) -> Result<&'a Value, AnswerError> {
    let named = |tensor: &Value| tensor.get("name").and_then(Value::as_str) == Some(output.tensor.as_str());
    let mut found = tensors.iter().filter(|tensor| named(tensor));
    match (found.next(), found.next()) {
        (Some(tensor), None) => Ok(tensor),
        (Some(_), Some(_)) => Err(AnswerError::Broken(format!("it has two tensors {:?}", output.tensor))),
        (None, _) => {
            let given: Vec<&str> = tensors.iter().filter_map(|tensor| tensor.get("name")?.as_str()).collect();
            let given = given.join(", ");
            Err(AnswerError::Unfit(format!("it gives no tensor {:?}, only: {given}", output.tensor)))
        }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
