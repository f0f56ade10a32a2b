//! The ledger: one record per unit, in the index `docmill-units-<namespace>.<source>`. The worker writes it, the
//! operator counts it, and a person finds an article in it. Beside it, [`heads`] say what is newest.

pub mod heads;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use strum::{IntoStaticStr, VariantArray};

use super::own_index::{self, OwnIndex};

/// Matches the names of all ledgers.
pub const UNITS_PATTERN: &str = "docmill-units-*";

/// Name of the ledger's index of one source.
pub fn units_index(namespace: &str, source: &str) -> String {
    own_index::of_source("units", namespace, source)
}

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

/// Lower case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// A short name of a JSON value: 32 hex digits of its SHA-256.
pub(crate) fn digest_of(value: &serde_json::Value) -> String {
    hex(&Sha256::digest(value.to_string().as_bytes())[..16])
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

/// One record of the ledger. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitRecord {
    /// `<namespace>/<name>` of the `IngestSource`.
    pub source: String,
    /// The unit.
    pub unit: UnitId,
    /// Where it ended.
    pub state: UnitState,
    /// Reason code of a failed or skipped unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How often the unit was taken from the queue.
    pub attempts: i64,
    /// SHA-256 of the raw object, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_digest: Option<String>,
    /// The unit's documents that are stored, up to [`MAX_RECORDED_DOCUMENTS`]; the snapshot has them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<RecordedDocument>,
    /// How many documents of the unit are stored.
    #[serde(default)]
    pub document_count: i64,
    /// Documents of the object that are not stored, since a later one of the same object has the same id.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overwritten_count: i64,
    /// Digest over addresses and contents of all documents of the unit, see [`DocumentsDigest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents_digest: Option<String>,
    /// Key of the snapshot in the snapshot bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Digest of the conversion model that was used.
    pub revision: String,
    /// When the raw object landed in its bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// When this record was written.
    pub recorded_time: String,
    /// Milliseconds from `lastModified` to `recordedTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_millis: Option<i64>,
    /// Name of the pod that did it.
    pub runner: String,
    /// UID of the `IngestRun` that asked for it; none if a notification did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Digest of the unit that took this one's place, where the reason is `Superseded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero(count: &i64) -> bool {
    *count == 0
}

/// More documents than this are counted, and not named, by a record.
pub const MAX_RECORDED_DOCUMENTS: usize = 1000;

/// A document as the record of its unit names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedDocument {
    /// Name of the index.
    pub index: String,
    /// Id in that index.
    pub id: String,
    /// Digest of its content, see [`content_digest`].
    #[serde(default)]
    pub digest: String,
}

/// Digest over the documents of a unit, in their order: 32 hex digits of SHA-256 over index, id and content digest of each,
/// each closed by a zero byte. Two conversions of a unit that give the same one give the same documents.
#[derive(Clone, Debug, Default)]
pub struct DocumentsDigest(Sha256);

impl DocumentsDigest {
    /// Takes in the next document.
    pub fn push(&mut self, document: &RecordedDocument) {
        for part in [&document.index, &document.id, &document.digest] {
            self.0.update(part.as_bytes());
            self.0.update([0]);
        }
    }

    /// The digest.
    pub fn finish(self) -> String {
        hex(&self.0.finalize()[..16])
    }

    /// The digest of these documents.
    pub fn of<'a>(documents: impl IntoIterator<Item = &'a RecordedDocument>) -> String {
        let mut digest = Self::default();
        documents.into_iter().for_each(|document| digest.push(document));
        digest.finish()
    }
}

/// Digest of a document: 32 hex digits of SHA-256 over its JSON without `_docmill`, given in one or more pieces.
pub fn content_digest<'a>(json: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    json.into_iter().for_each(|piece| hash.update(piece));
    hex(&hash.finalize()[..16])
}

/// Where a document is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentAddress {
    /// Name of the index.
    pub index: String,
    /// Id in that index.
    pub id: String,
}

/// The ledger and the heads of a source.
pub fn indices(namespace: &str, source: &str) -> [OwnIndex; 2] {
    [
        OwnIndex { name: units_index(namespace, source), pattern: UNITS_PATTERN, body: units_index_body() },
        OwnIndex {
            name: heads::heads_index(namespace, source),
            pattern: heads::HEADS_PATTERN,
            body: heads::heads_index_body(),
        },
    ]
}

/// Settings and mapping of the ledger's index.
pub fn units_index_body() -> Value {
    let keyword = json!({"type": "keyword", "ignore_above": 1024});
    let date = json!({"type": "date"});
    json!({
        "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
        "mappings": {
            "_meta": own_index::meta(None),
            "dynamic": false,
            "properties": {
                "source": keyword,
                "unit": {"properties": {"bucket": keyword, "key": keyword, "version": keyword}},
                "state": keyword,
                "reason": keyword,
                "message": {"type": "text"},
                "attempts": {"type": "long"},
                "rawDigest": keyword,
                "documents": {"properties": {"index": keyword, "id": keyword, "digest": keyword}},
                "documentCount": {"type": "long"},
                "overwrittenCount": {"type": "long"},
                "documentsDigest": keyword,
                "snapshot": keyword,
                "revision": keyword,
                "lastModified": date,
                "recordedTime": date,
                "lagMillis": {"type": "long"},
                "runner": keyword,
                "run": keyword,
                "supersededBy": keyword,
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{UnitId, hex};

    #[test]
    fn the_digest_tells_apart_what_concatenation_would_not() {
        let unit = |bucket: &str, key: &str, version: &str| UnitId {
            bucket: bucket.into(),
            key: key.into(),
            version: version.into(),
        };
        assert_ne!(unit("ab", "c", "1").digest(), unit("a", "bc", "1").digest());
        assert_eq!(unit("ab", "c", "1").digest(), unit("ab", "c", "1").digest());
        assert_eq!(unit("ab", "c", "1").digest().len(), 32);
    }

    #[test]
    fn hex_is_lower_case_and_padded() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
