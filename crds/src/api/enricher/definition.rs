//! One model of an enrichment, as written in the resource.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::builtin::Builtin;
use super::input::Input;
use super::outputs::OutputField;
use super::protocols::{HttpCall, OpenAIChat, OpenAIEmbeddings, OpenInference, Protocol, TextEmbeddings};
use crate::api::connection_ref::ConnectionRef;
use crate::api::credentials::{CredentialSource, SecretRef};
use crate::api::tls::{Tls, with_certificates};
use crate::digest::digest_of;

/// One model or built-in function, its inputs, and the fields it produces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("[has(self.openInference), has(self.openAIEmbeddings), has(self.openAIChat), has(self.textEmbeddings), has(self.http), has(self.builtin)].exists_one(set, set)")
        .message("exactly one of openInference, openAIEmbeddings, openAIChat, textEmbeddings, http and builtin must be set"),
    validation = Rule::new("!has(self.builtin) || !has(self.secretRef) && !has(self.tls) && !has(self.requestsPerSecond)")
        .message("secretRef, tls and requestsPerSecond are for models that are called over the network, which builtin is not")
        .field_path(".builtin"),
    validation = Rule::new("has(self.connectionRef) != (has(self.builtin) || has(self.openInference) && has(self.openInference.url) || has(self.openAIEmbeddings) && has(self.openAIEmbeddings.url) || has(self.openAIChat) && has(self.openAIChat.url) || has(self.textEmbeddings) && has(self.textEmbeddings.url) || has(self.http) && has(self.http.url))")
        .message("exactly one of connectionRef and url of the protocol must be set, and for a builtin none"),
    validation = Rule::new("!has(self.connectionRef) || !has(self.secretRef) && !has(self.tls)")
        .message("the connection says how to reach the model: leave out secretRef and tls beside connectionRef")
        .field_path(".connectionRef"),
    validation = Rule::new("!has(self.openInference) || self.outputs.all(output, has(output.from))")
        .message("each output must name its tensor in from")
        .field_path(".outputs")
)]
pub struct Enricher {
    /// Name of this enricher, the key of its provenance under `_docmill.enrichment`.
    #[schemars(length(max = 63), regex(pattern = r"^[a-z][a-zA-Z0-9_]*$"))]
    pub name: String,
    /// A model behind the Open Inference Protocol v2 (KServe, Triton, MLServer). Each input is a tensor, and
    /// each output is made from a tensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_inference: Option<OpenInference>,
    /// A server with OpenAI's `POST /v1/embeddings` (OpenAI, vLLM, Ollama, llama.cpp). It takes one input and gives one
    /// output, a Vector.
    #[serde(default, rename = "openAIEmbeddings", skip_serializing_if = "Option::is_none")]
    pub open_ai_embeddings: Option<OpenAIEmbeddings>,
    /// A server with OpenAI's `POST /v1/chat/completions`. Each input is a message, its name the role; an
    /// object is an image (PNG, JPEG, GIF or WebP). The answer must be JSON with the outputs as its fields;
    /// the request carries a JSON schema for it.
    #[serde(default, rename = "openAIChat", skip_serializing_if = "Option::is_none")]
    pub open_ai_chat: Option<OpenAIChat>,
    /// A server with `POST /embed` of Hugging Face's Text Embeddings Inference. It takes one input and gives one output,
    /// a Vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_embeddings: Option<TextEmbeddings>,
    /// A call to any HTTP server that takes and returns JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCall>,
    /// A built-in function, which needs no server. It takes one input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin: Option<Builtin>,
    /// Inputs of the model, taken from a document.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub inputs: Vec<Input>,
    /// Fields made from the model's outputs.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["field".into()]))]
    pub outputs: Vec<OutputField>,
    /// A Connection or ClusterConnection of type `model`, in place of `url` of the protocol, `secretRef` and `tls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionRef>,
    /// Secret in this namespace for the server: `token` (sent as a bearer token), or `username` and `password`, or
    /// `header` (a line like `X-Api-Key: …`); for mutual TLS `tls.crt` and `tls.key`; and `ca.crt` if the server's
    /// certificate is signed by a private authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Certificates: whom to trust, and for mutual TLS the client's own; apart from the login in `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<Tls>>,
    /// How many documents go to the model in one request. Chat always sends one document per request.
    #[serde(default = "default_batch_size")]
    #[schemars(range(min = 1, max = 1024))]
    pub batch_size: i32,
    /// How long one request may take, in seconds.
    #[serde(default = "default_timeout_seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: i32,
    /// Maximum number of requests in flight to the model, over all pods of the run. A run has no more pods
    /// than this. Fewer are sent if the server reports that it is busy.
    #[serde(default = "default_max_in_flight")]
    #[schemars(range(min = 1, max = 1024))]
    pub max_in_flight: i32,
    /// Maximum requests per second over all pods of the run, retries included. Left out: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub requests_per_second: Option<i32>,
}

impl Enricher {
    /// The protocol of the model: the first one that is set.
    pub fn protocol(&self) -> Option<Protocol<'_>> {
        let open_inference = self.open_inference.as_ref().map(Protocol::OpenInference);
        open_inference
            .or_else(|| self.open_ai_embeddings.as_ref().map(Protocol::OpenAIEmbeddings))
            .or_else(|| self.open_ai_chat.as_ref().map(Protocol::OpenAIChat))
            .or_else(|| self.text_embeddings.as_ref().map(Protocol::TextEmbeddings))
            .or_else(|| self.http.as_ref().map(Protocol::Http))
            .or_else(|| self.builtin.map(Protocol::Builtin))
    }

    /// Where `url` of the protocol is written; `None` for a builtin.
    pub fn url_mut(&mut self) -> Option<&mut String> {
        let urls = [
            self.open_inference.as_mut().map(|server| &mut server.url),
            self.open_ai_embeddings.as_mut().map(|server| &mut server.url),
            self.open_ai_chat.as_mut().map(|server| &mut server.url),
            self.text_embeddings.as_mut().map(|server| &mut server.url),
            self.http.as_mut().map(|call| &mut call.url),
        ];
        urls.into_iter().flatten().next()
    }

    /// Where the credentials and certificates come from.
    pub fn credentials(&self) -> Vec<CredentialSource<'_>> {
        with_certificates(self.secret_ref.as_ref(), self.tls.as_deref())
    }

    /// How many documents go into one request.
    pub fn documents_a_request(&self) -> usize {
        let single = match self.protocol() {
            Some(Protocol::OpenAIChat(_)) => true,
            Some(Protocol::Http(call)) => !call.takes_several(),
            _ => false,
        };
        if single { 1 } else { usize::try_from(self.batch_size).unwrap_or(1).max(1) }
    }

    /// Whether any input is a raw object.
    pub fn takes_objects(&self) -> bool {
        self.inputs.iter().any(|input| input.object.is_some())
    }

    /// Digest of everything that decides its outputs for an input: protocol, model, version, inputs, outputs.
    /// `reported` is the version that the server reports. The server's address and the request limits are not
    /// part of it. 32 hex digits.
    pub fn model_digest(&self, reported: Option<&str>) -> String {
        digest_of(&json!({
            "name": self.name,
            "model": self.protocol().map_or(Value::Null, Protocol::identity),
            "reported": reported,
            "inputs": self.inputs,
            "outputs": self.outputs,
        }))
    }
}

fn default_batch_size() -> i32 {
    16
}
fn default_timeout_seconds() -> i32 {
    30
}
fn default_max_in_flight() -> i32 {
    4
}
