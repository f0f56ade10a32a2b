//! Values that are put together from others.

use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::{Converter, Document, converter, document, refusal};
use crate::ObjectInfo;

fn of(template: &str) -> Converter {
    converter(json!({"record": "//item", "onFault": "Drop", "fields": [
        {"name": "guid", "template": template},
        {"name": "headline", "path": ["title"]},
        {"name": "at", "path": ["at"], "type": "dateTime"},
        {"name": "n", "path": ["n"], "type": "integer"},
        {"name": "by", "path": ["by"], "type": "object", "fields": [{"name": "name", "path": ["name"]}]},
    ]}))
}

const ITEM: &str = "<r lang='de'><m:item xmlns:m='urn:m' k='7'/><item k='7'><title>A  b</title><at>2026-01-02T03:04:05Z</at>\
                    <n>012</n><by><name>Ada</name></by></item></r>";

fn guid(template: &str) -> Value {
    document(&of(template), ITEM).get("guid").cloned().unwrap_or_default()
}

#[test]
fn a_template_takes_fields_paths_and_constants() {
    for (template, expected) in [
        ("{headline}", json!("A b")),
        ("x-{headline}-{n}", json!("x-A b-12")),
        ("{at:%Y%m}/{by.name}", json!("202601/Ada")),
        ("{@k}{./title}{/r/@lang}", json!("7A bde")),
        ("{name()}", json!("item")),
        ("{./none|@k}", json!("7")),
        ("{./none|'?'}", json!("?")),
        ("{'wire'}", json!("wire")),
        ("{headline}{./none}", Value::Null),
        ("{_unit.key}", Value::Null),
        ("{sha256(headline,@k)}", json!(digest(&["A b", "7"]))),
        ("{sha256(headline,./none)}", Value::Null),
        ("{sha256(headline,./none|'')}", json!(digest(&["A b", ""]))),
    ] {
        assert_eq!(guid(template), expected, "{template}");
    }
}

fn digest(texts: &[&str]) -> String {
    let mut digest = docmill_crds::digest::DigestOfTexts::default();
    for text in texts {
        digest.push(text);
    }
    digest.finish()
}

#[test]
fn a_digest_is_what_sha256sum_says() {
    // printf 'a\0b\0' | sha256sum
    assert_eq!(digest(&["a", "b"]), "8fb20ef63ced4145fc2e983ffe597d1dcff39154c3bf21f0fa9dde6a0c50fdc9");
    assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
}

#[test]
fn a_field_of_a_template_stands_in_its_place() {
    let model = json!({"record": "/r", "fields": [
        {"name": "a", "template": "{d}1"},
        {"name": "b", "template": "{a}2"},
        {"name": "c", "path": ["c"]},
        {"name": "d", "path": ["d"]},
        {"name": "e", "template": "{b}3"},
        {"name": "f", "path": ["f"], "template": "{none}{d}"},
        {"name": "none", "path": ["none"]},
    ]});
    let text = |xml: &str| {
        let mut verdicts = super::verdicts(&converter(model.clone()), xml.as_bytes());
        let document: Document = verdicts.remove(0).unwrap();
        let found: Vec<_> = ["a", "b", "c", "e"].map(|name| document.field(name).map(str::to_owned)).to_vec();
        (document.json().to_owned(), found)
    };
    let some = |json: &str| Some(json.to_owned());
    let (json, fields) = text("<r><c>C</c><d>D</d></r>");
    assert_eq!(json, r#"{"a":"D1","b":"D12","c":"C","d":"D","e":"D123"}"#);
    assert_eq!(fields, [some("\"D1\""), some("\"D12\""), some("\"C\""), some("\"D123\"")]);
    let (json, fields) = text("<r><c>C</c><f>F</f></r>");
    assert_eq!(json, r#"{"c":"C","f":"F"}"#);
    assert_eq!(fields, [None, None, some("\"C\""), None]);
    assert_eq!(text("<r/>").0, "{}");
}

#[test]
fn a_template_is_the_last_choice_and_has_a_type_edits_and_a_default() {
    let model = json!({"record": "/r", "fields": [
        {"name": "id", "path": ["id"], "template": "{sha256(t)}", "extract": "^.{8}"},
        {"name": "t", "path": ["t"]},
        {"name": "day", "template": "{./y}-{./m}-{./d}", "type": "date", "default": "2026-01-01"},
    ]});
    let converter_of_model = converter(model);
    let made = digest(&["T"])[..8].to_owned();
    let found = document(&converter_of_model, "<r><t>T</t><y>2026</y><m>02</m><d>03</d></r>");
    assert_eq!(found, json!({"id": made, "t": "T", "day": "2026-02-03"}));
    let found = document(&converter_of_model, "<r><id>own-id-12</id><y>2026</y></r>");
    assert_eq!(found, json!({"id": "own-id-1", "day": "2026-01-01"}));
    let refused = refusal(&converter_of_model, b"<r><y>2026</y><m>x</m><d>03</d></r>");
    assert_eq!(refused.faults[0].reason, Reason::WrongType);
    assert_eq!(refused.faults[0].found.as_deref(), Some("2026-x-03"));
}

#[test]
fn an_id_without_its_parts_refuses_the_document() {
    let model = json!({"record": "/r", "fields": [
        {"name": "id", "path": ["id"], "template": "{a}-{b}", "required": true},
        {"name": "a", "path": ["a"]},
        {"name": "b", "path": ["b"]},
    ]});
    let refused = refusal(&converter(model), b"<r><a>1</a></r>");
    let fault = &refused.faults[0];
    assert_eq!((fault.reason, fault.field.as_deref()), (Reason::MissingField, Some("id")));
    assert_eq!(fault.expected, "a value of type string, or all that its template needs: {a}-{b}");
}

#[test]
fn the_value_of_a_template_is_bounded() {
    let model = json!({"record": "/r", "fields": [
        {"name": "x", "template": "{a}{a}{a}"},
        {"name": "a", "path": ["a"]},
    ]});
    let xml = format!("<r><a>{}</a></r>", "x".repeat(30_000));
    let refused = refusal(&converter(model), xml.as_bytes());
    assert_eq!(refused.faults[0].reason, Reason::LimitExceeded);
}

#[test]
fn the_object_is_named_where_it_is_known() {
    let converter_of_model = of("{_unit.key}#{_unit.digest}");
    assert!(converter_of_model.takes_digest());
    assert!(!of("{_unit.key}").takes_digest());
    let unit = ObjectInfo { key: Some("wire/a.xml".into()), digest: Some("00ff".into()), landed: None };
    let mut documents = converter_of_model.documents(ITEM.as_bytes()).of_object(unit);
    let document = documents.next().unwrap().unwrap().unwrap();
    assert_eq!(document.field("guid"), Some("\"wire/a.xml#00ff\""));
}

#[test]
fn objects_have_templates_and_know_their_position() {
    let model = json!({"record": "/r", "fields": [
        {"name": "o", "path": ["o"], "type": "object", "repeated": true, "onFault": "Drop", "fields": [
            {"name": "id", "template": "{kind}:{n}|{at}"},
            {"name": "kind", "path": ["name()"]},
            {"name": "n", "path": ["n"], "type": "integer", "onFault": "Drop"},
            {"name": "at", "path": ["position()"], "type": "integer"},
        ]},
        {"name": "p", "path": ["p"], "type": "object", "repeated": true, "fields": [
            {"name": "at", "path": ["position()"], "type": "integer"},
            {"name": "n", "path": ["n"], "type": "integer", "onFault": "Drop"},
        ]},
    ]});
    let xml = "<r><o><n>1</n></o><o><n>2</n></o><p><n>x</n></p><p/><p><n>3</n></p></r>";
    assert_eq!(
        document(&converter(model), xml),
        json!({
            "o": [
                {"id": "o:1|1", "kind": "o", "n": 1, "at": 1},
                {"id": "o:2|2", "kind": "o", "n": 2, "at": 2},
            ],
            "p": [{"at": 2, "n": 3}],
        })
    );
}

#[test]
fn what_only_a_template_takes_is_not_lost() {
    let converter_of_model = of("{@k}");
    document(&converter_of_model, "<r><item k='1'><title>t</title></item></r>");
    assert!(converter_of_model.take_losses().paths.is_empty());
}

#[test]
fn how_much_is_known_of_a_date_stands_beside_one_that_is_put_together() {
    let model = converter(json!({"record": "/r", "timeZone": "UTC", "fields": [
        {"name": "at", "path": ["at"], "template": "{./y}-{./m}", "type": "dateTime", "resolution": "known"},
        {"name": "z", "path": ["z"]},
        {"name": "copy", "template": "{at:%Y}"},
    ]}));
    let made = document(&model, "<r><y>2026</y><m>02</m><z>1</z></r>");
    assert_eq!(made, json!({"at": "2026-02-01T00:00:00Z", "known": "month", "z": "1", "copy": "2026"}));
    let found = document(&model, "<r><at>2026</at><y>2025</y><m>02</m></r>");
    assert_eq!(found, json!({"at": "2026-01-01T00:00:00Z", "known": "year", "copy": "2026"}));
    assert_eq!(document(&model, "<r><y>2026</y><z>1</z></r>"), json!({"z": "1"}));
}
