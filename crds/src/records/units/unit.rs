//! One version of one raw object, and where it ended.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use strum::{IntoStaticStr, VariantArray};

use crate::digest::hex;

/// One version of one raw object: what is tracked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitId {
    /// Name of the raw bucket.
    pub bucket: String,
    /// Key of the object, decoded.
    pub key: String,
    /// Version id of the object where the bucket is versioned, otherwise its `ETag` without quotes.
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

/// Where a unit ended. A unit without a record is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
pub enum UnitState {
    /// All its documents are in the index.
    Indexed,
    /// All its documents are in its snapshot, and the source has no index. A state of its own: once the source gets an
    /// index, it is known which units have still to go there.
    Converted,
    /// It was refused; a copy is in the errors bucket.
    Failed,
    /// It was passed over for a reason.
    Skipped,
}

impl UnitState {
    /// The state as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the unit ended well.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Indexed | Self::Converted)
    }

    /// Whether a unit that ended well has still to go into the index, in a source whose good units are `wanted`.
    pub fn falls_short_of(self, wanted: Self) -> bool {
        self == Self::Converted && wanted == Self::Indexed
    }
}
