//! What people see of documents and objects in each state.

use clap::Parser as _;
use docmill_crds::records_api::unit::Unit;
use serde_json::{Value, json};

use super::lookup::Trace;
use crate::cli::Cli;
use crate::exit_status::ExitStatus;
use crate::output::{Palette, Show as _, View};

const TIME: &str = "2026-01-03T00:00:00Z";

fn shown(trace: &Trace) -> String {
    let now = "2026-01-03T00:00:30Z".parse().unwrap();
    trace.human(View { palette: Palette::default(), is_wide: false, now })
}

fn raw(key: &str) -> Value {
    json!({"bucket": "raw", "key": key, "version": "v1", "lastModified": TIME, "size": 1234, "presence": "Present",
        "digest": "00112233aabbccdd"})
}

fn conversion() -> Value {
    json!({"revision": "5f2c0000000000aa", "isCurrentRevision": true, "attempts": 1, "runner": "wire-x",
        "recordedTime": TIME})
}

fn unit(state: &str, more: &Value) -> Unit {
    let mut unit = json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit", "metadata": {"name": "0b"},
        "source": "wire", "state": state, "raw": raw("wire/b.xml")});
    for (name, value) in more.as_object().unwrap() {
        unit[name] = value.clone();
    }
    serde_json::from_value(unit).unwrap()
}

fn failed() -> Trace {
    let fault =
        json!({"reason": "MissingField", "field": "guid", "at": "/nitf/head", "line": 12, "column": 3});
    let failure = json!({"stage": "Convert", "copied": true, "refusalCount": 1, "faults": [fault]});
    let more = json!({"reason": "MissingField", "conversion": conversion(), "failure": failure});
    Trace { target: "wire/b.xml".into(), units: vec![unit("Failed", &more)], ..Trace::default() }
}

#[test]
fn an_enriched_document_has_all_stages() {
    let trace = Trace {
        documents: serde_json::from_value(json!([{
            "apiVersion": "records.docmill.io/v1alpha1", "kind": "Document", "metadata": {"name": "urn_3Aa"},
            "id": "urn:a", "source": "wire", "state": "Enriched",
            "unit": {"apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit", "metadata": {"name": "0a"},
                "source": "wire", "state": "Indexed", "raw": raw("wire/a.xml"), "conversion": conversion(),
                "snapshot": {"reference": "json/a.json"}, "documentCount": 1},
            "indexed": {"index": "articles-2026.01", "digest": "99887766aabbccdd", "indexedTime": TIME,
                "isPresent": true},
            "enriched": [{"run": "tone-1", "index": "enriched-2026.01", "isCurrent": true,
                "results": [{"name": "tone", "model": "tone", "version": "v1", "enrichedTime": TIME}]}]}]))
        .unwrap(),
        ..Trace::default()
    };
    let expected = "\
Document   urn:a
Source     wire
State      Enriched

STAGE        STATE       TIME                             DETAILS
raw          present     2026-01-03T00:00:00Z (30s ago)   s3://raw/wire/a.xml, 1.2 KiB, version v1, sha256 00112233aabb
conversion   converted   2026-01-03T00:00:00Z (30s ago)   revision 5f2c00000000 (in force), attempt 1, pod wire-x
snapshot     stored                                       json/a.json (1 document)
index        indexed     2026-01-03T00:00:00Z (30s ago)   articles-2026.01, digest 99887766aabb
enrichment   enriched    2026-01-03T00:00:00Z (30s ago)   by tone-1 into enriched-2026.01, tone: tone@v1
";
    assert_eq!(shown(&trace), expected);
    assert!(trace.is_well());
    assert_eq!(trace.names(), ["document/urn_3Aa"]);
}

#[test]
fn a_refused_object_shows_the_fault_in_its_line() {
    let mut trace = failed();
    let fault = json!({"reason": "MissingField", "field": "guid", "at": "/nitf/head", "line": 12, "column": 3,
        "expected": "a value"});
    let error = json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "UnitError", "metadata": {"name": "0b"},
        "source": "wire", "record": {"message": "no guid", "refusals": [{"faults": [fault]}]},
        "excerpts": [{"refusal": 0, "fault": 0, "line": 12, "column": 3, "text": "<head><title>\u{e9}</title>",
            "caret": 2}]});
    trace.errors = vec![serde_json::from_value(error).unwrap()];
    let expected = "\
Object   wire/b.xml
Unit     0b
Source   wire
State    Failed

STAGE        STATE          TIME                             DETAILS
raw          present        2026-01-03T00:00:00Z (30s ago)   s3://raw/wire/b.xml, 1.2 KiB, version v1, sha256 00112233aabb
conversion   MissingField   2026-01-03T00:00:00Z (30s ago)   revision 5f2c00000000 (in force), attempt 1, pod wire-x

Refused at stage Convert
  MissingField  guid: expected a value
    at /nitf/head, line 12, column 3
    12 | <head><title>é</title>
       |   ^

Next
  mend the object or the model; a new version of the object is ingested by itself
  kubectl docmill replay wire --key wire/b.xml   # once the model is mended
";
    assert_eq!(shown(&trace), expected);
    assert!(!trace.is_well());
}

#[test]
fn an_object_that_one_of_several_sources_refused_is_not_well() {
    let of = |source: &str, state: &str| unit(state, &json!({"source": source}));
    let is_well = |units: Vec<Unit>| Trace { units, ..Trace::default() }.is_well();
    assert!(is_well(vec![of("a", "Indexed"), of("a", "Failed"), of("b", "Indexed")]));
    assert!(!is_well(vec![of("a", "Indexed"), of("b", "Failed")]));
    assert!(!is_well(Vec::new()));
}

#[test]
fn who_may_not_see_content_sees_where_the_fault_is() {
    let trace = Trace { notes: vec!["no content for you".into()], ..failed() };
    let expected = "\
Object   wire/b.xml
Unit     0b
Source   wire
State    Failed

STAGE        STATE          TIME                             DETAILS
raw          present        2026-01-03T00:00:00Z (30s ago)   s3://raw/wire/b.xml, 1.2 KiB, version v1, sha256 00112233aabb
conversion   MissingField   2026-01-03T00:00:00Z (30s ago)   revision 5f2c00000000 (in force), attempt 1, pod wire-x

Refused at stage Convert
  MissingField  field guid, at /nitf/head, line 12, column 3

Next
  mend the object or the model; a new version of the object is ingested by itself
  kubectl docmill replay wire --key wire/b.xml   # once the model is mended
note: no content for you
";
    assert_eq!(shown(&trace), expected);
}

#[test]
fn a_pending_object_has_commands_that_help() {
    let trace = Trace { units: vec![unit("Pending", &json!({}))], ..Trace::default() };
    let expected = "\
Object   wire/b.xml
Unit     0b
Source   wire
State    Pending

STAGE   STATE     TIME                             DETAILS
raw     present   2026-01-03T00:00:00Z (30s ago)   s3://raw/wire/b.xml, 1.2 KiB, version v1, sha256 00112233aabb

Next
  kubectl docmill top wire   # is there a backlog, are there workers, who throttles them?
  kubectl docmill process wire --key wire/b.xml   # ingests it now, also if its notification got lost
";
    assert_eq!(shown(&trace), expected);
}

#[test]
fn a_key_that_begins_with_a_hyphen_is_no_option_of_the_commands() {
    let raw = json!({"raw": {"bucket": "raw", "key": "-rf.xml", "version": "1"}});
    let text = shown(&Trace { units: vec![unit("Pending", &raw)], ..Trace::default() });
    assert!(text.contains("kubectl docmill process wire --key='-rf.xml'   #"), "{text}");
    assert!(Cli::try_parse_from(["kubectl-docmill", "process", "wire", "--key=-rf.xml"]).is_ok());
    assert!(Cli::try_parse_from(["kubectl-docmill", "trace", "--source", "wire", "--", "-rf.xml"]).is_ok());
}

#[test]
fn a_superseded_version_names_the_one_that_replaced_it() {
    let more = json!({"reason": "Superseded", "supersededBy": "0c", "conversion": conversion()});
    let trace = Trace { units: vec![unit("Superseded", &more)], ..Trace::default() };
    let expected = "\
Object   wire/b.xml
Unit     0b
Source   wire
State    Superseded

STAGE        STATE        TIME                             DETAILS
raw          present      2026-01-03T00:00:00Z (30s ago)   s3://raw/wire/b.xml, 1.2 KiB, version v1, sha256 00112233aabb
conversion   Superseded   2026-01-03T00:00:00Z (30s ago)   revision 5f2c00000000 (in force), attempt 1, pod wire-x

Next
  kubectl docmill trace 0c   # the version that replaced it
";
    assert_eq!(shown(&trace), expected);
}

#[test]
fn what_was_forgotten_says_so_and_nothing_is_advised() {
    let more = json!({"reason": "Forgotten", "conversion": conversion()});
    let trace = Trace { units: vec![unit("Forgotten", &more)], ..Trace::default() };
    let expected = "\
Object   wire/b.xml
Unit     0b
Source   wire
State    Forgotten

STAGE        STATE       TIME                             DETAILS
raw          present     2026-01-03T00:00:00Z (30s ago)   s3://raw/wire/b.xml, 1.2 KiB, version v1, sha256 00112233aabb
conversion   Forgotten   2026-01-03T00:00:00Z (30s ago)   revision 5f2c00000000 (in force), attempt 1, pod wire-x
";
    assert_eq!(shown(&trace), expected);
    assert!(trace.is_well());
}

#[test]
fn what_nothing_knows_is_said_to_be_unknown() {
    let (target, namespace, sources) = ("x".into(), "news".into(), vec!["wire".into()]);
    let trace = Trace { target, namespace, sources, ..Trace::default() };
    let expected = "\
Nothing is known of x in wire of namespace news.

Next
  a document that was refused has no id yet: look it up by the key of its object
  an object that is not in the bucket, or outside of raw.prefix and raw.suffixes, is not ingested
  of a part of a key, the search of kubectl docmill console lists the keys that start with it
  kubectl docmill failures wire   # what was refused lately
  kubectl docmill search wire WORDS   # documents by words of their content
";
    assert_eq!(shown(&trace), expected);
    assert!(!trace.is_well());
}

#[test]
fn other_readings_of_an_unknown_key_are_commands() {
    let digest = "0123456789abcdef0123456789abcdef";
    let sources = (0..9).map(|number| format!("wire-{number}")).collect();
    let target = format!("wire/it's+a%20b.xml/{digest}.error.json");
    let text = shown(&Trace { target, namespace: "news".into(), sources, ..Trace::default() });
    for part in
        ["in the 9 sources of namespace news.", r"trace 'wire/it'\''s a b.xml/", &format!("trace {digest} ")]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn that_not_all_sources_were_asked_is_said_and_does_not_count_as_unknown() {
    let trace = Trace {
        target: "x".into(),
        namespace: "news".into(),
        sources: vec!["wire".into(), "sport".into()],
        notes: vec!["the ledger\u{1b}[2J is away".into()],
        is_partial: true,
        ..Trace::default()
    };
    let text = shown(&trace);
    let start = "x was not found, but not all sources of namespace news could be asked.\n";
    assert!(text.starts_with(start) && text.contains("kubectl docmill top "), "{text}");
    assert!(text.ends_with("note: the ledger\u{fffd}[2J is away\n"), "{text}");
    assert_eq!(trace.exit_status(), ExitStatus::Failed);
    assert_eq!(Trace { is_partial: false, ..trace }.exit_status(), ExitStatus::Findings);
}

#[test]
fn a_key_cannot_write_to_the_terminal() {
    let more = json!({"raw": {"bucket": "raw", "key": "a\u{1b}[2J\nb", "version": "1"}});
    let text = shown(&Trace { units: vec![unit("Pending", &more)], ..Trace::default() });
    assert!(!text.contains('\u{1b}') && text.contains("a\u{fffd}[2J b"), "{text}");
}
