//! `units/<digest>/error` and `documents/<name>/error`: why a unit was refused, with its values and the text around
//! them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kind of it.
pub const KIND: &str = "UnitError";
/// Excerpts of it at most.
pub const MAX_EXCERPTS: usize = 20;

/// Why a unit was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitError {
    /// Always [`API_VERSION`](super::API_VERSION).
    pub api_version: String,
    /// Always [`KIND`].
    pub kind: String,
    /// Name and namespace of the unit.
    pub metadata: ObjectMeta,
    /// Name of the `IngestSource`.
    pub source: String,
    /// The content of `<digest>.error.json` in the errors bucket: `reason`, `message`, `refusals` with their `faults`.
    pub record: Value,
    /// The text around the first faults of a document in UTF-8, in the order of the refusals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excerpts: Vec<Excerpt>,
}

/// A line of the object around a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Excerpt {
    /// The number of the refusal in `record.refusals`, from 0.
    pub refusal: usize,
    /// The number of the fault in its `faults`, from 0.
    pub fault: usize,
    /// The line, from 1.
    pub line: u32,
    /// The character in that line, from 1.
    pub column: u32,
    /// The text of the line around that character, with `…` where it was cut.
    pub text: String,
    /// The character of `text` at which the fault is, from 0.
    pub caret: usize,
}
