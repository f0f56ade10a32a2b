//! The protocols for calling models.
//!
//! To add one: its settings here, a variant of [`Protocol`] and a field of `Enricher`, and a module that
//! writes requests and reads responses in `model_server/protocol/` of `docmill-clients`.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::builtin::Builtin;

/// The string that stands for the list of all documents in the request of an [`HttpCall`].
pub const ITEMS: &str = "$items";

/// A model server that speaks the Open Inference Protocol v2 over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenInference {
    /// Base URL of the server, for example `http://models.ml.svc:8080`; `/v2/models/…` is added to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^/]+"))]
    pub url: String,
    /// Name of the model.
    #[schemars(length(min = 1, max = 256))]
    pub model: String,
    /// Version of the model. Left out: the server's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub version: Option<String>,
}

/// A server with OpenAI's embeddings API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenAIEmbeddings {
    /// Base URL, for example `https://api.openai.com/v1`; `/embeddings` is added to it, before a query if there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^/]+"))]
    pub url: String,
    /// Name of the model.
    #[schemars(length(min = 1, max = 256))]
    pub model: String,
    /// Number of dimensions to request, for models that can return fewer than their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4096))]
    pub dimensions: Option<i32>,
}

/// A server with OpenAI's chat completions API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("!has(self.maxTokens) || !has(self.maxCompletionTokens)")
    .message("at most one of maxTokens and maxCompletionTokens can be set: no server takes both"))]
pub struct OpenAIChat {
    /// Base URL, for example `https://api.openai.com/v1`; `/chat/completions` is added to it, before a query if there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^/]+"))]
    pub url: String,
    /// Name of the model.
    #[schemars(length(min = 1, max = 256))]
    pub model: String,
    /// Maximum number of tokens of an answer, sent as `max_tokens`, which Ollama, vLLM, llama.cpp, LM Studio
    /// and OpenAI's older models take. An answer that is cut off makes its document fail. Left out: the
    /// server's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_tokens: Option<i32>,
    /// The same, sent as `max_completion_tokens`: the only one that OpenAI's reasoning models take. Their
    /// reasoning tokens count too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_completion_tokens: Option<i32>,
    /// How varied answers are, in thousandths: 0 always picks the most likely answer, 1000 is the temperature
    /// 1. Left out: the server's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2000))]
    pub temperature_milli: Option<i32>,
    /// Seed for reproducible answers, as far as the server supports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = i32::MIN, max = i32::MAX))]
    pub seed: Option<i32>,
}

/// A server of Hugging Face's Text Embeddings Inference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextEmbeddings {
    /// Base URL, for example `http://tei.ml.svc:8080`; `/embed` is added to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^/]+"))]
    pub url: String,
    /// Truncate texts that are too long for the model. Left out: such a text makes its document fail.
    #[serde(default)]
    pub truncate: bool,
    /// Normalize vectors to length 1.
    #[serde(default = "default_normalize")]
    pub normalize: bool,
}

fn default_normalize() -> bool {
    true
}

/// A call to an HTTP server that takes and returns JSON.
///
/// In `request`, a string `$name` stands for the input of that name, and the request is for one document.
/// Where `request` has the string `$items` somewhere instead, that string stands for a list with one `item`
/// per document, and the server answers for several documents at once; the `$name` strings are then in
/// `item`. A string that begins with `$$` stands for itself, with one `$`. The server must answer with status
/// 200 or 201 and JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpCall {
    /// The URL for the `POST` request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^/]+"))]
    pub url: String,
    /// Headers to send. Secrets belong in `secretRef`, so `Authorization` is not allowed here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::headers")]
    pub headers: BTreeMap<String, String>,
    /// The body of a request, any JSON.
    #[schemars(schema_with = "crate::serialization::any")]
    pub request: Value,
    /// The element of `$items` for each document, any JSON. Left out: an object with all inputs by their
    /// names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::serialization::any")]
    pub item: Option<Value>,
    /// Where in the answer the result is, as a JSON Pointer (RFC 6901): with `$items`, a list with one result
    /// per document, in the same order; otherwise the result of the document. Left out: the whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), regex(pattern = r"^(/.*)?$"))]
    pub results: Option<String>,
    /// Name of the model, for the provenance. Left out: the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub model: Option<String>,
    /// Version of the model. Another version counts as another model, so that all documents are enriched
    /// again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub version: Option<String>,
    /// JSON Pointer to the model's version (a text or a number) in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), regex(pattern = r"^/.*$"))]
    pub version_from: Option<String>,
}

impl HttpCall {
    /// Whether one request can carry several documents.
    pub fn takes_several(&self) -> bool {
        has_items(&self.request)
    }
}

pub(super) fn has_items(value: &Value) -> bool {
    match value {
        Value::String(text) => text == ITEMS,
        Value::Array(values) => values.iter().any(has_items),
        Value::Object(object) => object.values().any(has_items),
        _ => false,
    }
}

/// The protocol of an enricher.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Protocol<'a> {
    /// Open Inference Protocol v2.
    OpenInference(&'a OpenInference),
    /// OpenAI's embeddings.
    OpenAIEmbeddings(&'a OpenAIEmbeddings),
    /// OpenAI's chat completions.
    OpenAIChat(&'a OpenAIChat),
    /// Text Embeddings Inference.
    TextEmbeddings(&'a TextEmbeddings),
    /// Any HTTP server.
    Http(&'a HttpCall),
    /// A built-in function.
    Builtin(Builtin),
}

impl<'a> Protocol<'a> {
    /// Display name of the model.
    pub fn model(self) -> &'a str {
        match self {
            Self::OpenInference(server) => &server.model,
            Self::OpenAIEmbeddings(server) => &server.model,
            Self::OpenAIChat(server) => &server.model,
            Self::TextEmbeddings(server) => &server.url,
            Self::Http(call) => call.model.as_deref().unwrap_or(&call.url),
            Self::Builtin(builtin) => builtin.as_str(),
        }
    }

    /// The requested version of the model.
    pub fn version(self) -> Option<&'a str> {
        match self {
            Self::OpenInference(server) => server.version.as_deref(),
            Self::Http(call) => call.version.as_deref(),
            Self::Builtin(builtin) => Some(builtin.version()),
            Self::OpenAIEmbeddings(_) | Self::OpenAIChat(_) | Self::TextEmbeddings(_) => None,
        }
    }

    /// Base URL of the server, or `None` for a builtin.
    pub fn url(self) -> Option<&'a str> {
        match self {
            Self::OpenInference(server) => Some(&server.url),
            Self::OpenAIEmbeddings(server) => Some(&server.url),
            Self::OpenAIChat(server) => Some(&server.url),
            Self::TextEmbeddings(server) => Some(&server.url),
            Self::Http(call) => Some(&call.url),
            Self::Builtin(_) => None,
        }
    }

    /// The settings that decide the results. The address is not one of them, unless nothing else names the
    /// model.
    pub(super) fn identity(self) -> Value {
        match self {
            Self::OpenInference(server) => {
                json!({"openInference": {"model": server.model, "version": server.version}})
            }
            Self::OpenAIEmbeddings(server) => {
                json!({"openAIEmbeddings": {"model": server.model, "dimensions": server.dimensions}})
            }
            Self::OpenAIChat(server) => json!({"openAIChat": {
                "model": server.model, "maxTokens": server.max_tokens.or(server.max_completion_tokens),
                "temperatureMilli": server.temperature_milli, "seed": server.seed}}),
            Self::TextEmbeddings(server) => {
                json!({"textEmbeddings": {"truncate": server.truncate, "normalize": server.normalize}})
            }
            Self::Http(call) => json!({"http": {
                "model": self.model(), "version": call.version, "request": call.request, "item": call.item,
                "results": call.results}}),
            Self::Builtin(builtin) => json!({"builtin": builtin.as_str(), "version": builtin.version()}),
        }
    }
}
