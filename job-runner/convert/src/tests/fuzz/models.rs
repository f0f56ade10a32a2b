//! Makes models: records, fields of every kind, and what is allowed beyond well-formed objects, at random.

use serde_json::{Map, Value, json};

use super::mutate::Random;

/// Fields, each sound by itself, that find something in objects of most presets.
fn fields() -> Vec<Value> {
    let parts = json!([
        {"name": "n", "path": ["position()"], "type": "integer"},
        {"name": "kind", "path": ["local-name()"]},
        {"name": "own", "path": ["text()"], "case": "Upper"},
        {"name": "language", "path": ["inherited(@xml:lang)"]},
        {"name": "id", "template": "{kind}-{n}-{@id|'none'}"},
    ]);
    vec![
        json!({"name": "text", "path": ["."], "type": "text"}),
        json!({"name": "exclude", "path": ["."], "type": "text", "exclude": [".//*:title", ".//*[@id]"]}),
        json!({"name": "markup", "path": ["*:body", ".//*:p[2]", "."], "type": "markup"}),
        json!({"name": "html", "path": [".//*:description | .//*:title | .//*:p"], "type": "text", "html": "Text"}),
        json!({"name": "byType", "path": [".//*:content | .//*:summary"], "html": "ByType", "join": "; "}),
        json!({"name": "words", "path": ["."], "repeated": true, "split": " ", "case": "Lower"}),
        json!({"name": "joined", "path": [".//*:p | .//*:name"], "join": ", ", "replace": {"pattern": "[aeiou]+", "with": "<$0>"}}),
        json!({"name": "extracted", "path": [".//*/@id", ".//*:id"], "extract": "([0-9]+)", "map": {"1": "one"}}),
        json!({"name": "number", "path": [".//*[1]"], "type": "integer", "onFault": "Drop", "default": "7"}),
        json!({"name": "date", "path": [".//*:pubDate", ".//*:updated", ".//*:date", ".//*/@norm"], "type": "dateTime",
            "timeZone": "UTC", "resolution": "dateKnown", "earliest": "1900-01-01T00:00:00Z", "onFault": "Drop"}),
        json!({"name": "links", "path": [".//*/@href | .//*:link"], "type": "uri", "repeated": true, "resolve": true,
            "onFault": "Drop"}),
        json!({"name": "language", "path": ["inherited(@xml:lang)"], "type": "language", "onFault": "Drop"}),
        json!({"name": "count", "path": ["count(.//*)"], "type": "integer"}),
        json!({"name": "late", "path": [".//*[*:title]/*:p", ".//*[.='1' or @id]/@id"], "repeated": true}),
        json!({"name": "not", "path": [".//*[not(*:p='x') and starts-with(.,'T')]"], "repeated": true}),
        json!({"name": "second", "path": [".//*[@id][2]", ".//*[2]"], "repeated": true}),
        json!({"name": "last", "path": [".//*[last()]/text()", ".//*[last()-1]"], "repeated": true}),
        json!({"name": "shared", "path": ["/*/*:title", "/*/*/*:title"]}),
        json!({"name": "objects", "path": [".//*[@id] | .//*:name"], "type": "object", "repeated": true, "onFault": "Drop",
            "fields": parts}),
        json!({"name": "id", "template": "{name()}#{@id|@guid|./*:guid|'none'}/{sha256(./*:title|'',/*/@version|'')}"}),
        json!({"name": "unit", "template": "{_unit.key|'no key'}"}),
    ]
}

/// What else a model may say.
fn settings() -> Vec<(&'static str, Value)> {
    vec![
        ("extra", json!("Keep")),
        ("extra", json!("Flattened")),
        ("base", json!(["/*/*:link", "/*/*/*:link"])),
        ("emptyIf", json!(["/*"])),
        ("onFault", json!("Drop")),
        ("blocks", json!(["*:title"])),
        ("lines", json!(["a", "*:name"])),
        ("cells", json!(["*:td"])),
        ("inline", json!(["*:p"])),
    ]
}

/// A model of some of the fields and settings that also allows this, and opens archives.
pub(crate) fn model(allowed: &Map<String, Value>, random: &mut Random) -> Value {
    let record = *random.choose(&["/*", "//*:item | //*:entry", "//*:p", "/*/*", "//*[@id]"]);
    let mut model = allowed.clone();
    for (name, value) in settings() {
        if random.chance(4) {
            model.insert(name.to_owned(), value);
        }
    }
    let mut fields: Vec<_> = fields().into_iter().filter(|_| random.chance(3)).collect();
    fields.push(json!({"name": "head", "path": ["text()"]}));
    model.insert("archive".to_owned(), json!({}));
    model.insert("record".to_owned(), json!(record));
    model.insert("fields".to_owned(), Value::Array(fields));
    Value::Object(model)
}
