//! The record of a unit.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unit::{UnitId, UnitState};

/// One record of the ledger. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitRecord {
    /// `<namespace>/<name>` of the `IngestSource`.
    pub source: String,
    /// The unit.
    pub unit: UnitId,
    /// Its outcome.
    pub state: UnitState,
    /// Reason code of a failed or skipped unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How often the unit was taken from the queue.
    pub attempts: i64,
    /// SHA-256 of the raw object, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_digest: Option<String>,
    /// The unit's documents that are stored, up to [`MAX_RECORDED_DOCUMENTS`]; the snapshot has them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<RecordedDocument>,
    /// How many documents of the unit are stored.
    #[serde(default)]
    pub document_count: i64,
    /// Documents of the object that are not stored, because a later one of the same object has the same id.
    #[serde(default, skip_serializing_if = "crate::serialization::is_default")]
    pub overwritten_count: i64,
    /// Their ids, up to [`MAX_OVERWRITTEN_IDS`], each once: what [`Notice::DuplicateId`](crate::reason::Notice) is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overwritten_ids: Vec<String>,
    /// What was mended in the object, by the names of the repairs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repairs: BTreeMap<String, i64>,
    /// Digest of the addresses and contents of all documents of the unit, see
    /// [`DocumentsDigest`](super::DocumentsDigest). Left out where `documents` names them all and none was overwritten:
    /// [`Self::digest_of_documents`] makes it of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents_digest: Option<String>,
    /// Key of the snapshot in the snapshot bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Digest of the conversion model that was used.
    pub revision: String,
    /// When the raw object was last modified in its bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// When this record was written.
    pub recorded_time: String,
    /// Milliseconds from `lastModified` to `recordedTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_millis: Option<i64>,
    /// Name of the pod that processed the unit.
    pub runner: String,
    /// UID of the `IngestRun` that requested it; `None` if a notification did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Digest of the unit that replaced this one, if the reason is `Superseded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
}

/// Maximum number of documents that a record names; further documents are only counted.
pub const MAX_RECORDED_DOCUMENTS: usize = 1000;

/// Maximum number of ids of overwritten documents that a record names.
pub const MAX_OVERWRITTEN_IDS: usize = 10;

/// A document as named in the record of its unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordedDocument {
    /// Name of the index.
    pub index: String,
    /// Id in that index.
    pub id: String,
    /// Digest of its content, see [`content_digest`](super::content_digest).
    #[serde(default)]
    pub digest: String,
}

/// Where a document is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentAddress {
    /// Name of the index.
    pub index: String,
    /// Id in that index.
    pub id: String,
}
