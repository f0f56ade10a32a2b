//! What retention has removed from the ledger.

use serde::{Deserialize, Serialize};

/// Id of the [`ExpiredRecords`] in the ledger's index: among the records that it counts, so that a copy of the index, or
/// its deletion, keeps both in step. No unit has such an id.
pub const EXPIRED_ID: &str = "expired";

/// How many records retention has removed, by reason, and those that are being removed. It has none of the fields by
/// which records of units are searched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExpiredRecords {
    /// Records with reason `Superseded`.
    pub superseded: i64,
    /// Records with reason `ObjectRemoved`.
    pub removed: i64,
    /// Written before anything is deleted, and cleared with the counts: whoever finds it deletes what is left of it and
    /// counts what is gone, so that no kill leaves a record uncounted or counted twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingDeletion>,
}

impl ExpiredRecords {
    /// All records that were removed.
    pub const fn total(&self) -> i64 {
        self.superseded.saturating_add(self.removed)
    }
}

/// Records that are being deleted, by their ids. All existed, and none was counted, when this was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PendingDeletion {
    /// Records with reason `Superseded` are deleted if they were written before this time (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_before: Option<String>,
    /// The same for `ObjectRemoved`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_before: Option<String>,
    /// Ids of records with reason `Superseded`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<String>,
    /// Ids of records with reason `ObjectRemoved`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}
