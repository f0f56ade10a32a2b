//! Several XML documents in one object, and objects that are none.

use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::super::{converter, refusal, verdicts, verdicts_in_chunks};
use super::{lenient, with_record};

const GRANTS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE r SYSTEM \"v47.dtd\" [ ]>\n<r a='1'>one</r>\n\
    <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE r SYSTEM \"v47.dtd\" [ ]>\n<r a='2'>two</r>\n";

fn values(xml: &str, settings: Value) -> Vec<Value> {
    let mut settings = settings;
    settings["concatenated"] = json!(true);
    let verdicts = verdicts(&lenient(settings), xml.as_bytes());
    verdicts.iter().map(|verdict| super::super::json(verdict.as_ref().unwrap())).collect()
}

#[test]
fn documents_come_one_after_the_other() {
    let two = [json!({"x": "one", "a": "1"}), json!({"x": "two", "a": "2"})];
    assert_eq!(values(GRANTS, json!({})), two);
    assert_eq!(values("<r a='1'>one</r><r a='2'>two</r>", json!({})), two);
    assert_eq!(values("\u{feff}<r a='1'>one</r>\n\u{feff}<r a='2'>two</r>\u{feff}", json!({})), two);
    let trailing = json!({"repairs": ["TrailingData"]});
    assert_eq!(values("<r a='1'>one</r>\0--\0<!-- --><r a='2'>two</r>\0", trailing), two);
    assert_eq!(refusal(&lenient(json!({})), GRANTS.as_bytes()).reason, Reason::MalformedXml);
}

#[test]
fn a_document_knows_nothing_of_the_one_before() {
    let declared = json!({"entities": "Declared"});
    let entity = |text: &str| format!("<!DOCTYPE r [<!ENTITY e '{text}'>]><r>&e;</r>");
    let both = entity("one") + &entity("two");
    assert_eq!(values(&both, declared), [json!({"x": "one"}), json!({"x": "two"})]);
    let converter_of_several = lenient(json!({"concatenated": true, "entities": "Declared"}));
    let of = |xml: &str| {
        let found = verdicts(&converter_of_several, xml.as_bytes());
        let refusal = found.last().unwrap().as_ref().unwrap_err().clone();
        (found.len(), refusal.reason)
    };
    assert_eq!(of(&(entity("one") + "<r>&e;</r>")), (2, Reason::EntityRefused));
    assert_eq!(of("<r xmlns:p='u'/><r p:a=''/>"), (2, Reason::MalformedXml));
    assert_eq!(of("<r/><!DOCTYPE r><!DOCTYPE r><r/>"), (2, Reason::MalformedXml));
    assert_eq!(of("<r/><?xml version='1.0' encoding='utf-16'?><r/>"), (2, Reason::UnsupportedEncoding));
    assert_eq!(of("<r/>text<r/>"), (2, Reason::MalformedXml));
    assert_eq!(of("<r/><?xml version='1.0'?>"), (2, Reason::MalformedXml));
    // What stands before the records of one document is not for those of the next.
    let fields = json!([{"name": "t", "path": ["/l/t"]}]);
    let shared = converter(json!({"record": "//i", "concatenated": true, "fields": fields}));
    let found = verdicts(&shared, b"<l><t>T</t><i/></l><l><i/></l>");
    let found: Vec<_> = found.iter().map(|verdict| super::super::json(verdict.as_ref().unwrap())).collect();
    assert_eq!(found, [json!({"t": "T"}), json!({})]);
}

/// The places of faults are those of the whole object, in whatever portions it comes.
#[test]
fn faults_are_placed_in_the_whole_object() {
    let converter = lenient(json!({"concatenated": true}));
    let object = format!("{GRANTS}<!--{}-->\n{GRANTS}<r>\n<b></r>", " ".repeat(1100));
    for chunk in [1, 7, 100, 1 << 16] {
        let found = verdicts_in_chunks(&converter, object.as_bytes(), chunk);
        assert_eq!(found.len(), 5, "{found:?}");
        let refusal = found[4].as_ref().unwrap_err();
        assert_eq!((refusal.faults[0].line, refusal.faults[0].column), (15, 4), "{refusal}");
    }
}

#[test]
fn an_object_without_a_record_in_any_of_its_documents_is_refused() {
    let converter = with_record("//i", json!({"concatenated": true}));
    let none = refusal(&converter, b"\n<l/><m/>");
    assert_eq!((none.reason, none.faults[0].found.as_deref()), (Reason::NoRecord, Some("l")));
    assert_eq!((none.faults[0].line, none.faults[0].column), (2, 1), "the place of the first root");
    assert_eq!(refusal(&converter, b" \n").reason, Reason::EmptyObject);
    assert!(verdicts(&converter, b"<l/><l><i/></l><l/>").iter().all(Result::is_ok));
}

#[test]
fn a_refusal_names_what_an_object_is_instead_of_xml() {
    for (bytes, expected) in [
        (&b"PK\x03\x04\x14\0"[..], "a ZIP archive"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7-Zip archive"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
        (b"<!DOCTYPE html>\n<html><head><title>502<br></title>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "a Git LFS pointer"),
        (b"{\"nitf\": 1}", "a JSON value"),
    ] {
        let refusal = refusal(&lenient(json!({})), bytes);
        assert_eq!(refusal.reason, Reason::MalformedXml, "{refusal}");
        let fault = &refusal.faults[0];
        assert_eq!((fault.expected.as_str(), fault.line, fault.column), ("an XML document", 1, 1));
        assert!(fault.found.as_deref().unwrap().starts_with(expected), "{refusal}");
    }
    // The place where it stops to be XML is told as well, where there is one.
    let page = refusal(&lenient(json!({})), b"<html>\n<br></html>");
    assert_eq!((page.faults.len(), page.faults[1].line, page.faults[1].column), (2, 2, 5), "{page}");
}
