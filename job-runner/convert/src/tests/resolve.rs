//! Relative URIs.

use serde_json::{Value, json};

use super::{Converter, converter, document, verdicts};

fn documents(converter: &Converter, xml: &str) -> Vec<Value> {
    verdicts(converter, xml.as_bytes()).into_iter().map(|verdict| super::json(&verdict.unwrap())).collect()
}

#[test]
fn a_uri_is_resolved_against_the_base_where_it_stands() {
    let converter_of_model = converter(json!({"record": "//d", "base": ["/r/link"], "fields": [
        {"name": "own", "path": ["@href"], "resolve": true},
        {"name": "text", "path": [".//u"], "resolve": true, "repeated": true, "type": "uri"},
        {"name": "feed", "path": ["/r/link"], "resolve": true},
        {"name": "plain", "path": ["@href"]},
        {"name": "edited", "path": ["v"], "resolve": true, "replace": {"pattern": "\\?.*"}},
    ]}));
    let xml = "<r xml:base='https://example.org/a/'><link>../</link>\
               <d xml:base='b/' href='1'><u>2</u><s xml:base='/c/'><u>3</u><t xml:base='d/'><u xml:base='e/'>4</u></t></s>\
               <u> https://example.net/ </u><v>5?x</v></d><d href='?6'/></r>";
    assert_eq!(
        documents(&converter_of_model, xml),
        [
            json!({
                "own": "https://example.org/a/b/1",
                "text": [
                    "https://example.org/a/b/2",
                    "https://example.org/c/3",
                    "https://example.org/c/d/e/4",
                    "https://example.net/",
                ],
                "feed": "https://example.org/",
                "plain": "1",
                "edited": "https://example.org/a/b/5",
            }),
            json!({"own": "https://example.org/a/?6", "feed": "https://example.org/", "plain": "?6"}),
        ]
    );
    assert!(converter_of_model.take_losses().paths.is_empty());
}

#[test]
fn without_xml_base_the_link_of_the_feed_is_the_base() {
    let model = json!({"record": "//d", "base": ["/r/self/@href", "/r/link"], "fields": [
        {"name": "u", "path": ["u"], "resolve": true},
        {"name": "o", "path": ["o"], "type": "object", "repeated": true, "fields": [
            {"name": "u", "path": ["@u"], "resolve": true},
        ]},
    ]});
    let converter_of_model = converter(model);
    let xml =
        "<r><link>https://example.org/n/</link><d><u>a</u><o u='/b'/></d><d xml:base='x/'><o u='c'/></d></r>";
    assert_eq!(
        documents(&converter_of_model, xml),
        [
            json!({"u": "https://example.org/n/a", "o": [{"u": "https://example.org/b"}]}),
            json!({"o": [{"u": "https://example.org/n/x/c"}]}),
        ]
    );
    assert_eq!(document(&converter_of_model, "<r><d><u>a</u></d></r>"), json!({"u": "a"}));
    let json_model = converter(json!({"format": "Json", "record": "$.items", "base": ["$.home"], "fields": [
        {"name": "u", "path": ["url"], "resolve": true},
    ]}));
    let text = r#"{"home": "https://example.org/x", "items": [{"url": "y"}]}"#;
    assert_eq!(document(&json_model, text), json!({"u": "https://example.org/y"}));
}

#[test]
fn links_of_atom_are_resolved_as_the_standard_says() {
    let feed = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://example.org/blog/'><link href='/'/>\
                <entry xml:base='2026/01/'><id>urn:example:1</id><link href='first.html'/>\
                <link rel='enclosure' href='../a.mp3'/></entry>\
                <entry><id>urn:example:2</id><link href='b.html'/></entry></feed>";
    let found = documents(&converter(json!({"preset": "atom"})), feed);
    assert_eq!(found[0]["link"], json!("https://example.org/blog/2026/01/first.html"));
    assert_eq!(found[0]["links"][1]["href"], json!("https://example.org/blog/2026/a.mp3"));
    assert_eq!(found[0]["providerLink"], json!("https://example.org/"));
    assert_eq!(found[1]["link"], json!("https://example.org/blog/b.html"));
}

#[test]
fn a_base_does_not_grow_without_end() {
    let model = json!({"record": "//d", "fields": [{"name": "u", "path": ["@u"], "resolve": true}]});
    let step = format!("<s xml:base='{}/'>", "x".repeat(2000));
    let xml =
        format!("<r xml:base='https://example.org/'>{}<d u='y'/>{}</r>", step.repeat(20), "</s>".repeat(20));
    let found = document(&converter(model), &xml);
    assert!(found["u"].as_str().unwrap().len() < 8 * 1024 + 16);
}
