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
fn a_wrong_value_that_two_paths_find_is_told_once() {
    let model = converter(json!({"record": "/r", "onFault": "Drop", "fields": [
        {"name": "at", "path": ["d[@k='x']", "d", "e"], "type": "date"},
    ]}));
    let (document, dropped) = dropping(&model, "<r><d k='x'>soon</d><e>later</e></r>");
    assert_eq!(document, json!({}));
    let found: Vec<_> = dropped.iter().map(|(_, _, found)| found.as_str()).collect();
    assert_eq!(found, ["soon", "later"]);
}
