//! Whether objects and snapshots are what the lines of a manifest say, by reading them.

use std::collections::HashSet;

use docmill_crds::digest::sha256;
use docmill_crds::records::lineage::UnitEntry;
use docmill_crds::records::snapshot_line::digest_of_line;
use docmill_crds::records::units::DocumentsDigest;
use docmill_crds::records_api::path::Subresource;
use docmill_crds::records_api::unit::Unit;
use serde::Serialize;

use super::comparison::Comparison;
use crate::cluster::{Cluster, RecordError};
use crate::failure::Failure;

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentSummary {
    /// Objects and snapshots that were read.
    pub read: i64,
    /// Those that are larger than the Records API answers.
    pub too_large: i64,
}

/// Reads the content of units.
pub struct ContentCheck<'a> {
    cluster: &'a Cluster,
    source: &'a str,
    summary: ContentSummary,
}

impl<'a> ContentCheck<'a> {
    /// Of units of a source.
    pub fn new(cluster: &'a Cluster, source: &'a str) -> Self {
        Self { cluster, source, summary: ContentSummary::default() }
    }

    /// How much was read.
    pub fn summary(self) -> ContentSummary {
        self.summary
    }

    /// Reads the object and the snapshot of a unit. A unit that was skipped has neither.
    pub async fn check(&mut self, told: &UnitEntry, comparison: &mut Comparison) -> Result<(), Failure> {
        let mut what = Vec::new();
        if !told.state.is_good() {
            return Ok(());
        }
        if let Some(digest) = &told.raw_digest {
            match self.read(&told.unit, Subresource::Raw).await? {
                Content::Bytes(object) if sha256(&object) != *digest => what.push("raw".to_owned()),
                Content::Gone => what.push("raw is gone".to_owned()),
                Content::Bytes(_) | Content::TooLarge => {}
            }
        }
        if told.snapshot.is_some() {
            match self.read(&told.unit, Subresource::Snapshot).await? {
                Content::Bytes(lines) => {
                    let unit = self.cluster.unit(&told.unit, Some(self.source)).await?;
                    if !are_documents(told, &unit, &lines) {
                        what.push("snapshot".to_owned());
                    }
                }
                Content::Gone => what.push("snapshot is gone".to_owned()),
                Content::TooLarge => {}
            }
        }
        if !what.is_empty() {
            comparison.other_content(told, what);
        }
        Ok(())
    }

    async fn read(&mut self, unit: &str, part: Subresource) -> Result<Content, Failure> {
        match self.cluster.unit_content(unit, part, Some(self.source)).await {
            Ok(bytes) => {
                self.summary.read += 1;
                Ok(Content::Bytes(bytes))
            }
            Err(RecordError::TooLarge(_)) => {
                self.summary.too_large += 1;
                Ok(Content::TooLarge)
            }
            Err(RecordError::NotFound(_)) => Ok(Content::Gone),
            Err(other) => Err(other.into()),
        }
    }
}

enum Content {
    Bytes(Vec<u8>),
    Gone,
    TooLarge,
}

/// Whether the lines of a snapshot hold the documents that a line of the manifest is about. The record names the first 1,000
/// of them.
fn are_documents(told: &UnitEntry, unit: &Unit, lines: &[u8]) -> bool {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let digests: HashSet<String> = lines.map(digest_of_line).collect();
    // Records of earlier versions have no digests of their documents.
    let mut known = unit.documents.iter().filter(|document| !document.digest.is_empty());
    let are_there = known.all(|document| digests.contains(&document.digest));
    let count = i64::try_from(unit.documents.len());
    let are_all =
        count == Ok(told.document_count) && unit.overwritten_count == 0 && !unit.documents.is_empty();
    let is_told = || told.documents_digest.as_deref() == Some(DocumentsDigest::of(&unit.documents).as_str());
    are_there && (!are_all || is_told())
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::lineage::UnitEntry;
    use docmill_crds::records::snapshot_line::digest_of_line;
    use docmill_crds::records::units::{DocumentsDigest, RecordedDocument};
    use docmill_crds::records_api::unit::Unit;
    use serde_json::json;

    use super::are_documents;

    fn unit(digest: &str) -> Unit {
        serde_json::from_value(json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit",
            "metadata": {"name": "00"}, "source": "wire", "state": "Indexed",
            "raw": {"bucket": "raw", "key": "a", "version": "1"}, "documentCount": 1,
            "documents": [{"index": "articles", "id": "a", "digest": digest}]}))
        .unwrap()
    }

    fn told(documents: &[RecordedDocument]) -> UnitEntry {
        serde_json::from_value(json!({"key": "a", "version": "1", "unit": "00", "state": "Indexed",
            "revision": "5f", "documentCount": 1, "documentsDigest": DocumentsDigest::of(documents)}))
        .unwrap()
    }

    #[test]
    fn a_snapshot_holds_the_documents_of_the_line_or_others() {
        let line: &[u8] = br#"{"a":1,"_docmill":{"runner":"pod"}}"#;
        let unit = unit(&digest_of_line(line));
        let told = told(&unit.documents);
        assert!(are_documents(&told, &unit, &[line, b"\n"].concat()));
        assert!(!are_documents(&told, &unit, br#"{"a":2,"_docmill":{"runner":"pod"}}"#));
        let other = super::tests::unit("0b");
        assert!(!are_documents(&told, &other, line), "the record was changed with its digest");
    }
}
