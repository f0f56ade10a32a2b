use docmill_crds::api::ingest_run::UnitSelector;
use docmill_crds::api::storage::{OnDelete, RawLocation};
use docmill_crds::contract::RunOrder;
use docmill_crds::records::units::UnitState;
use serde_json::{Value, json};

use super::{ledger_page, line_of, listing_prefix, named_keys, read_page, takes};
use crate::ingest::source::listing::ListedObject;
use crate::ingest::unit::object_version::ObjectVersion;

fn raw() -> RawLocation {
    RawLocation {
        bucket: "raw".into(),
        prefix: "wire/".into(),
        suffixes: vec![".xml".into()],
        on_delete: OnDelete::Keep,
    }
}

fn order(spec: &Value, poll: Option<Value>) -> RunOrder {
    let mut order = json!({
        "ingest": {"namespace": "news", "source": "wire", "uid": "u", "cluster": "c", "spec": {
            "storage": {"region": "r"}, "raw": {"bucket": "raw", "prefix": "wire/", "suffixes": [".xml"]},
            "trigger": {"poll": {"intervalSeconds": 60}}, "conversion": {"preset": "nitf"},
            "snapshots": {"bucket": "json"}, "errors": {"bucket": "errors"},
            "index": {"elasticsearch": {"urls": ["http://es:9200"]}, "name": "a", "id": "{guid}"}}},
        "run": "r", "runUid": "u", "createdMillis": 0, "spec": {"sourceRef": {"name": "wire"}, "mode": "Process"},
        "step": "plan",
    });
    order["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    if let Some(poll) = poll {
        order["poll"] = poll;
    }
    serde_json::from_value(order).expect("an order")
}

fn listed(key: &str, millis: i64) -> ListedObject {
    let etag = Some("0123456789abcdef0123456789abcdef".into());
    ListedObject {
        key: key.into(),
        version: ObjectVersion { version_id: None, etag, last_modified_millis: millis },
    }
}

fn select(value: Value) -> UnitSelector {
    serde_json::from_value(value).expect("a selector")
}

#[test]
fn the_narrower_prefix_is_listed_and_a_strange_one_is_told() {
    let prefix = |prefix: &str| listing_prefix(&select(json!({"prefix": prefix})), &raw());
    assert_eq!(listing_prefix(&UnitSelector::default(), &raw()).unwrap(), "wire/");
    assert_eq!(prefix("wire/2026/").unwrap(), "wire/2026/");
    assert_eq!(prefix("wi").unwrap(), "wire/");
    let error = prefix("sport/").unwrap_err().to_string();
    assert!(error.contains("\"sport/\"") && error.contains("\"wire/\""), "{error}");
}

#[test]
fn a_named_key_has_to_be_one_of_the_source() {
    let keys = |key: &str| named_keys(&select(json!({"keys": ["wire/a.xml", key]})), &raw()).map(drop);
    assert!(keys("wire/b.xml").is_ok());
    let error = keys("wire/b.json").unwrap_err().to_string();
    assert!(error.contains("wire/b.json") && error.contains(".xml"), "{error}");
}

#[test]
fn a_folder_marker_is_looked_at_once() {
    for poll in [None, Some(json!({"intervalSeconds": 60}))] {
        let line = |reason: &str| {
            let record = json!({"state": "Skipped", "reason": reason, "revision": "r0"});
            line_of(listed("wire/2026/", 0), record.as_object(), &order(&json!({}), poll.clone()), "r1")
        };
        assert_eq!(line("FolderMarker"), None);
        assert_eq!(line("Forgotten"), None);
        assert!(line("ObjectGone").is_some(), "it is back");
    }
}

#[test]
fn what_was_converted_is_taken_where_there_is_an_index_by_now() {
    let record = json!({"state": "Converted", "revision": "r1"});
    let line = |order: &RunOrder| {
        line_of(listed("wire/a.xml", 0), record.as_object(), order, "r1").map(|line| line.state)
    };
    let indexing = order(&json!({}), None);
    assert_eq!(line(&indexing), Some(Some(UnitState::Converted)));
    let mut converting = indexing;
    converting.ingest.spec.index = None;
    assert_eq!(line(&converting), None);
}

#[test]
fn objects_are_taken_by_suffix_and_by_the_time_they_landed() {
    let range =
        select(json!({"modifiedTime": {"from": "1970-01-01T00:00:10Z", "until": "1970-01-01T00:00:20Z"}}));
    let taken = |key: &str, millis| takes(&listed(key, millis), &range, &raw());
    assert!(taken("wire/a.xml", 10_000) && taken("wire/a.xml", 19_999));
    assert!(!taken("wire/a.xml", 9_999) && !taken("wire/a.xml", 20_000));
    assert!(!taken("wire/a.json", 15_000));
}

#[test]
fn what_has_its_end_by_this_conversion_is_left_out() {
    let taken = |record: Value, poll: Option<Value>| {
        let record = record.as_object().cloned();
        line_of(listed("wire/a.xml", 0), record.as_ref(), &order(&json!({}), poll), "now").is_some()
    };
    let poll = || Some(json!({"intervalSeconds": 60}));
    assert!(taken(Value::Null, None) && taken(Value::Null, poll()));
    for state in ["Indexed", "Failed"] {
        assert!(!taken(json!({"state": state, "revision": "now"}), None));
        assert!(taken(json!({"state": state, "revision": "before"}), None));
        assert!(
            !taken(json!({"state": state, "revision": "before"}), poll()),
            "the poll is after new objects"
        );
    }
    let gone = json!({"state": "Skipped", "reason": "ObjectGone", "revision": "now"});
    assert!(taken(gone.clone(), None) && taken(gone, poll()), "it is back");
}

#[test]
fn a_replay_asks_for_failures_by_reason_and_time() {
    let spec = json!({"mode": "Replay", "select": {"prefix": "wire/a", "failed":
        {"reasons": ["MissingField"], "since": "2026-01-01T00:00:00Z"}}});
    let body = ledger_page(&order(&spec, None).spec, &raw(), "now", None);
    let filter = body.pointer("/query/bool/filter").unwrap();
    assert_eq!(
        *filter,
        json!([
            {"term": {"unit.bucket": "raw"}},
            {"terms": {"state": ["Failed"]}},
            {"prefix": {"unit.key": "wire/a"}},
            {"terms": {"reason": ["MissingField"]}},
            {"range": {"recordedTime": {"gte": "2026-01-01T00:00:00Z"}}},
        ])
    );
    assert!(body.get("search_after").is_none());
}

#[test]
fn a_reconversion_asks_for_what_another_conversion_made() {
    let spec = json!({"mode": "Reconvert", "select": {"revisionNot": "Current"}});
    let after = json!(["wire/a.xml", "1"]);
    let body = ledger_page(&order(&spec, None).spec, &raw(), "now", Some(&after));
    let must_not = body.pointer("/query/bool/must_not").unwrap();
    assert_eq!(must_not[1], json!({"term": {"revision": "now"}}));
    assert_eq!(
        body.pointer("/query/bool/filter/1"),
        Some(&json!({"terms": {"state": ["Indexed", "Converted", "Failed"]}}))
    );
    assert_eq!(body["search_after"], after);
}

#[test]
fn records_become_lines_with_the_version_in_its_place() {
    let etag = "0123456789abcdef0123456789abcdef-2";
    let hit = |key: &str, version: &str| {
        json!({"sort": [key, version], "_source": {"unit": {"bucket": "raw", "key": key, "version": version},
            "state": "Failed", "reason": "WrongType", "revision": "r", "lastModified": "2026-01-01T00:00:00.000Z"}})
    };
    let response = json!({"hits": {"hits": [hit("wire/a.xml", etag), hit("wire/b.xml", "3HL4kqt"), hit("old/c.xml", "1")]}});
    let (lines, left_out, last) = read_page(&response, &raw(), true).unwrap();
    assert_eq!((lines.len(), left_out, last), (2, 1, json!(["old/c.xml", "1"])));
    assert_eq!((lines[0].etag.as_deref(), lines[0].version_id.as_deref()), (Some(etag), None));
    assert_eq!((lines[1].etag.as_deref(), lines[1].version_id.as_deref()), (None, Some("3HL4kqt")));
    let (lines, ..) = read_page(&response, &raw(), false).unwrap();
    assert_eq!(lines[1].etag.as_deref(), Some("3HL4kqt"), "without versions everything is an ETag");
    assert!(read_page(&json!({"hits": {"hits": []}}), &raw(), true).is_none());
}
