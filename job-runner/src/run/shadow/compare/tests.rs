//! A unit under two conversions.

use bytes::Bytes;
use docmill_convert::{Addressing, Converter};
use docmill_crds::conversion::Conversion;
use docmill_crds::records::units::{RecordedDocument, UnitId, UnitState, content_digest};
use docmill_crds::template::Template;
use serde_json::{Value, json};

use super::{Predicted, Recorded, UnitComparison};
use crate::ingest::snapshot::provenance::{Provenance, UnitProvenance, snapshot_line};
use crate::run::shadow::report::ShadowReport;
use crate::run::shadow::snapshot_lines::OpenSnapshot;

const OBJECT: &str = r#"{"id": "1", "day": "a", "title": "One", "n": "1"}
{"id": "2", "day": "b", "title": "Two"}
"#;

fn converter(fields: &Value) -> Converter {
    let conversion = json!({"format": "Json", "record": "$", "fields": fields});
    let conversion: Conversion = serde_json::from_value(conversion).unwrap();
    Converter::new(&conversion.resolve().unwrap()).unwrap()
}

fn addressing() -> Addressing {
    Addressing::by(Template::parse("a-{day}").unwrap(), Template::parse("{id}").unwrap())
}

fn unit() -> UnitId {
    UnitId { bucket: "raw".into(), key: "k".into(), version: "v".into() }
}

/// Record and snapshot, as today's conversion makes them.
fn today(fields: &Value) -> (Recorded, Bytes) {
    let unit = unit();
    let provenance = Provenance {
        source: "news/wire",
        unit: UnitProvenance { id: &unit, member: None, last_modified: "2026-01-02T00:00:00Z" },
        raw_digest: "00",
        snapshot: Some("s"),
        revision: "r",
        converted_time: "2026-01-02T00:00:01Z",
        repairs: None,
        runner: "pod",
        dropped: &[],
    };
    let (mut lines, mut documents, mut refused) = (Vec::new(), Vec::new(), None);
    let record = |verdict: Result<docmill_convert::Document, docmill_convert::Refusal>| match verdict {
        Ok(document) => {
            let address = addressing().of(&document).unwrap();
            let content = content_digest([document.json().as_bytes()]);
            documents.push(RecordedDocument { index: address.index, id: address.id, digest: content });
            lines.extend(snapshot_line(document.json().to_owned(), &provenance).unwrap());
            lines.push(b'\n');
        }
        Err(refusal) => refused = Some(refusal.reason.to_string()),
    };
    converter(fields).convert(OBJECT.as_bytes(), record).unwrap();
    let state = if refused.is_some() { UnitState::Failed } else { UnitState::Indexed };
    let snapshot = Some("s".into());
    let recorded = Recorded { state, reason: refused, documents_digest: None, documents, snapshot };
    (recorded, Bytes::from(lines))
}

fn rehearse(now: &Value, proposed: &Value) -> (Predicted, ShadowReport) {
    let ((recorded, lines), addressing) = (today(now), addressing());
    let mut comparison = UnitComparison::new(&addressing, Some(OpenSnapshot::new(lines, &addressing)));
    let (info, object) = (docmill_convert::ObjectInfo::default(), &mut std::io::Cursor::new(OBJECT));
    let reading = docmill_convert::Reading::default();
    comparison.convert(&converter(proposed), (reading, &info), object).unwrap();
    comparison.finish(&unit(), Some(&recorded), UnitState::Indexed)
}

fn field(name: &str, more: &Value) -> Value {
    let mut field = json!({"name": name, "path": [name]});
    field.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    field
}

fn plain(names: &[&str]) -> Value {
    names.iter().map(|name| field(name, &json!({}))).collect()
}

#[test]
fn the_same_conversion_changes_nothing() {
    let fields = plain(&["id", "day", "title"]);
    let (predicted, report) = rehearse(&fields, &fields);
    assert_eq!(predicted, Predicted { state: UnitState::Indexed, changed: false });
    assert_eq!((report.documents.compared, report.documents.unchanged), (2, 2));
    assert!(report.fields.is_empty() && report.newly_failing.is_empty());
}

#[test]
fn a_field_more_is_told_of_by_its_name() {
    let (predicted, report) = rehearse(&plain(&["id", "day"]), &plain(&["id", "day", "title", "n"]));
    assert!(predicted.changed);
    assert_eq!((report.fields["title"].added, report.fields["n"].added), (2, 1));
    assert_eq!(report.fields["title"].examples[1].document, "2");
    assert_eq!(report.documents.changed, 2);
}

#[test]
fn the_order_of_fields_alone_is_a_rewrite() {
    let (predicted, report) = rehearse(&plain(&["id", "day", "title"]), &plain(&["title", "id", "day"]));
    assert!(predicted.changed && report.fields.is_empty());
    assert_eq!((report.documents.rewritten, report.documents.changed), (2, 0));
}

#[test]
fn another_index_or_id_is_a_move() {
    let day = |path: &str| json!([field("id", &json!({})), {"name": "day", "path": [path]}]);
    let (_, report) = rehearse(&day("day"), &day("id"));
    assert_eq!((report.documents.moved, report.moved.examples[0].after.index.as_str()), (2, "a-1"));
    let id = |path: &str| json!([{"name": "id", "path": [path]}, field("day", &json!({}))]);
    let (predicted, report) = rehearse(&id("id"), &id("title"));
    let documents = report.documents;
    assert_eq!((documents.moved, documents.added, documents.removed, predicted.changed), (2, 0, 0, true));
}

#[test]
fn what_would_be_refused_is_told_with_its_place() {
    let strict =
        json!([field("id", &json!({})), field("day", &json!({})), field("n", &json!({"required": true}))]);
    let (predicted, report) = rehearse(&plain(&["id", "day", "n"]), &strict);
    assert_eq!(predicted, Predicted { state: UnitState::Failed, changed: true });
    let example = &report.newly_failing["MissingField"].examples[0];
    assert_eq!((example.key.as_str(), example.field.as_deref(), example.line), ("k", Some("n"), Some(2)));
    assert_eq!(report.documents.removed, 1);
    let (predicted, report) = rehearse(&strict, &plain(&["id", "day", "n"]));
    assert_eq!(predicted, Predicted { state: UnitState::Indexed, changed: true });
    assert_eq!(report.newly_passing["MissingField"].count, 1);
    let (predicted, report) = rehearse(&strict, &strict);
    assert_eq!(predicted, Predicted { state: UnitState::Failed, changed: false });
    assert!(report.newly_failing.is_empty() && report.other_reason.is_empty());
}
