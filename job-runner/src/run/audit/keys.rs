//! What the keys of snapshots and errors say about raw objects: the inverse of
//! [`locations`](crate::ingest::bucket::locations). Pure.

use crate::ingest::bucket::locations::ERROR_RECORD;

/// Digits of a unit's digest.
const DIGEST_DIGITS: usize = 32;

/// A parsed snapshot key: `<raw key>/<unit digest>/<revision>.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotName<'a> {
    /// Key of the raw object; only its beginning, if it is too long.
    pub raw_key: &'a str,
    /// Digest of the unit.
    pub digest: &'a str,
}

impl<'a> SnapshotName<'a> {
    /// Parses a key without its prefix. `None`: it is not the key of a snapshot.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (rest, revision) = key.strip_suffix(".json")?.rsplit_once('/')?;
        let (raw_key, digest) = rest.rsplit_once('/')?;
        let is_valid = is_digest(digest) && !revision.is_empty() && is_hex(revision);
        is_valid.then_some(Self { raw_key, digest })
    }
}

/// A parsed key of a refused object's evidence: `<raw key>/<unit digest>` is its copy, and the error record
/// beside it has the same key with its own suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceName<'a> {
    /// Key of the raw object; only its beginning, if it is too long.
    pub raw_key: &'a str,
    /// Digest of the unit.
    pub digest: &'a str,
    /// Whether it is the error record.
    pub is_record: bool,
}

impl<'a> EvidenceName<'a> {
    /// Parses a key without the common prefix of all refused objects. `None`: it is not evidence.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (copy, is_record) = match key.strip_suffix(ERROR_RECORD) {
            Some(copy) => (copy, true),
            None => (key, false),
        };
        let (raw_key, digest) = copy.rsplit_once('/')?;
        is_digest(digest).then_some(Self { raw_key, digest, is_record })
    }

    /// Whether the raw key is truncated.
    pub fn is_cut(&self) -> bool {
        self.raw_key.strip_suffix(self.digest).is_some_and(|key| key.ends_with('~'))
    }
}

/// Key of the error record beside a copy.
pub fn error_record_of(copy: &str) -> String {
    format!("{copy}{ERROR_RECORD}")
}

/// Key of the copy beside an error record.
pub fn copy_of(error_record: &str) -> Option<&str> {
    error_record.strip_suffix(ERROR_RECORD)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_DIGITS && is_hex(text)
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::storage::BucketLocation;
    use docmill_crds::records::units::UnitId;
    use proptest::prelude::*;

    use super::{EvidenceName, SnapshotName};
    use crate::ingest::bucket::locations::EvidenceKeys;
    use crate::ingest::snapshot;

    fn unit(key: &str) -> UnitId {
        UnitId { bucket: "raw".into(), key: key.into(), version: "1".into() }
    }

    fn location() -> BucketLocation {
        BucketLocation { bucket: "b".into(), prefix: "p/".into() }
    }

    #[test]
    fn what_is_no_evidence_is_not_read_as_it() {
        for key in ["a.xml", "a.xml.error.json", "0123456789abcdef0123456789abcdef", "a/0123/5f.json"] {
            assert_eq!(EvidenceName::parse(key), None, "{key}");
        }
    }

    #[test]
    fn what_is_no_snapshot_is_not_read_as_one() {
        for key in
            ["a.xml", "a/b/c.json", ".docmill/runs/1/plan.json", "x/0123456789abcdef0123456789abcdef/.json"]
        {
            assert_eq!(SnapshotName::parse(key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn keys_lead_back_to_their_objects(key in "\\PC{1,40}|[a-z/]{900,1024}") {
            let unit = unit(&key);
            let name = snapshot::key(&location(), &unit, "5f2c");
            let name = SnapshotName::parse(name.strip_prefix("p/").expect("the prefix")).expect("a snapshot");
            prop_assert_eq!(name.digest, unit.digest());
            let cut = format!("~{}", unit.digest());
            prop_assert!(name.raw_key == key || name.raw_key.ends_with(&cut));
            let EvidenceKeys { copy, record } = EvidenceKeys::of_object(&location(), &unit);
            for (found, is_record) in [(copy, false), (record, true)] {
                let found = found.strip_prefix("p/objects/").expect("the folder");
                let named = EvidenceName::parse(found).expect("evidence");
                prop_assert_eq!(named.digest, unit.digest());
                prop_assert_eq!(named.is_record, is_record);
                prop_assert_eq!(named.raw_key == key, !named.is_cut());
            }
        }
    }
}
