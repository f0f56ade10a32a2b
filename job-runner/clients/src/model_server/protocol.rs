//! What is sent to a model server and read from it, by protocol. No I/O.
//!
//! Each protocol writes one request for some documents and reads one reply for each, in their order. An answer is
//! believed only if it tells which result is whose: a result must never reach the wrong document.

mod address;
pub mod http_call;
pub mod open_inference;
pub mod openai_chat;
pub mod openai_embeddings;
pub mod outputs;
mod refusal;
pub mod text_embeddings;
mod vectors;

use docmill_crds::enricher::{Enricher, Protocol};
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

pub use refusal::{Refusal, judge, without_words};

const NO_SERVER: &str = "a builtin has no server that could be called";

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
    fn post(url: String, body: &Value) -> Self {
        // JSON into a Vec: serde_json has no way to fail here.
        Self { url, headers: HeaderMap::new(), body: serde_json::to_vec(body).unwrap_or_default() }
    }
}

/// The protocol of an enricher. The schema sees to it that there is one.
pub fn protocol(enricher: &Enricher) -> Result<Protocol<'_>, AnswerError> {
    enricher.protocol().ok_or_else(|| AnswerError::Unfit("no model is set".to_owned()))
}

/// Writes the request for some documents: `documents[i]` holds the inputs of document `i`, in the order of the enricher's.
/// `id` is for protocols that have one, and comes back in the answer.
pub fn call(enricher: &Enricher, id: &str, documents: &[&[String]]) -> Result<Call, CallError> {
    match protocol(enricher).map_err(|error| CallError::Unfit(error.to_string()))? {
        Protocol::OpenInference(server) => Ok(Call {
            url: open_inference::infer_url(server),
            headers: HeaderMap::new(),
            body: open_inference::write(id, &enricher.inputs, documents),
        }),
        Protocol::OpenAIEmbeddings(server) => Ok(openai_embeddings::call(server, documents)),
        Protocol::OpenAIChat(server) => openai_chat::call(server, enricher, documents),
        Protocol::TextEmbeddings(server) => Ok(text_embeddings::call(server, documents)),
        Protocol::Http(call) => http_call::call(call, &enricher.inputs, documents),
        Protocol::Builtin(_) => Err(CallError::Unfit(NO_SERVER.to_owned())),
    }
}

/// Reads the answer to the request with this id for so many documents.
pub fn read(enricher: &Enricher, id: &str, body: &[u8], documents: usize) -> Result<Vec<Reply>, AnswerError> {
    let fields = &enricher.outputs;
    match protocol(enricher)? {
        Protocol::OpenInference(server) => open_inference::read(body, id, server, fields, documents),
        Protocol::OpenAIEmbeddings(_) => openai_embeddings::read(body, fields, documents),
        Protocol::OpenAIChat(_) => openai_chat::read(body, fields),
        Protocol::TextEmbeddings(_) => text_embeddings::read(body, fields, documents),
        Protocol::Http(call) => http_call::read(body, call, fields, documents),
        Protocol::Builtin(_) => Err(AnswerError::Unfit(NO_SERVER.to_owned())),
    }
}

/// Whether an answer with this status holds results. The protocols say 200; services of people's own also like to say
/// that something was created.
pub fn has_results(enricher: &Enricher, status: u16) -> bool {
    status == 200 || (status == 201 && matches!(enricher.protocol(), Some(Protocol::Http(_))))
}

/// Where a server tells the version of its model, to be asked with `GET`; none where the protocol has no such place.
pub fn version_url(protocol: Protocol<'_>) -> Option<String> {
    match protocol {
        Protocol::OpenInference(server) => Some(open_inference::metadata_url(server)),
        Protocol::TextEmbeddings(server) => Some(text_embeddings::info_url(server)),
        Protocol::OpenAIEmbeddings(_)
        | Protocol::OpenAIChat(_)
        | Protocol::Http(_)
        | Protocol::Builtin(_) => None,
    }
}

/// Reads the version that a server tells at [`version_url`]; none if it tells none.
pub fn read_version(protocol: Protocol<'_>, body: &[u8]) -> Result<Option<String>, AnswerError> {
    match protocol {
        Protocol::OpenInference(server) => open_inference::read_metadata(server, body),
        Protocol::TextEmbeddings(_) => text_embeddings::read_info(body).map(Some),
        Protocol::OpenAIEmbeddings(_)
        | Protocol::OpenAIChat(_)
        | Protocol::Http(_)
        | Protocol::Builtin(_) => Ok(None),
    }
}

fn parse(body: &[u8]) -> Result<Value, AnswerError> {
    serde_json::from_slice(body).map_err(|error| AnswerError::Broken(error.to_string()))
}

/// The only input of each document, for protocols that take one.
fn first_inputs<'a>(documents: &[&'a [String]]) -> Vec<&'a str> {
    documents.iter().map(|texts| texts.first().map_or("", String::as_str)).collect()
}

#[cfg(test)]
#[path = "protocol/tests.rs"]
mod tests;
