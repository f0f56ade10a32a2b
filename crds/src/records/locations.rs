//! Where a source stores what it writes. Every key names its source and its subject, so that two sources, two
//! objects, or two versions of one object never share a key. Pure.
//!
//! - snapshots: `<prefix><namespace>/<source>/<raw key>/<unit digest>/<revision>.json`
//! - refused objects: `<prefix><namespace>/<source>/objects/<raw key>/<unit digest>` and, beside it, its
//!   error record `<unit digest>.error.json`
//! - refused members of archives: `<prefix><namespace>/<source>/objects/<raw key>/<unit digest>.members/` and the
//!   number and the name of the member, also with an error record beside it
//! - refused messages: the same under `messages/<message id>/`
//!
//! A key is parsed from its end, where the digest and what follows it have a fixed form; so there is exactly
//! one way to parse it, whatever the raw key looks like. Neither a namespace nor the name of a source can
//! contain a slash.

use super::object_key;
use super::units::UnitId;
use crate::api::storage::BucketLocation;

/// Metadata that names the source, as `<namespace>/<name>`, of a snapshot or pack.
pub const SNAPSHOT_SOURCE: &str = "docmill-source";

/// The suffix of an error record's key, after the digest of its unit.
pub const ERROR_RECORD: &str = ".error.json";

/// Bytes of a member's name that stand in the keys of its evidence: its end.
const MAX_NAME_BYTES: usize = 120;
/// The most bytes of such a key after the folder of its unit: a number, a dash, the name and the suffix.
const MAX_MEMBER_BYTES: usize = 10 + 1 + MAX_NAME_BYTES + ERROR_RECORD.len();

/// Keys of the evidence of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceKeys {
    /// Key of the unchanged copy of what was refused.
    pub copy: String,
    /// Key of the record that explains why.
    pub record: String,
}

impl EvidenceKeys {
    /// The keys for a refused object.
    pub fn of_object(location: &BucketLocation, unit: &UnitId) -> Self {
        Self::within(&objects(location), unit)
    }

    /// The keys for a refused member of an archive: its number tells it apart, its name is for people.
    pub fn of_member(location: &BucketLocation, unit: &UnitId, number: u32, name: &str) -> Self {
        let name = name.replace(['/', '\\'], "_");
        let from = name.len().saturating_sub(MAX_NAME_BYTES);
        let from = (from..=name.len()).find(|from| name.is_char_boundary(*from)).unwrap_or(name.len());
        let copy = format!("{}{number:05}-{}", Self::members_of(location, unit), &name[from..]);
        Self { record: format!("{copy}{ERROR_RECORD}"), copy }
    }

    /// How the keys of all refused members of a unit start.
    pub fn members_of(location: &BucketLocation, unit: &UnitId) -> String {
        let digest = unit.digest();
        // A long raw key is cut in one place, however long the names of members are.
        let room = "-".repeat(MAX_MEMBER_BYTES);
        let end = format!("/{digest}.members/{room}");
        let mut key = object_key::derived(&objects(location), &unit.key, &digest, &end);
        key.truncate(key.len() - MAX_MEMBER_BYTES);
        key
    }

    /// The keys for a refused message.
    pub fn of_message(location: &BucketLocation, unit: &UnitId) -> Self {
        Self::within(&format!("{}messages/", location.prefix), unit)
    }

    fn within(folder: &str, unit: &UnitId) -> Self {
        let digest = unit.digest();
        let key = |end: &str| object_key::derived(folder, &unit.key, &digest, &format!("/{digest}{end}"));
        Self { copy: key(""), record: key(ERROR_RECORD) }
    }
}

/// Key of the snapshot of a unit that has an object of its own: `<raw key>/<unit digest>/<revision>.json` in the source's
/// own location ([`of_source`]).
pub fn snapshot_key(location: &BucketLocation, unit: &UnitId, revision: &str) -> String {
    let digest = unit.digest();
    object_key::derived(&location.prefix, &unit.key, &digest, &format!("/{digest}/{revision}.json"))
}

/// The location of a source (`<namespace>/<name>`) in a bucket that others may write to as well.
pub fn of_source(location: &BucketLocation, source: &str) -> BucketLocation {
    BucketLocation { bucket: location.bucket.clone(), prefix: format!("{}{source}/", location.prefix) }
}

/// The prefix of the keys of a source's refused objects. `location` is the source's own location
/// ([`of_source`]).
pub fn objects(location: &BucketLocation) -> String {
    format!("{}objects/", location.prefix)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{EvidenceKeys, of_source, snapshot_key};
    use crate::api::storage::BucketLocation;
    use crate::records::units::UnitId;

    fn unit(bucket: &str, key: &str, version: &str) -> UnitId {
        UnitId { bucket: bucket.into(), key: key.into(), version: version.into() }
    }

    #[test]
    fn evidence_says_whose_it_is_and_what_it_is_of() {
        let shared = BucketLocation { bucket: "errors".into(), prefix: "e/".into() };
        let (location, unit) = (of_source(&shared, "news/wire"), unit("raw", "in/a b.xml", "1"));
        let EvidenceKeys { copy, record } = EvidenceKeys::of_object(&location, &unit);
        assert_eq!(copy, format!("e/news/wire/objects/in/a b.xml/{}", unit.digest()));
        assert_eq!(record, format!("{copy}.error.json"));
    }

    #[test]
    fn a_member_is_named_in_the_keys_of_its_evidence() {
        let location = BucketLocation { bucket: "errors".into(), prefix: "e/news/wire/".into() };
        let unit = unit("raw", "in/a.zip", "1");
        let EvidenceKeys { copy, record } = EvidenceKeys::of_member(&location, &unit, 7, "../x/b.xml");
        let folder = format!("e/news/wire/objects/in/a.zip/{}.members/", unit.digest());
        assert_eq!(copy, format!("{folder}00007-.._x_b.xml"));
        assert_eq!(record, format!("{copy}.error.json"));
    }

    #[test]
    fn the_key_of_a_snapshot_names_object_version_and_revision() {
        let location = BucketLocation { bucket: "json".into(), prefix: "wire/news/main/".into() };
        let unit = unit("raw", "in/a b.xml", "1");
        let key = snapshot_key(&location, &unit, "5f2c");
        assert_eq!(key, format!("wire/news/main/in/a b.xml/{}/5f2c.json", unit.digest()));
    }

    /// Keys that begin or end as others' evidence and snapshots do, for sources that share a prefix or have one that looks
    /// like another's location.
    #[test]
    fn no_two_things_have_the_same_key() {
        let digest = unit("raw", "a", "1").digest();
        let raw_keys = [
            "a".to_owned(),
            "a.error.json".to_owned(),
            format!("a/{digest}"),
            format!("a/{digest}.error.json"),
            format!("a/{digest}/5f.json"),
            "messages/a".to_owned(),
            "objects/a".to_owned(),
            "../messages/a".to_owned(),
            "a//".to_owned(),
            "x".repeat(1024),
            format!("{}y", "x".repeat(1023)),
        ];
        let mut keys = BTreeSet::new();
        let mut count = 0;
        let sources =
            [("", "news/wire"), ("", "news/wire2"), ("", "news-wire/a"), ("news/wire/objects/", "a/b")];
        for (prefix, source) in sources {
            let shared = BucketLocation { bucket: "b".into(), prefix: prefix.into() };
            let location = of_source(&shared, source);
            for (raw_key, version) in raw_keys.iter().flat_map(|key| [(key, "1"), (key, "2")]) {
                let unit = unit("raw", raw_key, version);
                let [object, message] =
                    [EvidenceKeys::of_object(&location, &unit), EvidenceKeys::of_message(&location, &unit)];
                let snapshot = snapshot_key(&location, &unit, "5f");
                keys.extend([object.copy, object.record, message.copy, message.record, snapshot]);
                let long = "ü".repeat(512);
                let members =
                    [(1, "a.xml"), (2, "a.xml"), (3, "a.xml.error.json"), (u32::MAX, long.as_str())];
                for (number, name) in members {
                    let member = EvidenceKeys::of_member(&location, &unit, number, name);
                    assert!(member.copy.starts_with(&EvidenceKeys::members_of(&location, &unit)));
                    keys.extend([member.copy, member.record]);
                }
                count += 13;
            }
        }
        assert_eq!(keys.len(), count);
        assert!(keys.iter().all(|key| key.len() <= 1024));
    }
}
