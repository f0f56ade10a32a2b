//! The requests and responses of a model server, whatever the protocol.

use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

/// A model's result for one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The fields of the enricher and their values.
    pub fields: Map<String, Value>,
    /// The version of the model that the server reported, if any.
    pub version: Option<String>,
}

/// The result for one document: its answer, or what is wrong with the model's output for it.
pub type Reply = Result<Answer, String>;

/// Why a response is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The model is not what the enricher says; other documents would fare no better.
    #[error("its answers do not fit the enricher, {0}")]
    Unfit(String),
    /// The response is complete, and not of the form that the enricher describes. If none was so far, the enricher is wrong;
    /// after others that were, it is about the documents of this one.
    #[error("its answers do not fit the enricher, {0}")]
    Unexpected(String),
    /// This response is broken: truncated, not JSON, another number of results.
    #[error("the answer cannot be used, {0}")]
    Broken(String),
}

/// Why a request cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// With this enricher, no document could be sent.
    #[error("{0}")]
    Unfit(String),
    /// One of the documents cannot be put into a request.
    #[error("{0}")]
    Document(String),
}

/// A request, to be sent with `POST` and a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The URL.
    pub url: String,
    /// In addition to the headers of the credentials.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Vec<u8>,
}

impl Call {
    /// A call without headers of its own.
    pub(crate) fn post(url: String, body: &Value) -> Self {
        // JSON into a Vec: serde_json cannot fail here.
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
