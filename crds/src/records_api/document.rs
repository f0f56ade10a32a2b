//! `documents`: one JSON article each, with every stage that it went through.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ListMeta, ObjectMeta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::API_VERSION;
use super::stage::{EnrichedStage, IndexedStage};
use super::state::State;
use super::unit::Unit;

/// The kind of one document.
pub const KIND: &str = "Document";
/// The kind of a list of documents.
pub const LIST_KIND: &str = "DocumentList";

/// One article. Its name is its id as [`document_name`](super::document_name) writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Always [`API_VERSION`](super::API_VERSION).
    pub api_version: String,
    /// Always [`KIND`].
    pub kind: String,
    /// Name and namespace.
    pub metadata: ObjectMeta,
    /// Its id.
    pub id: String,
    /// Name of the `IngestSource`.
    pub source: String,
    /// What became of it.
    pub state: State,
    /// The unit that it comes from: raw object, conversion, snapshot, failure. Left out if the ledger has no record of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Its place in the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed: Option<IndexedStage>,
    /// Its enrichments, one for each target of the namespace's `EnrichmentRun`s that take documents of this source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enriched: Vec<EnrichedStage>,
    /// Stores that could not be asked, in words: what they know is left out above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The documents with one id, or with the words of a search and the best match first, of all sources of the namespace that
/// were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentList {
    /// Always [`API_VERSION`](super::API_VERSION).
    pub api_version: String,
    /// Always [`LIST_KIND`].
    pub kind: String,
    /// Empty: such a list has no next page.
    pub metadata: ListMeta,
    /// The documents.
    pub items: Vec<Document>,
    /// Sources that could not be asked, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl DocumentList {
    /// A list of these documents.
    pub fn new(items: Vec<Document>, warnings: Vec<String>) -> Self {
        let (api_version, kind) = (API_VERSION.to_owned(), LIST_KIND.to_owned());
        Self { api_version, kind, metadata: ListMeta::default(), items, warnings }
    }
}
