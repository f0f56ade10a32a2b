//! What elements inherit from those around them.

use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::{converter, verdicts};
use crate::{Converter, Limits};

fn found(model: Value, xml: &str) -> Vec<Value> {
    let verdicts = verdicts(&converter(model), xml.as_bytes());
    verdicts.iter().map(|verdict| super::json(verdict.as_ref().unwrap())).collect()
}

#[test]
fn the_nearest_element_that_has_an_attribute_counts_and_an_empty_one_ends_it() {
    let model = json!({"record": "//d", "fields": [
        {"name": "lang", "path": ["inherited(@xml:lang)"]},
        {"name": "title", "path": ["title/inherited(@xml:lang)"]},
        {"name": "notes", "path": [".//note"], "type": "object", "repeated": true, "fields": [
            {"name": "lang", "path": ["inherited(@xml:lang)"]},
            {"name": "base", "path": ["inherited(@xml:base)"], "type": "uri"},
        ]},
    ]});
    let xml = "<f xml:lang='en' xml:base='https://a.example/'>\
        <d><title xml:lang='fr'/><note/></d>\
        <g xml:lang='de'><d><title/><s xml:lang='it'><note/><note xml:lang='es' xml:base='https://b.example/'/></s></d></g>\
        <d xml:lang=''><title/></d><d/></f>";
    let (a, b) = ("https://a.example/", "https://b.example/");
    let expected = [
        json!({"lang": "en", "title": "fr", "notes": [{"lang": "en", "base": a}]}),
        json!({"lang": "de", "title": "de", "notes": [{"lang": "it", "base": a}, {"lang": "es", "base": b}]}),
        json!({}),
        json!({"lang": "en"}),
    ];
    assert_eq!(found(model, xml), expected);
}

#[test]
fn a_path_from_the_root_inherits_too_and_a_choice_goes_on() {
    let model = json!({"record": "//d", "fields": [
        {"name": "a", "path": ["/f/c/inherited(@k)"]},
        {"name": "b", "path": ["@none", "inherited(@k)"]},
    ]});
    let xml = "<f k='1'><c/><d/><c k='2'/><d k='3'/></f>";
    assert_eq!(found(model, xml), [json!({"a": "1", "b": "1"}), json!({"a": "2", "b": "3"})]);
}

/// What is inherited is held as long as its element is open, so that it has to be bounded.
#[test]
fn inherited_values_are_bounded() {
    let model = json!({"record": "//d", "fields": [{"name": "x", "path": ["inherited(@k)"]}]});
    let model = serde_json::from_value::<super::Conversion>(model).unwrap().resolve().unwrap();
    let limits = Limits { value_bytes: 400, ..Limits::default() };
    let converter = Converter::with_limits(&model, limits).unwrap();
    let nested = |depth: usize| {
        let open = format!("<e k='{}'>", "v".repeat(50)).repeat(depth);
        format!("{open}<d/>{}", "</e>".repeat(depth))
    };
    assert!(verdicts(&converter, nested(3).as_bytes()).iter().all(Result::is_ok));
    let refusal = verdicts(&converter, nested(9).as_bytes()).pop().unwrap().unwrap_err();
    assert_eq!(refusal.reason, Reason::LimitExceeded);
    assert!(refusal.message().contains("inherited values of at most 400 bytes"), "{refusal}");
}
