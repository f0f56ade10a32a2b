//! One path may be the union of several: `a | b`.

use serde_json::{Value, json};

use super::{converter, document, refusal};

fn of(path: &Value, repeated: bool, xml: &str) -> Value {
    let model = json!({"record": "/r", "fields": [{"name": "x", "path": path, "repeated": repeated}]});
    document(&converter(model), xml).get("x").cloned().unwrap_or_default()
}

#[test]
fn a_union_has_the_values_of_all_its_paths_in_the_order_of_the_document() {
    let xml = "<r k='0'><b>1</b><a>2</a><c><a>3</a></c><b>4</b></r>";
    for (path, all, first) in [
        ("a | b", json!(["1", "2", "4"]), "1"),
        ("a|b|c/a", json!(["1", "2", "3", "4"]), "1"),
        ("@k | .//a", json!(["0", "2", "3"]), "0"),
        ("x | c", json!(["3"]), "3"),
        // An element to which two paths lead is there once.
        ("a | * | //a", json!(["1", "2", "3", "3", "4"]), "1"),
        (". | b", json!(["1234", "1", "4"]), "1234"),
    ] {
        assert_eq!(of(&json!([path]), true, xml), all, "{path}");
        assert_eq!(of(&json!([path]), false, xml), json!(first), "{path}");
    }
    assert_eq!(of(&json!(["x | y", "a | b"]), true, xml), json!(["1", "2", "4"]), "a list is still a choice");
    let bars = "<r><a k='|'>1</a><a>2</a><b>3</b></r>";
    assert_eq!(of(&json!(["a[@k='|'] | b"]), true, bars), json!(["1", "3"]));
    assert_eq!(of(&json!(["/r/a | /r/b"]), true, xml), json!(["1", "2", "4"]));
}

#[test]
fn objects_and_json_have_unions_too() {
    let model = json!({"record": "/r", "fields": [
        {"name": "o", "path": ["a | b"], "type": "object", "repeated": true, "fields": [
            {"name": "k", "path": ["@k | @l"], "type": "integer"},
        ]},
    ]});
    let converter_of_xml = converter(model);
    let found = document(&converter_of_xml, "<r><b l='1'/><a k='2'/></r>");
    assert_eq!(found, json!({"o": [{"k": 1}, {"k": 2}]}));
    let refused = refusal(&converter_of_xml, b"<r><b l='x'/></r>");
    assert_eq!(refused.faults[0].at.as_deref(), Some("/r/(a | b)/(@k | @l)"));
    let model = json!({"format": "Json", "record": "$", "fields": [
        {"name": "x", "path": ["a | b.c"], "repeated": true},
    ]});
    let found = document(&converter(model), r#"{"b": {"c": "1"}, "a": ["2", "3"]}"#);
    assert_eq!(found, json!({"x": ["1", "2", "3"]}));
}
