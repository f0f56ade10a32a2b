//! What the stores hold of keys that are to be forgotten, and how it is told from what they hold of others. Pure.

use std::collections::BTreeMap;

use docmill_crds::api::ingest_run::Forgotten;
use docmill_crds::reason::SkipReason;
use docmill_crds::records::locations::ERROR_RECORD;
use docmill_crds::records::units::{UnitRecord, UnitState};
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::ingest::snapshot::packed::PackEntry;

/// Digits of the digest of a unit.
const DIGEST_DIGITS: usize = 32;
/// What stays as it is in the keys of notifications; some stores escape the slash as well.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b' ');

/// A version of an object of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredVersion {
    /// The key of the object.
    pub key: String,
    /// Its version id, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// Whether it is the current one.
    pub is_latest: bool,
}

impl StoredVersion {
    /// An object of a bucket without versions.
    pub(super) const fn only(key: String) -> Self {
        Self { key, version_id: None, is_latest: true }
    }
}

/// What all stores hold of some keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Traces {
    /// Of each key.
    pub by_key: BTreeMap<String, KeyTraces>,
    /// Packs with snapshots of any of them.
    pub packs: Vec<PackTrace>,
    /// Messages that were set aside and name one of them: the key, and message and error record in the errors bucket.
    pub messages: Vec<(String, Vec<StoredVersion>)>,
}

/// What the stores hold of a key.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyTraces {
    /// Records of its units, also those of which nothing is left but their identity.
    pub records: Vec<UnitRecord>,
    /// How many documents the index has.
    pub documents: i64,
    /// How many enriched copies there are.
    pub enriched: i64,
    /// Snapshots in objects of their own.
    pub snapshots: Vec<StoredVersion>,
    /// What was kept of refusals.
    pub evidence: Vec<StoredVersion>,
    /// Raw objects that are to be deleted.
    pub raw: Vec<StoredVersion>,
}

/// A pack with snapshots that are to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PackTrace {
    /// Its key.
    pub key: String,
    /// The snapshots.
    pub entries: Vec<PackEntry>,
    /// Former versions of the pack, which still have what was erased.
    pub former: Vec<StoredVersion>,
}

impl KeyTraces {
    /// Records that have more than the identity of a unit.
    pub(super) fn telling_records(&self) -> impl Iterator<Item = &UnitRecord> {
        self.records.iter().filter(|record| !is_blank(record))
    }

    fn counts(&self) -> Forgotten {
        Forgotten {
            documents: self.documents,
            enriched: self.enriched,
            snapshots: count(self.snapshots.len()),
            errors: count(self.evidence.len()),
            records: count(self.telling_records().count()),
            raw: count(self.raw.len()),
        }
    }
}

impl Traces {
    /// How much there is of each key.
    pub(super) fn counts(&self) -> BTreeMap<String, Forgotten> {
        let mut counts: BTreeMap<_, _> =
            self.by_key.iter().map(|(key, traces)| (key.clone(), traces.counts())).collect();
        for entry in self.packs.iter().flat_map(|pack| &pack.entries) {
            counts.entry(entry.key.clone()).or_default().snapshots += 1;
        }
        for (key, versions) in &self.messages {
            counts.entry(key.clone()).or_default().errors += count(versions.len());
        }
        counts
    }

    /// Whether nothing is left.
    pub(super) fn is_nothing(&self) -> bool {
        self.packs.is_empty() && self.counts().values().all(Forgotten::is_nothing)
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whether a record tells no more of a unit than which object it was, when that landed, and that it was forgotten.
pub(super) fn is_blank(record: &UnitRecord) -> bool {
    record.state == UnitState::Skipped
        && record.reason.as_deref() == Some(SkipReason::Forgotten.as_str())
        && record.message.is_none()
        && record.raw_digest.is_none()
        && record.documents.is_empty()
        && record.overwritten_ids.is_empty()
        && record.documents_digest.is_none()
        && record.snapshot.is_none()
}

/// Ids of documents that a record names.
pub(super) fn named_ids(record: &UnitRecord) -> impl Iterator<Item = String> {
    let documents = record.documents.iter().map(|document| document.id.clone());
    documents.chain(record.overwritten_ids.iter().cloned())
}

/// Whether a key of the errors bucket, after the folder of a raw key, is evidence of a unit of that raw key: copy and error
/// record of the object, or those of members of it.
pub(super) fn is_evidence(rest: &str) -> bool {
    let Some((digest, end)) = rest.split_at_checked(DIGEST_DIGITS) else { return false };
    let is_hex = digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hex && (end.is_empty() || end == ERROR_RECORD || end.starts_with(".members/"))
}

/// Whether a message that was set aside names a key: as it is, in a JSON, or form-encoded as in notifications.
pub(super) fn names(message: &[u8], key: &str) -> bool {
    let escaped = Value::from(key).to_string();
    let in_json = escaped.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(key);
    let form = utf8_percent_encode(key, FORM).to_string().replace(' ', "+");
    let with_slashes = form.replace("%2F", "/");
    let words = [key, in_json, form.as_str(), with_slashes.as_str()];
    words.iter().any(|word| memmem::find(message, word.as_bytes()).is_some())
}

/// The documents of a key, in the index or as enriched copies.
pub(super) fn of_key(source: &str, bucket: &str, key: &str) -> Value {
    json!({"bool": {"filter": [
        {"term": {"_docmill.source": source}},
        {"term": {"_docmill.unit.bucket": bucket}},
        {"term": {"_docmill.unit.key": key}},
    ]}})
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::units::{RecordedDocument, UnitId, UnitRecord, UnitState};

    use super::{KeyTraces, PackTrace, StoredVersion, Traces, is_blank, is_evidence, named_ids, names};
    use crate::ingest::ledger::record::Recorder;
    use crate::ingest::snapshot::packed::PackEntry;

    fn blank() -> UnitRecord {
        let recorder = Recorder {
            source: "news/wire".into(),
            revision: "r".into(),
            runner: "pod".into(),
            success_state: UnitState::Indexed,
            run: Some("uid".into()),
        };
        let unit = UnitId { bucket: "raw".into(), key: "k".into(), version: "1".into() };
        recorder.of_forgotten(unit, Some("2026-01-01T00:00:00Z".into()), 0)
    }

    fn telling() -> UnitRecord {
        let document = RecordedDocument { index: "a".into(), id: "x".into(), digest: "d".into() };
        UnitRecord {
            state: UnitState::Indexed,
            reason: None,
            documents: vec![document],
            document_count: 1,
            overwritten_ids: vec!["y".into()],
            ..blank()
        }
    }

    #[test]
    fn a_record_without_content_is_not_erased_again() {
        assert!(is_blank(&blank()));
        assert!(!is_blank(&telling()));
        assert!(!is_blank(&UnitRecord { snapshot: Some("s".into()), ..blank() }));
        assert!(!is_blank(&UnitRecord { message: Some("of the object".into()), ..blank() }));
        assert_eq!(named_ids(&telling()).collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn everything_counts_for_its_key_and_a_former_version_of_a_pack_is_something() {
        let entry = PackEntry {
            unit: "u".into(),
            key: "k".into(),
            raw_digest: "00".into(),
            revision: "r".into(),
            offset: 0,
            length: 9,
            erased: false,
        };
        let pack = PackTrace { key: "p".into(), entries: vec![entry], former: Vec::new() };
        let of_key = KeyTraces {
            records: vec![blank(), telling()],
            documents: 1,
            evidence: vec![StoredVersion::only("e".into())],
            ..KeyTraces::default()
        };
        let traces = Traces {
            by_key: [("k".to_owned(), of_key), ("other".to_owned(), KeyTraces::default())].into(),
            packs: vec![pack.clone()],
            messages: vec![("k".to_owned(), vec![StoredVersion::only("m".into())])],
        };
        let counts = traces.counts();
        let found = counts["k"];
        assert_eq!((found.documents, found.records, found.snapshots, found.errors), (1, 1, 1, 2));
        assert!(counts["other"].is_nothing() && !traces.is_nothing());
        let former = PackTrace { entries: Vec::new(), former: vec![StoredVersion::only("p".into())], ..pack };
        assert!(!Traces { packs: vec![former], ..Traces::default() }.is_nothing());
        assert!(Traces::default().is_nothing());
    }

    #[test]
    fn evidence_is_told_from_that_of_keys_that_begin_alike() {
        let digest = "0123456789abcdef".repeat(2);
        for end in ["", ".error.json", ".members/00001-a.xml", ".members/00001-a.xml.error.json"] {
            assert!(is_evidence(&format!("{digest}{end}")), "{end}");
        }
        let of_another = format!("{digest}/{digest}");
        for rest in [of_another.as_str(), "b.xml", &digest[1..], "ü"] {
            assert!(!is_evidence(rest), "{rest}");
        }
    }

    #[test]
    fn a_message_names_a_key_however_it_is_written() {
        let key = "wire/ä \"b\".xml";
        for message in [
            "{\"key\":\"wire/ä \\\"b\\\".xml\"}",
            "{\"key\":\"wire/%C3%A4+%22b%22.xml\"}",
            "{\"key\":\"wire%2F%C3%A4+%22b%22.xml\"}",
        ] {
            assert!(names(message.as_bytes(), key), "{message}");
        }
        assert!(!names(b"{\"key\":\"wire/b.xml\"}", key));
    }
}
