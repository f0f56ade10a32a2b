//! How long records are kept of units that are no longer searchable.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// How long records are kept that say nothing of what is searchable. Records of units that are indexed, converted or
/// failed are always kept, and so is the order of versions: an older version never comes back. Choose more than the
/// queue keeps messages for (`MessageRetentionPeriod`): a unit that comes again after its record is gone counts twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.supersededSeconds) || has(self.removedSeconds)")
    .message("set supersededSeconds, removedSeconds, or both"))]
pub struct LedgerRetention {
    /// Seconds for which the record of a version is kept after a newer version of its key has replaced it (reason
    /// `Superseded`). Left out: forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 315_360_000))]
    pub superseded_seconds: Option<i32>,
    /// Seconds for which the record of a unit is kept after its object was removed and its documents with it (reason
    /// `ObjectRemoved`, with `raw.onDelete: Delete`). Left out: forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 315_360_000))]
    pub removed_seconds: Option<i32>,
}
