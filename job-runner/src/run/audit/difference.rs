//! Something that an audit found to differ. Pure.

use docmill_crds::audit::DifferenceKind;
use serde::{Deserialize, Serialize};

/// Something that contradicts the other stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The kind of difference.
    pub kind: DifferenceKind,
    /// Key of the raw object.
    pub key: String,
    /// Digest of the unit, which is its id in the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What should exist.
    pub expected: String,
    /// What exists.
    pub found: String,
    /// Whether it was repaired.
    #[serde(default)]
    pub repaired: bool,
    /// Whether the repair would delete something, and has not deleted it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub held_back: bool,
    /// What a repair has to change.
    #[serde(skip)]
    pub target: Target,
}

/// The thing that a difference is about, as far as a repair needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The unit as a whole.
    #[default]
    Unit,
    /// A unit whose object is gone, and whose documents go with it.
    Removal,
    /// An object in the snapshot or in the errors bucket.
    Object(String),
    /// A pack in the snapshot bucket.
    Pack {
        /// Its key.
        key: String,
        /// How many units have their snapshots in it.
        units: usize,
    },
    /// A document in the index, or a record in the ledger.
    Document {
        /// Name of the index.
        index: String,
        /// Its id.
        id: String,
        /// The version that it was seen with; `None` if it does not exist.
        version: Option<u64>,
    },
}

impl Target {
    /// Index and id, if it is a document or a record.
    pub fn address(&self) -> Option<(&str, &str)> {
        match self {
            Self::Document { index, id, .. } => Some((index, id)),
            Self::Unit | Self::Removal | Self::Object(_) | Self::Pack { .. } => None,
        }
    }
}

/// For serde, which hands over a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Difference {
    /// Whether its repair deletes what may be the last copy of something: a document, a snapshot, or a refused object.
    pub fn deletes(&self) -> bool {
        match self.kind {
            DifferenceKind::SnapshotOrphaned
            | DifferenceKind::DocumentOrphaned
            | DifferenceKind::EvidenceLeft => true,
            DifferenceKind::RecordWithoutObject => self.target == Target::Removal,
            DifferenceKind::Unaccounted
            | DifferenceKind::RecordTwice
            | DifferenceKind::SnapshotMissing
            | DifferenceKind::DocumentMissing
            | DifferenceKind::DocumentOfOlderUnit
            | DifferenceKind::EvidenceMissing => false,
        }
    }
}
