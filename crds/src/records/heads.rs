//! The newest state: which unit is the current version of each key, and where each document is stored. The
//! index `docmill-heads-<namespace>.<source>`, written by compare-and-set and read by id, so that it is exact
//! at any moment.
//!
//! It ensures that an older version never replaces a newer one, that a document whose date changes moves to
//! another index and does not stay in the first, and that a unit whose key was written again is known as
//! superseded.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::own_index;
use super::units::{DocumentAddress, UnitId};

/// Pattern for the names of all these indices.
pub const HEADS_PATTERN: &str = "docmill-heads-*";

/// Name of the index of one source.
pub fn heads_index(namespace: &str, source: &str) -> String {
    own_index::of_source("heads", namespace, source)
}

/// After this time, heads are in a segment. Nobody searches them, and reads by id do not wait for it; so it is only as
/// short as keeps small what a node has to hold of them in memory.
const REFRESH_INTERVAL: &str = "30s";

/// Settings and mapping of the index. Nothing in it is searchable, and it keeps the codec that is quick to read: heads
/// are read one by one, and with the smaller codec each read takes five times as long.
pub fn heads_index_body() -> Value {
    let mut body = own_index::body(&json!({}));
    body["settings"]["refresh_interval"] = REFRESH_INTERVAL.into();
    body
}

/// The current version of a key, or a tombstone: the object was removed, and no version of the key may be
/// searchable. Id: [`KeyHead::id`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyHead {
    /// The unit; for a tombstone, the last current unit of the key, with an empty version if there was none.
    pub unit: UnitId,
    /// When its object was last modified, in milliseconds since 1970.
    pub last_modified: i64,
    /// Grows with every new current unit of the key, and with every removal: `lastModified`, or one more than
    /// before if that does not grow (S3 has a resolution of seconds).
    pub version: u64,
    /// This is a tombstone. A unit replaces it only if the bucket holds that unit's version.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone: bool,
    /// The key was forgotten: no unit replaces this tombstone. Only with `gone`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forgotten: bool,
    /// Versions (as in [`UnitId::version`]) of earlier current units of the key, newest first; not all of
    /// them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
}

impl KeyHead {
    /// Id of the head of a key.
    pub fn id(bucket: &str, key: &str) -> String {
        named("key", &[bucket, key])
    }
}

/// Where the newest version of a document is. Id: [`DocumentHead::id`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentHead {
    /// Where it is.
    #[serde(flatten)]
    pub address: DocumentAddress,
    /// Key of the object that it comes from.
    pub key: String,
    /// Digest of the unit that it comes from.
    pub unit: String,
    /// The version of that unit's [`KeyHead`].
    pub key_version: u64,
    /// When that object was last modified, in milliseconds since 1970.
    pub last_modified: i64,
    /// The version that the document is stored with; grows with every unit that replaces it.
    pub version: u64,
    /// It was deleted with its object.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone: bool,
    /// It was forgotten with its object: address and key are empty. Only with `gone`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forgotten: bool,
    /// Indices that may still hold an earlier version, which must be deleted there; some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<String>,
}

impl DocumentHead {
    /// Id of the head of a document.
    pub fn id(id: &str) -> String {
        named("doc", &[id])
    }

    /// What is left of the head of a forgotten document: it tells whoever knows the id that the document was forgotten,
    /// and has no word of it.
    pub fn forget(&self) -> Self {
        Self {
            address: DocumentAddress { index: String::new(), id: String::new() },
            key: String::new(),
            gone: true,
            forgotten: true,
            version: self.version.saturating_add(1),
            stale: Vec::new(),
            ..self.clone()
        }
    }
}

/// A unit that was taken from the queue more than once is worked on alone, and a mark is kept as long as that lasts: a
/// mark that is found means that the worker died meanwhile. Id: [`AttemptMark::id`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptMark {
    /// Workers that died while they read and converted the unit.
    pub died_reading: u32,
    /// Workers that died while they stored it.
    pub died_storing: u32,
    /// Whether it is being read (or else stored) at this moment.
    pub reading: bool,
}

impl AttemptMark {
    /// Id of the mark of a unit.
    pub fn id(unit_digest: &str) -> String {
        format!("try-{unit_digest}")
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// `<kind>-<digest>`: 16 bytes of SHA-256, in base64 for URLs, over the parts, each closed by a zero byte, which neither
/// keys nor ids can have. Elasticsearch stores an id in this alphabet as the bytes that it stands for; a kind with its
/// hyphen has four letters, so that the digest begins at a whole byte.
fn named(kind: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    format!("{kind}-{}", URL_SAFE_NO_PAD.encode(&hash.finalize()[..16]))
}

#[cfg(test)]
mod tests {
    use super::{DocumentHead, KeyHead, heads_index_body};

    #[test]
    fn heads_are_quick_to_read_and_seldom_refreshed() {
        let settings = &heads_index_body()["settings"];
        assert_eq!(settings["refresh_interval"], "30s");
        assert!(settings.get("codec").is_none());
    }

    #[test]
    fn ids_tell_kinds_and_parts_apart_and_fit() {
        assert_ne!(KeyHead::id("ab", "c"), KeyHead::id("a", "bc"));
        for (id, kind) in [(KeyHead::id("b", &"k".repeat(1024)), "key-"), (DocumentHead::id("x"), "doc-")] {
            assert!(id.starts_with(kind) && id.len() == 26, "{id}");
        }
    }
}
