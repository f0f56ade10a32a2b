//! What the keys of snapshots and errors say of raw objects: the way back from
//! [`object_key::derived`](crate::pipeline::object_key::derived). Pure.

use docmill_crds::ledger::UnitId;
use docmill_crds::storage::BucketLocation;

use crate::pipeline::object_key;

/// What the key of an error record ends with.
const ERROR_RECORD: &str = ".error.json";
/// Digits of a unit's digest.
const DIGEST_DIGITS: usize = 32;

/// The key of a snapshot, read: `<raw key>/<unit digest>/<revision>.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotName<'a> {
    /// Key of the raw object; only its beginning, where it is too long.
    pub raw_key: &'a str,
    /// Digest of the unit.
    pub digest: &'a str,
}

impl<'a> SnapshotName<'a> {
    /// Reads a key without its prefix. `None`: it is not that of a snapshot.
    #[must_use]
    pub fn parse(key: &'a str) -> Option<Self> {
        let (rest, revision) = key.strip_suffix(".json")?.rsplit_once('/')?;
        let (raw_key, digest) = rest.rsplit_once('/')?;
        let good = is_digest(digest) && !revision.is_empty() && is_hex(revision);
        good.then_some(Self { raw_key, digest })
    }
}

/// Keys of a failed unit's evidence: the copy of its object, and its error record.
#[must_use]
pub fn evidence(errors: &BucketLocation, unit: &UnitId) -> [String; 2] {
    let digest = unit.digest();
    ["", ERROR_RECORD].map(|suffix| object_key::derived(&errors.prefix, &unit.key, &digest, suffix))
}

/// The raw keys that a key of the errors bucket, without its prefix, can be about: that of a copy, or of an error record.
#[must_use]
pub fn raw_keys_of_error(key: &str) -> Vec<&str> {
    [Some(key), key.strip_suffix(ERROR_RECORD)].into_iter().flatten().filter(|key| !key.is_empty()).collect()
}

/// Key of the error record beside a copy.
#[must_use]
pub fn error_record_of(copy: &str) -> String {
    format!("{copy}{ERROR_RECORD}")
}

/// Key of the copy beside an error record.
#[must_use]
pub fn copy_of(error_record: &str) -> Option<&str> {
    error_record.strip_suffix(ERROR_RECORD)
}

/// Whether a key of the errors bucket is that of an error record.
#[must_use]
pub fn is_error_record(key: &str) -> bool {
    key.ends_with(ERROR_RECORD)
}

/// The digest at the end of a key that was too long and is cut.
#[must_use]
pub fn digest_of_cut(key: &str) -> Option<&str> {
    let (_, digest) = key.strip_suffix(ERROR_RECORD).unwrap_or(key).rsplit_once('~')?;
    is_digest(digest).then_some(digest)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_DIGITS && is_hex(text)
}

#[cfg(test)]
mod tests {
    use docmill_crds::ledger::UnitId;
    use docmill_crds::storage::BucketLocation;
    use proptest::prelude::*;

    use super::{SnapshotName, digest_of_cut, evidence, raw_keys_of_error};
    use crate::pipeline::snapshot;

    fn unit(key: &str) -> UnitId {
        UnitId { bucket: "raw".into(), key: key.into(), version: "1".into() }
    }

    fn location() -> BucketLocation {
        BucketLocation { bucket: "b".into(), prefix: "p/".into() }
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
            for found in evidence(&location(), &unit) {
                let found = found.strip_prefix("p/").expect("the prefix");
                let digest = unit.digest();
                let leads_back = raw_keys_of_error(found).contains(&key.as_str());
                prop_assert!(leads_back || digest_of_cut(found) == Some(digest.as_str()));
            }
        }
    }
}
