//! What an audit can find: one stable word for each kind of difference between the stores, the same in the report of the
//! run, in logs and in the documentation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use super::serialization::every;

/// A kind of difference. Its name is what users see, so a variant is never renamed.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    Display,
    IntoStaticStr,
    VariantArray,
)]
pub enum DifferenceKind {
    /// An object of the raw bucket has no record in the ledger.
    Unaccounted,
    /// The ledger has a record of a unit under an id that is not the unit's own, so that it is counted twice.
    RecordTwice,
    /// A unit that counts as indexed or failed is no longer in the raw bucket: a newer version of its key was
    /// processed, or the object was removed and the source deletes documents with their object.
    RecordWithoutObject,
    /// The snapshot that a record names does not exist.
    SnapshotMissing,
    /// A snapshot belongs to a unit that neither the ledger nor the raw bucket has.
    SnapshotOrphaned,
    /// A document that a record names is not in the index.
    DocumentMissing,
    /// The index has an older unit's version of a document that a record names.
    DocumentOfOlderUnit,
    /// The index has a document of this source that no record names.
    DocumentOrphaned,
    /// A failed unit has no error record, or no copy of its object although the object still exists.
    EvidenceMissing,
    /// The errors bucket has an object for a key without failed units.
    EvidenceLeft,
}

impl DifferenceKind {
    /// Every kind, from bucket to index.
    pub const ALL: [Self; Self::VARIANTS.len()] = every(Self::VARIANTS);

    /// The name, for example `SnapshotMissing`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
