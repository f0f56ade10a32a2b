//! One version of one raw object, and its outcome.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use strum::{IntoStaticStr, VariantArray};

use crate::api::ingest_source::IngestSourceSpec;
use crate::digest::hex;

/// One version of one raw object: what is tracked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitId {
    /// Name of the raw bucket.
    pub bucket: String,
    /// Key of the object, decoded.
    pub key: String,
    /// Version id of the object if the bucket is versioned, otherwise its `ETag` without quotes.
    pub version: String,
}

impl UnitId {
    /// Id of the unit's record in the ledger: 32 hex digits of SHA-256 over bucket, key and version, each closed by
    /// a zero byte, which none of them can contain.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for part in [&self.bucket, &self.key, &self.version] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hex(&hash.finalize()[..16])
    }
}

/// Outcome of a unit. A unit without a record is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
pub enum UnitState {
    /// All its documents are in the index.
    Indexed,
    /// All its documents are in its snapshot, and the source has no index. A separate state, so that once the
    /// source gets an index, it is known which units must still be indexed.
    Converted,
    /// It was refused; a copy is in the errors bucket.
    Failed,
    /// It was skipped for a reason.
    Skipped,
}

impl UnitState {
    /// The state as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The state of successful units of a source.
    pub const fn of_success(source: &IngestSourceSpec) -> Self {
        if source.index.is_some() { Self::Indexed } else { Self::Converted }
    }

    /// Whether the unit succeeded.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Indexed | Self::Converted)
    }

    /// Whether a successful unit must still be indexed, in a source whose successful units are `wanted`.
    pub fn falls_short_of(self, wanted: Self) -> bool {
        self == Self::Converted && wanted == Self::Indexed
    }
}
