//! A line of a daily manifest.

use serde::{Deserialize, Serialize};

use crate::records::units::{UnitRecord, UnitState};

/// What became of a unit, by digests. The times, pods and attempts of its handling are not part of it: the same outcome
/// gives the same line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitEntry {
    /// Key of the object.
    pub key: String,
    /// Its version id, or its `ETag` without quotes.
    pub version: String,
    /// Digest of the unit.
    pub unit: String,
    /// What became of it.
    pub state: UnitState,
    /// Reason code of a failed or skipped unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the object was last modified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// SHA-256 of the object, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_digest: Option<String>,
    /// Digest of the conversion model.
    pub revision: String,
    /// Key of the snapshot, with its place if it is in a pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// How many documents of the unit are stored.
    pub document_count: i64,
    /// Digest of the addresses and contents of all documents of the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents_digest: Option<String>,
}

impl UnitEntry {
    /// The line of a record, which has its documents.
    pub fn of(record: &UnitRecord) -> Self {
        Self {
            key: record.unit.key.clone(),
            version: record.unit.version.clone(),
            unit: record.unit.digest(),
            state: record.state,
            reason: record.reason.clone(),
            last_modified: record.last_modified.clone(),
            raw_digest: record.raw_digest.clone(),
            revision: record.revision.clone(),
            snapshot: record.snapshot.clone(),
            document_count: record.document_count,
            documents_digest: record.snapshot.as_ref().and_then(|_| record.digest_of_documents()),
        }
    }

    /// The line, without a line break: what a leaf of the Merkle tree is made of.
    pub fn line(&self) -> Vec<u8> {
        // Strings and numbers: serde_json cannot fail here.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The place of the unit among those of a day.
    pub fn place(&self) -> (&str, &str) {
        (&self.key, &self.version)
    }

    /// The names of the fields that another line of the same unit has otherwise.
    pub fn changed(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("state", self.state != other.state),
            ("reason", self.reason != other.reason),
            ("lastModified", self.last_modified != other.last_modified),
            ("rawDigest", self.raw_digest != other.raw_digest),
            ("revision", self.revision != other.revision),
            ("snapshot", self.snapshot != other.snapshot),
            ("documentCount", self.document_count != other.document_count),
            ("documentsDigest", self.documents_digest != other.documents_digest),
            ("unit", self.unit != other.unit),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::UnitEntry;
    use crate::records::units::UnitRecord;

    fn record() -> UnitRecord {
        serde_json::from_value(json!({
            "source": "news/wire",
            "unit": {"bucket": "raw", "key": "wire/a.xml", "version": "1"},
            "state": "Indexed",
            "attempts": 1,
            "rawDigest": "00",
            "documents": [{"index": "articles-2026", "id": "a", "digest": "0a"}],
            "documentCount": 1,
            "snapshot": "wire/a.json",
            "revision": "5f",
            "lastModified": "2026-11-29T10:00:00Z",
            "recordedTime": "2026-11-29T10:00:01Z",
            "runner": "pod-1",
        }))
        .unwrap()
    }

    #[test]
    fn a_line_has_its_fields_in_one_order_and_comes_back() {
        let entry = UnitEntry::of(&record());
        let line = String::from_utf8(entry.line()).unwrap();
        let digest = record().digest_of_documents().unwrap();
        let unit = record().unit.digest();
        assert_eq!(
            line,
            format!(
                r#"{{"key":"wire/a.xml","version":"1","unit":"{unit}","state":"Indexed","lastModified":"2026-11-29T10:00:00Z","rawDigest":"00","revision":"5f","snapshot":"wire/a.json","documentCount":1,"documentsDigest":"{digest}"}}"#
            )
        );
        assert_eq!(serde_json::from_str::<UnitEntry>(&line).unwrap(), entry);
    }

    #[test]
    fn the_handling_of_a_unit_is_not_part_of_its_line_and_its_outcome_is() {
        let entry = UnitEntry::of(&record());
        let mut again = record();
        (again.attempts, again.runner) = (2, "pod-2".into());
        again.recorded_time = "2026-12-01T00:00:00Z".into();
        assert_eq!(UnitEntry::of(&again), entry);
        again.documents[0].digest = "0b".into();
        again.raw_digest = Some("01".into());
        assert_eq!(entry.changed(&UnitEntry::of(&again)), ["rawDigest", "documentsDigest"]);
        assert!(entry.changed(&entry).is_empty());
    }
}
