//! The stages of a document's way, with times, sizes and digests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The raw object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RawStage {
    /// Name of the bucket; `queue:<name>` for a record of the queue that is no notification.
    pub bucket: String,
    /// Key of the object.
    pub key: String,
    /// Its version id, or its `ETag` without quotes.
    pub version: String,
    /// When it was last modified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// SHA-256 of its bytes, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Its bytes, if it is still there and was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// What the bucket has now; left out in lists, and if the bucket did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
}

/// What the raw bucket has under the key of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Presence {
    /// This version.
    Present,
    /// Another version.
    Replaced,
    /// Nothing.
    Gone,
}

/// How the object was converted, or why it was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversionStage {
    /// Digest of the conversion model.
    pub revision: String,
    /// Whether that is the model in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_current_revision: Option<bool>,
    /// How often the unit was taken from the queue.
    pub attempts: i64,
    /// Name of the pod that processed the unit.
    pub runner: String,
    /// UID of the `IngestRun` that asked for it; left out if a notification did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// When the outcome was recorded.
    pub recorded_time: String,
    /// Milliseconds from the object's last modification to the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_millis: Option<i64>,
    /// What was mended in the object, by the names of the repairs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repairs: BTreeMap<String, i64>,
}

/// The JSON that was kept of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotStage {
    /// Its key in the snapshot bucket, followed by `#<offset>+<length>` if it is in a pack.
    pub reference: String,
    /// Digest of the addresses and contents of all documents of the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents_digest: Option<String>,
}

/// A document in the index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexedStage {
    /// Name of the index.
    pub index: String,
    /// Digest of the document without `_docmill`, as the ledger has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When it was indexed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed_time: Option<String>,
    /// Whether the index has it. False: the records name it, and the index lacks it. Left out: the index did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_present: Option<bool>,
}

/// An enriched copy of a document, or why there is none, in one target of enrichments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichedStage {
    /// Name of an `EnrichmentRun` with this target, the latest one.
    pub run: String,
    /// The index that has the copy, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Whether the copy is of the version that is indexed, by the digest of its raw object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_current: Option<bool>,
    /// The results in it, by the names of the enrichers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<EnrichmentResult>,
    /// The last attempt, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<EnrichmentFailure>,
}

/// Where the result of one enricher comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentResult {
    /// Name of the enricher.
    pub name: String,
    /// Name of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Version that the server reported or that was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digest of everything that decides the results of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_digest: Option<String>,
    /// Digest of the model's inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_digest: Option<String>,
    /// When the model returned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enriched_time: Option<String>,
}

/// Why a document was not enriched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentFailure {
    /// The reason in one word, see [`FailureReason`](crate::records::enrichments::FailureReason).
    pub reason: String,
    /// How many runs have tried.
    pub attempts: i64,
    /// When it was last tried.
    pub updated_time: String,
}
