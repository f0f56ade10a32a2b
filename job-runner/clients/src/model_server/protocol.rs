//! The requests and responses of model servers, by protocol. No I/O.
//!
//! Each protocol writes one request for some documents and reads one reply for each, in their order. A
//! response is accepted only if it tells which result belongs to which document: a result must never reach
//! the wrong one.

mod address;
pub mod http_call;
mod messages;
pub mod open_inference;
pub mod openai_chat;
pub mod openai_embeddings;
pub mod outputs;
mod refusal;
pub mod text_embeddings;
mod vectors;

use docmill_crds::api::enricher::{Enricher, Protocol};
use reqwest::header::HeaderMap;

pub use messages::{Answer, AnswerError, Call, CallError, Reply};
pub use refusal::{Refusal, judge, without_words};

const NO_SERVER: &str = "a builtin has no server that could be called";

/// The protocol of an enricher. The schema guarantees that there is one.
pub fn protocol(enricher: &Enricher) -> Result<Protocol<'_>, AnswerError> {
    enricher.protocol().ok_or_else(|| AnswerError::Unfit("no model is set".to_owned()))
}

/// Writes the request for some documents: `documents[i]` holds the inputs of document `i`, in the order of
/// the enricher's. `id` is for protocols that have one, and is returned in the response.
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

/// Reads the response to the request with this id for `documents` documents.
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

/// Whether a response with this status holds results. The protocols specify 200; users' own services also
/// like to say that something was created.
pub fn has_results(enricher: &Enricher, status: u16) -> bool {
    status == 200 || (status == 201 && matches!(enricher.protocol(), Some(Protocol::Http(_))))
}

/// Where a server publishes the version of its model, to be requested with `GET`; `None` if the protocol has
/// no such place.
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

/// Reads the version that a server publishes at [`version_url`]; `None` if it publishes none.
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

#[cfg(test)]
mod tests;
