//! `units`: one version of one raw object each, and its outcome.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ListMeta, ObjectMeta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::{ConversionStage, RawStage, SnapshotStage};
use super::state::State;
use crate::records::units::RecordedDocument;

/// The kind of one unit.
pub const KIND: &str = "Unit";
/// The kind of a list of units.
pub const LIST_KIND: &str = "UnitList";

/// One version of one raw object. Its name is its digest, the id of its record in the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unit {
    /// Always [`API_VERSION`](super::API_VERSION).
    pub api_version: String,
    /// Always [`KIND`].
    pub kind: String,
    /// Name, namespace, and as time of creation that of the record.
    pub metadata: ObjectMeta,
    /// Name of the `IngestSource`.
    pub source: String,
    /// What became of it.
    pub state: State,
    /// Reason code of a failed or skipped unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Digest of the unit that replaced this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
    /// The object.
    pub raw: RawStage,
    /// Its conversion; left out for a pending unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionStage>,
    /// Its snapshot, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotStage>,
    /// How many documents of it are stored.
    #[serde(default)]
    pub document_count: i64,
    /// How many documents of it are not stored, since a later one of the same object has the same id.
    #[serde(default, skip_serializing_if = "crate::serialization::is_default")]
    pub overwritten_count: i64,
    /// The documents, up to 1000. Left out in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<RecordedDocument>,
    /// What was refused of it. Left out in lists, and if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What was refused of a unit, without content: values and words of the object are in the subresource `error` alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The step that refused it: `Receive`, `Fetch`, `Convert`, `Snapshot` or `Index`.
    pub stage: String,
    /// Whether the errors bucket has a copy of what was refused.
    pub copied: bool,
    /// How many documents were refused, or 1 for the object as a whole.
    pub refusal_count: i64,
    /// What is wrong, and where: the first [`MAX_FAULTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultPlace>,
}

/// How many faults a unit names at most.
pub const MAX_FAULTS: usize = 20;

/// A fault and its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FaultPlace {
    /// The reason code.
    pub reason: String,
    /// The member of an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The number of the document in the object or member, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<i64>,
    /// The field of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The path in the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The line in the object or member, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<i64>,
    /// The character in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<i64>,
}

/// A list of units, the last recorded first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitList {
    /// Always [`API_VERSION`](super::API_VERSION).
    pub api_version: String,
    /// Always [`LIST_KIND`].
    pub kind: String,
    /// `continue`, if there may be more.
    pub metadata: ListMeta,
    /// The units.
    pub items: Vec<Unit>,
    /// What could not be asked, in words: what it knows is left out above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
