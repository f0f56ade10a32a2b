//! Values that are wrong are left out, if the model says so.

use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::{Converter, converter, refusal, verdicts};

/// The document, and what was left out of it.
fn dropping(converter: &Converter, xml: &str) -> (Value, Vec<(String, Reason, String)>) {
    let document = verdicts(converter, xml.as_bytes()).remove(0).unwrap();
    let dropped = document.dropped().iter();
    let dropped = dropped.map(|d| (d.field.clone(), d.reason, d.found.clone().unwrap_or_default())).collect();
    (super::json(&document), dropped)
}

fn model(on_fault: &str) -> Converter {
    converter(json!({"record": "/r", "onFault": on_fault, "fields": [
        {"name": "id", "path": ["@id"], "type": "integer", "required": true},
        {"name": "at", "path": ["a", "b"], "type": "date"},
        {"name": "n", "path": ["n"], "type": "integer", "repeated": true, "maximum": 9},
        {"name": "o", "path": ["o"], "type": "object", "repeated": true, "fields": [
            {"name": "x", "path": ["x"], "type": "integer"},
            {"name": "y", "path": ["y"], "onFault": "Refuse", "type": "integer"},
        ]},
        {"name": "m", "path": ["m"], "type": "integer", "default": "7"},
        {"name": "few", "path": ["few"], "repeated": true, "minItems": 2},
        {"name": "s", "path": ["s"], "split": ",", "repeated": true, "type": "integer"},
    ]}))
}

#[test]
fn a_wrong_value_is_left_out_and_told() {
    let xml = "<r id='1'><a>soon</a><b>2026-01-02</b><n>1</n><n>x</n><n>10</n><n>2</n>\
               <o><x>x</x><y>1</y></o><o><x>x</x></o><m>x</m><few>1</few><s>1,x,2</s></r>";
    let (document, dropped) = dropping(&model("Drop"), xml);
    let expected = json!({"id": 1, "at": "2026-01-02", "n": [1, 2], "o": [{"y": 1}], "m": 7, "s": [1, 2]});
    assert_eq!(document, expected);
    let dropped: Vec<_> =
        dropped.iter().map(|(field, reason, found)| (field.as_str(), *reason, found.as_str())).collect();
    let wrong = Reason::WrongType;
    assert_eq!(
        dropped,
        [
            ("at", wrong, "soon"),
            ("n[1]", wrong, "x"),
            ("n[2]", Reason::OutOfRange, "10"),
            ("o[0].x", wrong, "x"),
            ("o[1].x", wrong, "x"),
            ("m", wrong, "x"),
            ("few", Reason::TooFew, "1 value"),
            ("s[1]", wrong, "x"),
        ]
    );
    assert_eq!(dropping(&model("Drop"), "<r id='1'/>"), (json!({"id": 1, "m": 7}), Vec::new()));
}

#[test]
fn a_required_value_still_refuses_and_then_all_faults_are_told() {
    let refused = |converter: &Converter, xml: &str| -> Vec<_> {
        let faults = refusal(converter, xml.as_bytes()).faults.into_iter();
        faults.map(|fault| (fault.field.unwrap(), fault.reason)).collect()
    };
    let field = |name: &str, reason| (name.to_owned(), reason);
    let wrong = Reason::WrongType;
    assert_eq!(refused(&model("Drop"), "<r id='x'/>"), [field("id", wrong)]);
    let both = refused(&model("Drop"), "<r><a>soon</a></r>");
    assert_eq!(both, [field("id", Reason::MissingField), field("at", wrong)]);
    // A part that refuses makes its object wrong, and that is left out.
    let xml = "<r id='1'><o><x>2</x><y>x</y></o><o><x>3</x></o></r>";
    let (document, dropped) = dropping(&model("Drop"), xml);
    assert_eq!(document, json!({"id": 1, "o": [{"x": 3}], "m": 7}));
    assert_eq!(dropped[0].0, "o[0].y");
    assert_eq!(refused(&model("Refuse"), "<r id='1'><m>x</m></r>"), [field("m", wrong)]);
}

#[test]
fn what_refuses_a_document_comes_before_what_was_left_out() {
    let model = converter(json!({"record": "/r", "onFault": "Drop", "fields": [
        {"name": "n", "path": ["n"], "type": "integer", "repeated": true},
        {"name": "id", "path": ["@id"], "required": true},
        {"name": "at", "path": ["a"], "type": "date", "requiredIf": ["b"]},
    ]}));
    let refused = refusal(&model, format!("<r>{}</r>", "<n>x</n>".repeat(200)).as_bytes());
    assert_eq!((refused.reason, refused.faults.len()), (Reason::MissingField, crate::MAX_FAULTS));
    let fields: Vec<_> = refused.faults.iter().filter_map(|fault| fault.field.as_deref()).collect();
    assert_eq!(fields[..3], ["id", "n[0]", "n[1]"], "the 100 of values leave no room for another");
    let refused = refusal(&model, b"<r id='1'><n>x</n><a>soon</a><b/></r>");
    let fields: Vec<_> = refused.faults.iter().filter_map(|fault| fault.field.as_deref()).collect();
    assert_eq!(fields, ["at", "n[0]"]);
}

#[test]
fn a_wrong_value_around_the_documents_is_one_fault() {
    let model = converter(json!({"record": "//d", "fields": [
        {"name": "at", "path": ["/r/at"], "type": "date", "required": true},
    ]}));
    let faults = refusal(&model, b"<r><at>soon</at><d/></r>").faults;
    assert_eq!(faults.iter().map(|fault| fault.reason).collect::<Vec<_>>(), [Reason::WrongType]);
}

#[test]
fn a_wrong_value_that_two_paths_find_is_told_once() {
    let model = converter(json!({"record": "/r", "onFault": "Drop", "fields": [
        {"name": "at", "path": ["d[@k='x']", "d", "e"], "type": "date"},
    ]}));
    let (document, dropped) = dropping(&model, "<r><d k='x'>soon</d><e>later</e></r>");
    assert_eq!(document, json!({}));
    let found: Vec<_> = dropped.iter().map(|(_, _, found)| found.as_str()).collect();
    assert_eq!(found, ["soon", "later"]);
}

#[test]
fn the_values_of_a_path_are_tried_until_one_is_sound() {
    let model = converter(json!({"record": "//d", "onFault": "Drop", "fields": [
        {"name": "at", "path": ["a", "b"], "type": "date"},
        {"name": "last", "path": ["n[not(@k)]", "/r/n"], "type": "integer", "maximum": 9},
        {"name": "first", "path": ["n[y='1']/x", "n"], "type": "integer"},
        {"name": "o", "path": ["o"], "type": "object", "fields": [
            {"name": "x", "path": ["x"], "type": "integer", "required": true},
            {"name": "y", "path": ["y"]},
        ]},
        {"name": "p", "path": ["p"], "type": "date", "parts": {"year": "y"}},
        {"name": "code", "path": ["code/@v"], "pattern": "^[A-Z]+$"},
        {"name": "url", "path": ["url"], "type": "uri", "required": true},
    ]}));
    let xml = "<r><d><a>soon</a><a>2026-01-02</a><a>later</a><b>2026-01-04</b>\
               <n>x</n><n k='1'>5</n><n>10</n><n>4</n><n><y>1</y><x>-</x></n><n><x>6</x><y>1</y></n>\
               <o><x>one</x><y>1</y></o><o><y>2</y></o><o><x>3</x></o><o><x>4</x></o>\
               <p><y>in spring</y></p><p><y>2026</y></p><code v='a'/><code v='AB'/>\
               <url>no</url><url>urn:x</url></d></r>";
    let (document, dropped) = dropping(&model, xml);
    let expected = json!({
        "at": "2026-01-02", "last": 4, "first": 6, "o": {"x": 3}, "p": "2026-01-01", "code": "AB", "url": "urn:x",
    });
    assert_eq!(document, expected);
    let fields: Vec<_> = dropped.iter().map(|(field, ..)| field.as_str()).collect();
    assert_eq!(fields, ["at", "last", "last", "first", "o.x", "o.x", "p", "code", "url"]);
    let (document, dropped) =
        dropping(&model, "<r><d><a>x</a><a>y</a><b>2026-01-04</b><url>urn:x</url></d></r>");
    assert_eq!(document, json!({"at": "2026-01-04", "url": "urn:x"}));
    assert_eq!(dropped.len(), 2);
    let refused = refusal(&model, b"<r><d><url>no</url><url>nor</url></d></r>");
    assert_eq!(refused.faults.len(), 2);
}

#[test]
fn of_values_around_the_documents_the_first_alone_counts() {
    let model = converter(json!({"record": "//d", "onFault": "Drop", "fields": [
        {"name": "at", "path": ["/r/at", "at"], "type": "date"},
    ]}));
    let xml = "<r><at>soon</at><at>2026-01-02</at><d><at>2026-01-03</at></d></r>";
    assert_eq!(dropping(&model, xml).0, json!({"at": "2026-01-03"}));
}

#[test]
fn an_object_of_which_nothing_is_left_hides_none_that_follows() {
    let model = converter(json!({"record": "/r", "fields": [
        {"name": "o", "path": ["o", "p"], "type": "object", "fields": [
            {"name": "n", "path": ["n"], "extract": "doi:(.+)"},
            {"name": "m", "path": ["m"], "type": "integer"},
        ]},
    ]}));
    let found = |xml: &str| dropping(&model, xml).0;
    assert_eq!(found("<r><o><n>1</n></o><o><n>doi:2</n></o></r>"), json!({"o": {"n": "2"}}));
    assert_eq!(found("<r><o><n>1</n></o><p><n>doi:3</n></p></r>"), json!({"o": {"n": "3"}}));
    let refused = refusal(&model, b"<r><o><m>x</m></o><o><m>1</m></o></r>");
    assert_eq!(refused.faults.len(), 1);
}

#[test]
fn a_list_maps_unknown_values_to_the_default_and_has_none_without_values() {
    let model = converter(json!({"record": "/r", "fields": [
        {"name": "l", "path": ["l"], "repeated": true, "split": ",", "map": {"1": "high"}, "default": "low"},
        {"name": "k", "path": ["k"], "required": true, "map": {"1": "7"}, "default": "0", "type": "integer"},
    ]}));
    let xml = "<r><l>1,2</l><l>3</l><k>x</k></r>";
    assert_eq!(dropping(&model, xml).0, json!({"l": ["high", "low", "low"], "k": 0}));
    assert_eq!(dropping(&model, "<r><k>1</k></r>").0, json!({"k": 7}));
    assert_eq!(refusal(&model, b"<r/>").faults[0].reason, Reason::MissingField);
}
