mod amplification;
#[path = "../tests/combinations/mod.rs"]
mod combinations;
mod compressed;
mod constraints;
mod documentation;
mod encodings;
mod equivalence;
mod fuzz;
mod golden;
mod inherited;
mod json;
mod json_syntax;
mod lenient;
mod losses;
mod naive;
mod nearest;
mod on_fault;
mod paths;
mod predicates;
mod property;
mod resolve;
mod round_trip;
mod templates;
mod text;
mod unclaimed;
mod union;
mod well_formed;

use docmill_crds::conversion::Conversion;
use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::{Converter, Document, Documents, Limits, Reading, Refusal, Verdict};

/// A converter for a model that is written as JSON.
fn converter(model: Value) -> Converter {
    Converter::new(&serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap()).unwrap()
}

fn verdicts(converter: &Converter, bytes: &[u8]) -> Vec<Verdict> {
    converter.documents(bytes).map(Result::unwrap).collect()
}

/// The same, with so many bytes read at once.
fn verdicts_in_chunks(converter: &Converter, bytes: &[u8], chunk: usize) -> Vec<Verdict> {
    Documents::in_chunks(converter, Reading::default(), bytes, chunk).map(Result::unwrap).collect()
}

/// The only document of an object.
fn document(converter: &Converter, xml: &str) -> Value {
    let mut verdicts = verdicts(converter, xml.as_bytes());
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    json(&verdicts.remove(0).unwrap())
}

/// A document as a value.
fn json(document: &Document) -> Value {
    serde_json::from_str(document.json()).unwrap()
}

/// The only refusal of an object.
fn refusal(converter: &Converter, bytes: &[u8]) -> Refusal {
    let mut verdicts = verdicts(converter, bytes);
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    verdicts.remove(0).unwrap_err()
}

/// A converter of one field `x` of the record `/r`.
fn one(kind: &str, paths: &[&str]) -> Converter {
    converter(json!({"record": "/r", "fields": [{"name": "x", "path": paths, "type": kind}]}))
}

/// The field of [`one`], `Null` when it is not there.
fn x(kind: &str, path: &str, xml: &str) -> Value {
    document(&one(kind, &[path]), xml).get("x").cloned().unwrap_or_default()
}

#[test]
fn limits_refuse_what_is_too_large() {
    let limits = Limits {
        object_bytes: 2000,
        document_bytes: 1000,
        documents: 2,
        nodes: 40,
        depth: 5,
        attributes: 2,
        attribute_bytes: 10,
        namespace_bytes: 50,
        doctype_bytes: 40,
        name_bytes: 10,
        text_bytes: 100,
        value_bytes: 300,
        ..Limits::default()
    };
    let model = json!({"record": "//d", "fields": [
        {"name": "a", "path": ["."]}, {"name": "b", "path": ["."], "type": "markup"},
    ]});
    let model = serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap();
    let converter = Converter::with_limits(&model, limits).unwrap();
    let last = |xml: &str| verdicts(&converter, xml.as_bytes()).pop().unwrap();
    assert!(last("<r><d>text</d><d>text</d></r>").is_ok());
    let comments = format!("<!--{}-->", " ".repeat(50)).repeat(13);
    for (xml, expected) in [
        (format!("<r><d>{comments}</d><d>{comments}</d>{comments}</r>"), "an object of at most 2000 bytes"),
        (format!("<r><d>{comments}{comments}</d></r>"), "a document of at most 1000 bytes"),
        ("<r><d/><d/><d/></r>".into(), "at most 2 documents"),
        (format!("<r><d>{}</d></r>", "<e/>".repeat(41)), "at most 40 nodes"),
        ("<r><d><a><b><c><d/></c></b></a></d></r>".into(), "at most 5 levels"),
        ("<r a='' b='' c=''/>".into(), "at most 2 attributes"),
        ("<r a='12345678901'/>".into(), "an attribute of at most 10 bytes"),
        (
            "<r xmlns='u1'><s xmlns='u2'><t xmlns='u3345678'/></s></r>".into(),
            "namespaces of at most 50 bytes",
        ),
        (format!("<!DOCTYPE r [{}]><r/>", " ".repeat(30)), "a document type declaration of at most 40 bytes"),
        ("<r><a1234567890/></r>".into(), "a name of at most 10 bytes"),
        (format!("<r>{}</r>", "x".repeat(101)), "a text, tag, comment or declaration of at most 100 bytes"),
        (format!("<r><d>{}</d></r>", "x".repeat(100)), "values of at most 300 bytes"),
    ] {
        let refusal = last(&xml).unwrap_err();
        assert_eq!(refusal.reason, Reason::LimitExceeded, "{xml}: {refusal}");
        assert!(refusal.message().contains(expected), "{refusal} should contain {expected}");
    }
    let many = format!("<r>{}</r>", "<d><e/><e/><e/></d>".repeat(2));
    assert!(last(&many).is_ok(), "nodes are counted for each document");
    let ends = format!("<r><d>{}</d></r>", "<e></e>".repeat(40));
    assert!(last(&ends).is_ok(), "end tags are no nodes");
}

#[test]
fn documents_of_an_object_are_judged_one_by_one() {
    let converter = converter(json!({"record": "/r/d", "fields": [
        {"name": "n", "path": ["@n"], "type": "integer", "required": true},
    ]}));
    let verdicts = verdicts(&converter, b"<r><d n='1'/><d n='x'/><d/><d n='4'/></r>");
    let reasons: Vec<_> = verdicts.iter().map(|v| v.as_ref().err().map(|r| (r.document, r.reason))).collect();
    let expected = [None, Some((Some(1), Reason::WrongType)), Some((Some(2), Reason::MissingField)), None];
    assert_eq!(reasons, expected);
    assert_eq!(verdicts[3].as_ref().unwrap().index_in_object, 3);
}

#[test]
fn what_is_malformed_ends_the_object_but_not_the_documents_before() {
    let model = json!({"record": "/r/d", "fields": [{"name": "n", "path": ["@n"]}]});
    let verdicts = verdicts(&converter(model), b"<r><d n='1'/><d n='2'/><d n='3'></r>");
    assert_eq!(verdicts.len(), 3);
    assert!(verdicts[0].is_ok() && verdicts[1].is_ok());
    let refusal = verdicts[2].as_ref().unwrap_err();
    assert_eq!((refusal.reason, refusal.document), (Reason::MalformedXml, None));
}

#[test]
fn a_document_that_is_the_whole_object_is_not_given_before_the_object_has_ended_well() {
    let converter = one("string", &["."]);
    for after in ["trailing", "<r/>", "&amp;", "<!--", "<![CDATA[]]>"] {
        let refusal = refusal(&converter, format!("<r>good</r>{after}").as_bytes());
        assert_eq!((refusal.reason, refusal.document), (Reason::MalformedXml, None), "{after}");
    }
    assert_eq!(document(&converter, "<r>good</r>\n<!-- end --><?end?>\n"), json!({"x": "good"}));
}

#[test]
fn all_faults_of_a_document_are_reported_with_their_places() {
    let converter = converter(json!({"record": "/r", "fields": [
        {"name": "id", "path": ["@id"], "required": true},
        {"name": "n", "path": ["n"], "type": "integer", "repeated": true},
        {"name": "o", "path": ["o"], "type": "object", "repeated": true, "fields": [
            {"name": "d", "path": ["@d"], "type": "date", "required": true},
        ]},
    ]}));
    let refusal = refusal(
        &converter,
        "<r>\n <n>1</n>\n <n>\u{e9}</n>\n <o d='2026-01-02'/><o/><o d='soon'/>\n</r>".as_bytes(),
    );
    let faults: Vec<_> = refusal
        .faults
        .iter()
        .map(|f| (f.field.as_deref().unwrap(), f.at.as_deref().unwrap(), f.reason, f.line, f.column))
        .collect();
    assert_eq!(
        faults,
        [
            ("id", "/r/@id", Reason::MissingField, 1, 1),
            ("n[1]", "/r/n", Reason::WrongType, 3, 2),
            ("o[1].d", "/r/o/@d", Reason::MissingField, 4, 21),
            ("o[2].d", "/r/o/@d", Reason::WrongType, 4, 31),
        ]
    );
    assert_eq!(refusal.faults[1].found.as_deref(), Some("\u{e9}"));
    assert!(refusal.message().ends_with("(and 3 more)"), "{refusal}");
}

#[test]
fn found_values_are_shortened() {
    let xml = format!("<r>{}</r>", "\u{e9}".repeat(500));
    let fault = refusal(&one("integer", &["."]), xml.as_bytes()).faults.remove(0);
    assert_eq!(fault.found.unwrap().chars().count(), 81);
}

#[test]
fn an_object_without_a_record_says_what_its_root_is() {
    let refusal = refusal(&one("string", &["."]), b"\n<q:html xmlns:q='urn:h'><r/></q:html>");
    assert_eq!(refusal.reason, Reason::NoRecord);
    let fault = &refusal.faults[0];
    assert_eq!((fault.found.as_deref(), fault.line, fault.column), (Some("{urn:h}html"), 2, 1));
}

/// An object without any value is no value: one that has some is looked for further on, and by other paths.
#[test]
fn an_empty_object_hides_none_that_is_not() {
    let fields = json!([{"name": "n", "path": ["n"]}, {"name": "p", "path": ["p"], "type": "object", "fields": [
        {"name": "q", "path": ["@q"]},
    ]}]);
    let object =
        json!({"name": "o", "path": ["a", "b"], "type": "object", "fields": fields, "required": true});
    let converter = converter(json!({"record": "/r", "fields": [object]}));
    for (xml, expected) in [
        ("<r><a/><a><p/></a><a><n>1</n></a><a><n>2</n></a></r>", json!({"n": "1"})),
        ("<r><a/><b/><b><p q='3'/></b><a><n> </n></a></r>", json!({"p": {"q": "3"}})),
    ] {
        assert_eq!(document(&converter, xml), json!({"o": expected}), "{xml}");
    }
    for xml in ["<r/>", "<r><a/></r>", "<r><a><n/><p q=''/></a><b/></r>"] {
        let refusal = refusal(&converter, xml.as_bytes());
        assert_eq!((refusal.reason, refusal.faults.len()), (Reason::MissingField, 1), "{xml}: {refusal}");
    }
}

#[test]
fn the_parts_of_a_date_make_one() {
    let parts = json!({"year": "y", "month": "m", "day": "d"});
    let date = json!({"name": "date", "path": ["a", "b"], "type": "date", "parts": parts});
    let moment = json!({"name": "dateTime", "path": ["a", "b"], "type": "dateTime", "parts": parts, "timeZone": "Europe/Berlin"});
    let converter = converter(json!({"record": "/r", "fields": [date, moment]}));
    for (xml, day, moment) in [
        ("<r><a><d>2</d><m>July</m><y>2026</y></a></r>", "2026-07-02", "2026-07-01T22:00:00Z"),
        ("<r><a><season>Spring</season></a><b><y>2026</y></b></r>", "2026-01-01", "2025-12-31T23:00:00Z"),
    ] {
        assert_eq!(document(&converter, xml), json!({"date": day, "dateTime": moment}), "{xml}");
    }
    assert_eq!(document(&converter, "<r><a/></r>"), json!({}));
    for (xml, found) in [
        ("<r><a><y>2026</y><m>Spring</m></a></r>", "2026 Spring -"),
        ("<r><a><y>2026</y><m>2</m><d>30</d></a></r>", "2026-02-30"),
        ("<r><a><m>2</m></a></r>", "- 2 -"),
    ] {
        let refusal = refusal(&converter, xml.as_bytes());
        assert_eq!(refusal.faults.len(), 2, "{xml}: {refusal}");
        assert_eq!(refusal.faults[0].found.as_deref(), Some(found), "{xml}");
    }
}

#[test]
fn how_much_is_known_of_a_date_stands_beside_it() {
    let date = |kind: &str| {
        json!({"name": kind, "path": ["a", "b"], "type": kind, "resolution": format!("{kind}Known"), "onFault": "Drop",
            "timeZone": (kind == "dateTime").then_some("UTC")})
    };
    let parts = json!({"name": "p", "path": ["p"], "type": "date", "resolution": "pKnown",
        "parts": {"year": "y", "month": "m", "day": "d"}});
    let converter = converter(json!({"record": "/r", "fields": [date("date"), date("dateTime"), parts]}));
    for (xml, expected) in [
        (
            "<r><a>2026-02</a><p><y>2026</y></p></r>",
            json!({"date": "2026-02-01", "dateKnown": "month",
                "dateTime": "2026-02-01T00:00:00Z", "dateTimeKnown": "month", "p": "2026-01-01", "pKnown": "year"}),
        ),
        (
            "<r><a>soon</a><b>2026-02-03T04:05:06Z</b><p><y>2026</y><m>2</m><d>3</d></p></r>",
            json!({"date": "2026-02-03", "dateKnown": "day",
                "dateTime": "2026-02-03T04:05:06Z", "dateTimeKnown": "second", "p": "2026-02-03", "pKnown": "day"}),
        ),
        ("<r><a>soon</a></r>", json!({})),
    ] {
        assert_eq!(document(&converter, xml), expected, "{xml}");
    }
    let verdict = verdicts(&converter, b"<r><a>2026</a></r>").remove(0).unwrap();
    assert_eq!(verdict.field("date"), Some("\"2026-01-01\""));
}

#[test]
fn an_object_without_a_record_is_good_if_its_model_says_so() {
    let model =
        json!({"record": "/feed/entry", "emptyIf": ["/feed"], "fields": [{"name": "x", "path": ["."]}]});
    let converter = converter(model);
    assert!(verdicts(&converter, b"<feed><title/></feed>").is_empty());
    assert_eq!(refusal(&converter, b"<html><feed/></html>").reason, Reason::NoRecord);
    assert_eq!(refusal(&converter, b"<feed><title></feed>").reason, Reason::MalformedXml);
}

#[test]
fn a_converter_is_shared_among_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&one("string", &["."]));
}
