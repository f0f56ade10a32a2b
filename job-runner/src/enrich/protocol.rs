//! What is sent to a model server and read from it, by protocol. No I/O.
//!
//! Each protocol writes one request for some documents and reads one reply for each, in their order. An answer is
//! believed only if it tells which result is whose: a result must never reach the wrong document.

pub mod open_inference;
pub mod outputs;
mod refusal;

use docmill_crds::enricher::Protocol;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

pub use refusal::{Refusal, judge};

use super::recipe::Model;

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
    #[error("{0}")]
    Unfit(String),
    /// This answer is broken: cut short, no JSON, another number of results.
    #[error("the answer cannot be used: {0}")]
    Broken(String),
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

/// Writes the request for some documents: `documents[i]` holds the inputs of document `i`, in the order of the enricher's.
/// `id` is for protocols that have one, and comes back in the answer.
pub fn call(model: &Model, id: &str, documents: &[&[String]]) -> Result<Call, AnswerError> {
    match model.protocol()? {
        Protocol::OpenInference(server) => Ok(Call {
            url: open_inference::infer_url(server),
            headers: HeaderMap::new(),
            body: open_inference::write(id, &model.enricher.inputs, documents),
        }),
        _ => Err(AnswerError::Unfit("not supported".to_owned())),
    }
}

/// Reads the answer to the request with this id for so many documents.
pub fn read(model: &Model, id: &str, body: &[u8], documents: usize) -> Result<Vec<Reply>, AnswerError> {
    match model.protocol()? {
        Protocol::OpenInference(server) => {
            open_inference::read(body, id, server, &model.enricher.outputs, documents)
        }
        _ => Err(AnswerError::Unfit("not supported".to_owned())),
    }
}

/// Where a server tells the version of its model, to be asked with `GET`; none where the protocol has no such place.
#[must_use]
pub fn version_url(protocol: Protocol<'_>) -> Option<String> {
    match protocol {
        Protocol::OpenInference(server) => Some(open_inference::metadata_url(server)),
        _ => None,
    }
}

/// Reads the version that a server tells at [`version_url`]; none if it tells none.
pub fn read_version(protocol: Protocol<'_>, body: &[u8]) -> Result<Option<String>, AnswerError> {
    match protocol {
        Protocol::OpenInference(server) => open_inference::read_metadata(server, body),
        _ => Ok(None),
    }
}
