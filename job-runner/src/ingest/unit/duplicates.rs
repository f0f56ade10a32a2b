//! What a report tells of a unit with duplicate ids.

use docmill_crds::reason::Notice;
use serde::{Deserialize, Serialize};

use super::prepared::Converted;

/// A unit, documents of which were overwritten by later ones of the same object and id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitDuplicates {
    /// Key of the object.
    pub key: String,
    /// Version id, where the bucket is versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The word for it.
    pub reason: Notice,
    /// How many documents were overwritten.
    pub documents: i64,
    /// The first of their ids.
    pub ids: Vec<String>,
}

impl UnitDuplicates {
    /// Those of a unit; `None` if no document was overwritten.
    pub fn of(converted: &Converted) -> Option<Self> {
        let Converted { unit, overwritten, .. } = converted;
        (overwritten.count() > 0).then(|| Self {
            key: unit.id.key.clone(),
            version_id: unit.version_id.clone(),
            reason: Notice::DuplicateId,
            documents: overwritten.count(),
            ids: overwritten.ids().to_vec(),
        })
    }
}
