use serde_json::{Value, json};

use super::{Converter, converter, document, refusal, verdicts};
use crate::LossKind;

fn with_extra(extra: &str) -> Converter {
    converter(json!({"record": "/r/d", "extra": extra, "fields": [
        {"name": "id", "path": ["@id"]},
        {"name": "title", "path": ["head/title"]},
        {"name": "role", "path": ["by[@role='x']"]},
        {"name": "own", "path": ["own/text()"]},
        {"name": "html", "path": ["html"], "type": "markup", "exclude": ["note"]},
    ]}))
}

const XML: &str = "<r lang='de'><top>not in a document</top><d id='1' v='2'>\
    <head n='h'><title x='y'>T <b>bold</b></title><new>a &amp; <i>b</i> c</new><new> second </new></head>\
    <by role='x'>B</by><flag/><own>mine<sub>lost</sub></own>\
    <html><p class='k'>p</p><note>left out</note></html>\n</d></r>";

#[test]
fn what_no_field_names_is_counted_by_path() {
    let converter = with_extra("Drop");
    for _ in 0..3 {
        assert!(document(&converter, XML).get("extra").is_none());
    }
    let losses = converter.take_losses();
    let found: Vec<_> =
        losses.paths.iter().map(|l| (l.path.as_str(), l.occurrences, l.example.as_str())).collect();
    assert_eq!(
        found,
        [
            ("/r/@lang", 3, "de"),
            ("/r/d/@v", 3, "2"),
            ("/r/d/flag", 3, ""),
            ("/r/d/head/@n", 3, "h"),
            ("/r/d/head/new", 6, "a &"),
            ("/r/d/head/new/i", 3, "b"),
            ("/r/d/head/title/@x", 3, "y"),
            ("/r/d/own/sub", 3, "lost"),
            ("/r/top", 3, "not in a document"),
        ]
    );
    assert_eq!((losses.documents, losses.uncounted), (3, 0));
    assert!(losses.paths.iter().all(|loss| loss.documents == 3));
    assert_eq!(losses.paths[1].kind, LossKind::Attribute);
    assert!(converter.take_losses().paths.is_empty(), "each occurrence is reported once");
}

#[test]
fn text_around_documents_is_in_the_extra_of_none() {
    let xml = b"<r>before<d id='1' v='2'/>between<d id='2'>own</d>after<d id='3'/></r>";
    for (extra, attribute, text) in [
        ("Keep", json!({"name": "d", "attributes": {"v": "2"}}), json!({"name": "d", "content": ["own"]})),
        ("Flattened", json!({"@v": ["2"]}), json!({".": ["own"]})),
    ] {
        let found: Vec<_> = verdicts(&with_extra(extra), xml)
            .into_iter()
            .map(|verdict| super::json(&verdict.unwrap()).get("extra").cloned().unwrap_or_default())
            .collect();
        assert_eq!(found, [attribute, text, Value::Null], "{extra}");
    }
}

#[test]
fn paths_beyond_the_most_are_counted_together() {
    let converter = converter(json!({"record": "/r", "fields": [{"name": "id", "path": ["@id"]}]}));
    let many: String = (0..1500).map(|n| format!("<e{n}/>")).collect::<Vec<_>>().concat();
    document(&converter, &format!("<r>{many}</r>"));
    let losses = converter.take_losses();
    assert_eq!((losses.paths.len(), losses.uncounted), (1000, 500));
}

#[test]
fn extra_keeps_a_tree_of_what_no_field_names() {
    let document = document(&with_extra("Keep"), XML);
    assert_eq!(
        document["extra"],
        json!({"name": "d", "attributes": {"v": "2"}, "content": [
            {"name": "head", "attributes": {"n": "h"}, "content": [
                {"name": "title", "attributes": {"x": "y"}},
                {"name": "new", "content": ["a &", {"name": "i", "content": ["b"]}, "c"]},
                {"name": "new", "content": ["second"]},
            ]},
            {"name": "flag"},
            {"name": "own", "content": [{"name": "sub", "content": ["lost"]}]},
        ]})
    );
    assert_eq!(document["html"], "<p class=\"k\">p</p>");
}

#[test]
fn extra_flattened_keeps_values_by_path() {
    let document = document(&with_extra("Flattened"), XML);
    assert_eq!(
        document["extra"],
        json!({
            "@v": ["2"],
            "head.@n": ["h"],
            "head.title.@x": ["y"],
            "head.new": ["a &", "c", "second"],
            "head.new.i": ["b"],
            "flag": [""],
            "own.sub": ["lost"],
        })
    );
}

#[test]
fn each_document_has_its_own_extra() {
    let converter = with_extra("Flattened");
    let extra: Vec<Value> = verdicts(&converter, b"<r><d><a>1</a></d><d/><x>between</x><d><b>2</b></d></r>")
        .iter()
        .map(|verdict| super::json(verdict.as_ref().unwrap()).get("extra").cloned().unwrap_or_default())
        .collect();
    assert_eq!(extra, [json!({"a": ["1"]}), Value::Null, json!({"b": ["2"]})]);
}

#[test]
fn extra_is_capped_like_all_values() {
    let model = json!({"record": "/r", "extra": "Keep", "fields": [{"name": "id", "path": ["@id"]}]});
    let converter = converter(model);
    let text = "x".repeat(1 << 20);
    let xml = format!("<r>{}</r>", format!("<a>{text}</a>").repeat(17));
    assert!(refusal(&converter, xml.as_bytes()).message().contains("extra values of at most 16777216 bytes"));
}
