//! What the resources are made of, as schemas of OpenAPI v3, for `kubectl explain`. Pure.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::document::{self, Document};
use super::unit::{self, Unit};
use super::{GROUP, VERSION};

/// The extension by which clients find the schema of a kind, and the kind of a path.
pub const KIND_EXTENSION: &str = "x-kubernetes-group-version-kind";

/// The schemas of the resources, by their kinds.
pub fn schemas() -> [(&'static str, Value); 2] {
    [(unit::KIND, of_kind::<Unit>(unit::KIND)), (document::KIND, of_kind::<Document>(document::KIND))]
}

/// Group, version and kind, as extensions of OpenAPI name them.
pub fn group_version_kind(kind: &str) -> Value {
    json!({"group": GROUP, "version": VERSION, "kind": kind})
}

fn of_kind<T: JsonSchema>(kind: &str) -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    simplify(&mut schema);
    if let Value::Object(schema) = &mut schema {
        schema.remove("$schema");
        schema.remove("title");
        schema.insert(KIND_EXTENSION.to_owned(), json!([group_version_kind(kind)]));
    }
    schema
}

/// Writes a schema as Kubernetes' own are written, and its descriptions for people.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(schema) => {
            schema.values_mut().for_each(simplify);
            take_only_way(schema);
            name_words(schema);
            if let Some(Value::String(text)) = schema.get_mut("description") {
                *text = without_links(text);
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(simplify),
        _ => {}
    }
}

/// What may be left out is not in `required`; that it may be null as well says nothing more.
fn take_only_way(schema: &mut Map<String, Value>) {
    let Some(Value::Array(ways)) = schema.get("anyOf") else { return };
    let mut others = ways.iter().filter(|way| !is_null(way)).cloned();
    if let (Some(Value::Object(only)), None) = (others.next(), others.next()) {
        schema.remove("anyOf");
        for (key, value) in only {
            schema.entry(key).or_insert(value);
        }
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type") == Some(&json!("null"))
        || schema.get("const") == Some(&Value::Null)
        || schema.get("enum") == Some(&json!([null]))
}

/// Words that are described one by one become one list of words.
fn name_words(schema: &mut Map<String, Value>) {
    let Some(Value::Array(ways)) = schema.get("oneOf") else { return };
    let words: Option<Vec<Value>> = ways.iter().map(word).collect();
    if let Some(words) = words {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("enum".to_owned(), Value::Array(words));
    }
}

fn word(way: &Value) -> Option<Value> {
    let only = way.get("const").or_else(|| way.get("enum")?.get(0));
    only.filter(|word| word.is_string()).cloned()
}

/// A text without the links of Rust's documentation: of ``[`Unit`](super::Unit)``, `` `Unit` `` is left.
fn without_links(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some((before, linked)) = rest.split_once('[') {
        let Some((label, after)) = linked.split_once(']') else { break };
        plain.extend([before, label]);
        let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{schemas, without_links};

    #[test]
    fn every_field_is_described_and_has_a_type() {
        let all = schemas();
        for (kind, schema) in &all {
            assert!(!schema.to_string().contains("$ref"), "{kind}");
            let properties = schema["properties"].as_object().unwrap();
            assert!(properties.len() > 5, "{kind}");
            for (name, property) in properties {
                assert!(property["description"].is_string(), "{kind}.{name}: {property}");
                assert!(property["type"].is_string(), "{kind}.{name}: {property}");
            }
        }
        let unit = &all[0].1;
        assert_eq!(unit["x-kubernetes-group-version-kind"][0]["kind"], "Unit");
        let presence = &unit["properties"]["raw"]["properties"]["presence"];
        assert_eq!(presence["enum"], json!(["Present", "Replaced", "Gone"]), "{presence}");
        assert_eq!(unit["properties"]["conversion"]["type"], "object");
        assert_eq!(unit.get("$schema"), None::<&Value>);
    }

    #[test]
    fn links_of_the_source_code_are_left_out() {
        assert_eq!(without_links("Always [`KIND`](super::KIND), or [not]."), "Always `KIND`, or not.");
        assert_eq!(without_links("up to 1000 [open"), "up to 1000 [open");
    }
}
