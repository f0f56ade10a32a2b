//! `documents/<name>/history`: the units that a document came from.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

use super::state::State;

/// The kind of it.
pub const KIND: &str = "DocumentHistory";
/// Units of it at most, the newest.
pub const MAX_ENTRIES: usize = 100;

/// The units that a document came from, the last recorded first: all versions of the key of its object, and units of
/// other keys that have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentHistory {
    /// Always [`API_VERSION`](super::API_VERSION).
    pub api_version: String,
    /// Always [`KIND`].
    pub kind: String,
    /// Name and namespace of the document.
    pub metadata: ObjectMeta,
    /// Its id.
    pub id: String,
    /// Name of the `IngestSource`.
    pub source: String,
    /// The units, up to [`MAX_ENTRIES`].
    pub entries: Vec<HistoryEntry>,
}

/// One unit that a document came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Digest of the unit.
    pub unit: String,
    /// Key of its object.
    pub key: String,
    /// Version of its object.
    pub version: String,
    /// What became of the unit.
    pub state: State,
    /// Reason code of a failed or skipped unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Digest of the conversion model.
    pub revision: String,
    /// Digest of the document as this unit has it, if the ledger names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When the object was last modified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// When the outcome was recorded.
    pub recorded_time: String,
    /// Name of the pod.
    pub runner: String,
    /// Digest of the unit that replaced this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
    /// Whether the document that is found now comes from this unit.
    pub is_current: bool,
}
