//! What goes to a model server and comes back, whatever the protocol.

use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

/// What a model gave for one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The fields of the enricher and their values.
    pub fields: Map<String, Value>,
    /// Version of the model that the server told, if it tells one.
    pub version: Option<String>,
}

/// What became of one document: its answer, or what is wrong with what the model gave for it.
pub type Reply = Result<Answer, String>;

/// Why an answer is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The model is not what the enricher says; other documents would fare no better.
    #[error("its answers do not fit the enricher, {0}")]
    Unfit(String),
    /// This answer is broken: cut short, no JSON, another number of results.
    #[error("the answer cannot be used, {0}")]
    Broken(String),
}

/// Why a request cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No document could be sent with what the enricher says.
    #[error("{0}")]
    Unfit(String),
    /// One of the documents cannot be put into a request.
    #[error("{0}")]
    Document(String),
}

/// A request, to be sent with `POST` and a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where to.
    pub url: String,
    /// Besides those of the credentials.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Vec<u8>,
}

impl Call {
    /// A call without headers of its own.
    pub(crate) fn post(url: String, body: &Value) -> Self {
        // JSON into a Vec: serde_json has no way to fail here.
        Self { url, headers: HeaderMap::new(), body: serde_json::to_vec(body).unwrap_or_default() }
    }
}

pub(crate) fn parse(body: &[u8]) -> Result<Value, AnswerError> {
    serde_json::from_slice(body).map_err(|error| AnswerError::Broken(error.to_string()))
}

/// The only input of each document, for protocols that take one.
pub(crate) fn first_inputs<'a>(documents: &[&'a [String]]) -> Vec<&'a str> {
    documents.iter().map(|texts| texts.first().map_or("", String::as_str)).collect()
}
