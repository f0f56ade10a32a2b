//! `_docmill`: what every stored document says about its origin. Pure.

use docmill_convert::Dropped;
use docmill_crds::conversion::RepairCounts;
use docmill_crds::records::units::UnitId;
use serde::Serialize;

pub use docmill_crds::records::snapshot_line::{CLOSING, FIELD, content, digest_of_line, with_snapshot};

/// The origin of a document. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance<'a> {
    /// `<namespace>/<name>` of the `IngestSource`.
    pub source: &'a str,
    /// The raw object.
    pub unit: UnitProvenance<'a>,
    /// SHA-256 of the raw object, in hex.
    pub raw_digest: &'a str,
    /// Key of the snapshot in the snapshot bucket; if it is to be packed, the reference is added later, see
    /// [`with_snapshot`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<&'a str>,
    /// Digest of the conversion model.
    pub revision: &'a str,
    /// When the object was converted.
    pub converted_time: &'a str,
    /// What was mended for the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repairs: Option<&'a RepairCounts>,
    /// Name of the pod that did it.
    pub runner: &'a str,
    /// Values of the object that are wrong and were left out of the document.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub dropped: &'a [Dropped],
}

/// The raw object of a document.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitProvenance<'a> {
    /// Bucket, key and version.
    #[serde(flatten)]
    pub id: &'a UnitId,
    /// The member that the document is of, if the object is an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<&'a str>,
    /// When it landed.
    pub last_modified: &'a str,
}

/// The document as one line of JSON, with `_docmill` at its end: the form that is kept as a snapshot.
/// `document` is the text of a JSON object.
pub fn snapshot_line(document: String, provenance: &Provenance<'_>) -> serde_json::Result<Vec<u8>> {
    let mut line = document.into_bytes();
    line.pop_if(|last| *last == b'}');
    if line.last() != Some(&b'{') {
        line.push(b',');
    }
    line.extend_from_slice(b"\"_docmill\":");
    serde_json::to_writer(&mut line, provenance)?;
    line.push(b'}');
    Ok(line)
}

/// The same document as it is indexed, piece by piece: `_docmill` also has `indexedTime`. `line` is the
/// result of [`snapshot_line`].
pub fn indexed_source<'a>(line: &'a [u8], indexed_time: &'a str) -> [&'a [u8]; 4] {
    let body = line.strip_suffix(CLOSING).unwrap_or(line);
    [body, b",\"indexedTime\":\"", indexed_time.as_bytes(), b"\"}}"]
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::{Repair, RepairCounts};
    use docmill_crds::records::units::UnitId;
    use serde_json::{Value, json};

    use super::{
        Provenance, UnitProvenance, content, digest_of_line, indexed_source, snapshot_line, with_snapshot,
    };

    fn lines(document: &Value) -> (Value, Value) {
        let line = line(document, Some("s"));
        let source = indexed_source(&line, "2026-01-02T00:00:02Z").concat();
        (serde_json::from_slice(&line).unwrap(), serde_json::from_slice(&source).unwrap())
    }

    fn line(document: &Value, snapshot: Option<&str>) -> Vec<u8> {
        let id = UnitId { bucket: "raw".into(), key: "a \"b\".xml".into(), version: "v".into() };
        let provenance = Provenance {
            source: "news/wire",
            unit: UnitProvenance { id: &id, member: None, last_modified: "2026-01-02T00:00:00Z" },
            raw_digest: "00",
            snapshot,
            revision: "r",
            converted_time: "2026-01-02T00:00:01Z",
            repairs: None,
            runner: "pod",
            dropped: &[],
        };
        let line = snapshot_line(document.to_string(), &provenance).unwrap();
        assert_eq!([content(&line), b"}"].concat(), document.to_string().as_bytes());
        line
    }

    #[test]
    fn a_reference_that_is_put_in_later_is_where_one_that_was_known_would_be() {
        for document in [json!({"headline": "ä\"}}"}), json!({"odd": "\"_docmill\":{"}), json!({})] {
            let reference = "p/\"a\".json.zst#1+2";
            let later = with_snapshot(line(&document, None), reference);
            let parse = |line: &[u8]| serde_json::from_slice::<Value>(line).unwrap();
            assert_eq!(parse(&later), parse(&line(&document, Some(reference))));
            assert_eq!(digest_of_line(&later), digest_of_line(&line(&document, None)));
        }
    }

    #[test]
    fn what_was_mended_is_told_and_nothing_where_nothing_was() {
        let id = UnitId { bucket: "raw".into(), key: "a.xml".into(), version: "v".into() };
        let mut repairs = RepairCounts::default();
        repairs.add(Repair::BareAmpersand, 2);
        let provenance = Provenance {
            source: "news/wire",
            unit: UnitProvenance { id: &id, member: None, last_modified: "2026-01-02T00:00:00Z" },
            raw_digest: "00",
            snapshot: None,
            revision: "r",
            converted_time: "2026-01-02T00:00:01Z",
            repairs: Some(&repairs),
            runner: "pod",
            dropped: &[],
        };
        let line = with_snapshot(snapshot_line("{\"a\":1}".into(), &provenance).unwrap(), "s");
        assert_eq!([content(&line), b"}"].concat(), b"{\"a\":1}");
        let source = indexed_source(&line, "2026-01-02T00:00:02Z").concat();
        let source: Value = serde_json::from_slice(&source).unwrap();
        assert_eq!(source["_docmill"]["repairs"], json!({"BareAmpersand": 2}));
        assert_eq!(source["_docmill"]["snapshot"], "s");
        assert_eq!(lines(&json!({"a": 1})).0["_docmill"].get("repairs"), None);
    }

    #[test]
    fn snapshot_and_indexed_document_differ_in_the_indexed_time_only() {
        for document in [
            json!({"headline": "ä\"}}", "list": [{"a": 1}]}),
            json!({"odd": "\"_docmill\":{", "nested": {"_docmill": {"a": 1}}}),
            json!({}),
        ] {
            let (snapshot, mut source) = lines(&document);
            assert_eq!(source["_docmill"]["indexedTime"], "2026-01-02T00:00:02Z");
            source["_docmill"].as_object_mut().unwrap().remove("indexedTime");
            assert_eq!(snapshot, source);
            assert_eq!(snapshot["_docmill"]["unit"]["key"], "a \"b\".xml");
        }
    }
}
