//! The documents of a snapshot, one by one, without what Docmill adds to them. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use bytes::Bytes;
use docmill_convert::Addressing;
use docmill_crds::records::units::DocumentAddress;
use serde_json::{Map, Value};

use crate::ingest::snapshot::provenance;

/// A snapshot whose documents are taken out one by one: first by their ids, then the rest in order.
#[derive(Debug)]
pub struct OpenSnapshot {
    lines: Bytes,
    documents: Vec<Option<SnapshotEntry>>,
    by_id: BTreeMap<String, VecDeque<usize>>,
}

#[derive(Debug)]
struct SnapshotEntry {
    at: Range<usize>,
    address: DocumentAddress,
}

/// A document of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Where it is stored.
    pub address: DocumentAddress,
    /// Its text, as the conversion produced it.
    pub text: String,
    /// Its fields.
    pub fields: Map<String, Value>,
}

impl OpenSnapshot {
    /// Reads the lines of a snapshot. A line that is not a document of the source is skipped: it was never
    /// indexed.
    pub fn new(lines: Bytes, addressing: &Addressing) -> Self {
        let mut snapshot = Self { lines: Bytes::new(), documents: Vec::new(), by_id: BTreeMap::new() };
        let mut start = 0;
        for line in lines.split(|byte| *byte == b'\n') {
            let at = start..start + line.len();
            start = at.end + 1;
            let Some((_, fields)) = read(line) else { continue };
            let Ok(address) = addressing.of_fields(&fields) else { continue };
            snapshot.by_id.entry(address.id.clone()).or_default().push_back(snapshot.documents.len());
            snapshot.documents.push(Some(SnapshotEntry { at, address }));
        }
        snapshot.lines = lines;
        snapshot
    }

    /// Takes the document with this id.
    pub fn take(&mut self, id: &str) -> Option<Document> {
        let index = self.by_id.get_mut(id)?.pop_front()?;
        self.take_at(index)
    }

    /// Takes everything that is left, in the order of the snapshot.
    pub fn take_rest(&mut self) -> impl Iterator<Item = Document> + '_ {
        (0..self.documents.len()).filter_map(|index| self.take_at(index))
    }

    fn take_at(&mut self, index: usize) -> Option<Document> {
        let entry = self.documents.get_mut(index)?.take()?;
        let (text, fields) = read(self.lines.get(entry.at)?)?;
        Some(Document { address: entry.address, text, fields })
    }
}

/// Text and fields of a document, from its line in a snapshot. `_docmill` is the last key of a line; quotes
/// within texts are escaped, so that its name is found nowhere else.
fn read(line: &[u8]) -> Option<(String, Map<String, Value>)> {
    let line = std::str::from_utf8(line).ok()?;
    let end = line.rfind(&format!("\"{}\":{{", provenance::FIELD))?;
    let document = line.get(..end)?;
    let text = format!("{}}}", document.strip_suffix(',').unwrap_or(document));
    let fields = serde_json::from_str(&text).ok()?;
    Some((text, fields))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use docmill_convert::Addressing;
    use docmill_crds::records::units::UnitId;
    use docmill_crds::template::Template;

    use super::{OpenSnapshot, read};
    use crate::ingest::snapshot::provenance::{Provenance, UnitProvenance, snapshot_line};

    fn line(document: &str) -> Vec<u8> {
        let key = "a \"_docmill\":{ b.xml".to_owned();
        let id = UnitId { bucket: "raw".into(), key, version: "v".into() };
        let provenance = Provenance {
            source: "news/wire",
            unit: UnitProvenance { id: &id, member: None, last_modified: "2026-01-02T00:00:00Z" },
            raw_digest: "00",
            snapshot: Some("s"),
            revision: "r",
            converted_time: "2026-01-02T00:00:01Z",
            repairs: None,
            runner: "pod",
            dropped: &[],
        };
        snapshot_line(document.to_owned(), &provenance).unwrap()
    }

    #[test]
    fn the_text_is_what_the_conversion_gave() {
        for document in
            [r#"{"id":"1","n":1.50,"t":"say \"_docmill\":{ twice"}"#, r#"{"_docmill2":{"a":1}}"#, "{}"]
        {
            assert_eq!(read(&line(document)).expect("a document").0, document);
        }
        assert!(read(b"").is_none());
    }

    #[test]
    fn documents_are_taken_by_id_and_then_in_order() {
        let addressing = Addressing::by(Template::parse("a").unwrap(), Template::parse("{id}").unwrap());
        let documents = [r#"{"id":"1"}"#, r#"{"id":"2"}"#, r#"{"none":"3"}"#, r#"{"id":"2","second":true}"#];
        let lines: Vec<u8> =
            documents.iter().flat_map(|document| [line(document), b"\n".to_vec()].concat()).collect();
        let mut snapshot = OpenSnapshot::new(Bytes::from(lines), &addressing);
        assert_eq!(snapshot.take("2").expect("there").text, documents[1]);
        assert!(snapshot.take("3").is_none());
        let rest: Vec<_> = snapshot.take_rest().map(|document| document.text).collect();
        assert_eq!(rest, [documents[0], documents[3]]);
    }
}
