//! The JSON Schema of model files, by which editors complete and check them.

use kube::Resource as _;
use schemars::JsonSchema as _;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::api::conversion_model::{ConversionModel, ConversionModelSpec};

/// JSON Schema (draft 7) of a model file: a `ConversionModel`, an `IngestSource`, or a conversion with or
/// without its key.
pub fn model_schema() -> String {
    let model = json!({"$ref": "#/definitions/model"});
    let source = json!({
        "required": ["spec"],
        "properties": {"spec": {
            "required": ["conversion"],
            "properties": {"conversion": {"if": {"required": ["modelRef"]}, "else": model}},
        }},
    });
    let manifest = json!({
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": ConversionModel::api_version(&())},
            "kind": {"const": ConversionModel::kind(&())},
            "metadata": {"type": "object", "required": ["name"]},
            "spec": model,
        },
    });
    let keyed = json!({"properties": {"conversion": model}});
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A conversion model of Docmill",
        "type": "object",
        "if": {"required": ["kind"], "properties": {"kind": {"const": "IngestSource"}}},
        "then": source,
        "else": {
            "if": {"required": ["kind"]},
            "then": manifest,
            "else": {"if": {"required": ["conversion"]}, "then": keyed, "else": model},
        },
        "definitions": {"model": definition()},
    });
    format!("{schema:#}\n")
}

/// The schema of the model itself, without what only the API server reads.
fn definition() -> Value {
    let mut generator = SchemaSettings::draft07().with(|with| with.inline_subschemas = true).into_generator();
    let mut schema = ConversionModelSpec::json_schema(&mut generator).to_value();
    without_extensions(&mut schema);
    schema["anyOf"] = json!([
        {"required": ["preset"]},
        {"required": ["record", "fields"]},
        {"required": ["format"], "properties": {"format": {"const": "Binary"}}},
    ]);
    schema
}

fn without_extensions(schema: &mut Value) {
    match schema {
        Value::Object(parts) => {
            parts.retain(|name, _| !name.starts_with("x-kubernetes-"));
            parts.values_mut().for_each(without_extensions);
        }
        Value::Array(items) => items.iter_mut().for_each(without_extensions),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::model_schema;

    #[test]
    fn the_schema_knows_the_fields_of_a_model_and_nothing_of_kubernetes() {
        let text = model_schema();
        assert!(!text.contains("x-kubernetes-"), "{text}");
        let schema: Value = serde_json::from_str(&text).unwrap();
        let model = &schema["definitions"]["model"];
        assert_eq!(model["additionalProperties"], false);
        for field in ["format", "preset", "record", "fields", "limits"] {
            assert!(model["properties"][field].is_object(), "{field}");
        }
        assert!(model["properties"]["modelRef"].is_null());
        let nested = "/properties/fields/items/properties/fields/items/properties/path";
        assert!(model.pointer(nested).is_some(), "{model}");
    }
}
