//! The JSON schema of an answer, built from the outputs. It uses only what the strict mode of structured
//! outputs supports: every property is required, an optional one can be null, and no others are allowed.

use docmill_crds::api::enricher::{OutputField, OutputType};
use serde_json::{Map, Value, json};

/// The name of an output in the answer.
pub(super) fn name(output: &OutputField) -> &str {
    output.from.as_deref().unwrap_or(&output.field)
}

/// The schema of an object with these outputs.
pub(super) fn of(outputs: &[OutputField]) -> Value {
    let properties: Map<String, Value> =
        outputs.iter().map(|output| (name(output).to_owned(), property(output))).collect();
    let required: Vec<&str> = outputs.iter().map(name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn property(output: &OutputField) -> Value {
    if output.repeated {
        return json!({"type": or_null("array", output), "items": single(output, false)});
    }
    single(output, output.optional)
}

fn single(output: &OutputField, may_be_null: bool) -> Value {
    let kind = |kind: &str| if may_be_null { json!([kind, "null"]) } else { json!(kind) };
    match output.type_ {
        OutputType::String | OutputType::Keyword => {
            let mut schema = json!({"type": kind("string")});
            if !output.values.is_empty() {
                let values = output.values.iter().map(|value| json!(value));
                schema["enum"] = values.chain(may_be_null.then_some(Value::Null)).collect();
            }
            schema
        }
        OutputType::Integer => json!({"type": kind("integer")}),
        OutputType::Number => json!({"type": kind("number")}),
        OutputType::Boolean => json!({"type": kind("boolean")}),
        OutputType::DateTime => json!({"type": kind("string"), "format": "date-time"}),
        OutputType::Vector => vector(output),
        OutputType::Object => json!({"type": kind("object")}),
    }
}

fn vector(output: &OutputField) -> Value {
    let mut schema = json!({"type": or_null("array", output), "items": {"type": "number"}});
    if let Some(dimensions) = output.dimensions {
        schema["minItems"] = json!(dimensions);
        schema["maxItems"] = json!(dimensions);
    }
    schema
}

fn or_null(kind: &str, output: &OutputField) -> Value {
    if output.optional { json!([kind, "null"]) } else { json!(kind) }
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::enricher::OutputField;
    use serde_json::{Value, json};

    use super::of;

    fn schema(outputs: Value) -> Value {
        let outputs: Vec<OutputField> = serde_json::from_value(outputs).unwrap();
        of(&outputs)
    }

    #[test]
    fn each_type_has_its_schema() {
        let schema = schema(json!([
            {"field": "topic", "type": "Keyword", "values": ["sport", "news"]},
            {"field": "summary", "from": "short text", "type": "String"},
            {"field": "people", "type": "Keyword", "repeated": true},
            {"field": "score", "type": "Number"},
            {"field": "count", "type": "Integer"},
            {"field": "urgent", "type": "Boolean"},
            {"field": "at", "type": "DateTime"},
            {"field": "place", "type": "Vector", "dimensions": 2},
        ]));
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": {
                    "topic": {"type": "string", "enum": ["sport", "news"]},
                    "short text": {"type": "string"},
                    "people": {"type": "array", "items": {"type": "string"}},
                    "score": {"type": "number"},
                    "count": {"type": "integer"},
                    "urgent": {"type": "boolean"},
                    "at": {"type": "string", "format": "date-time"},
                    "place": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                },
                "required": ["topic", "short text", "people", "score", "count", "urgent", "at", "place"],
                "additionalProperties": false,
            })
        );
    }

    #[test]
    fn what_is_optional_may_be_null_and_is_required_all_the_same() {
        let schema = schema(json!([
            {"field": "topic", "type": "Keyword", "values": ["sport"], "optional": true},
            {"field": "people", "type": "Keyword", "values": ["a"], "repeated": true, "optional": true},
            {"field": "score", "type": "Number", "optional": true},
        ]));
        assert_eq!(
            schema["properties"]["topic"],
            json!({"type": ["string", "null"], "enum": ["sport", null]})
        );
        assert_eq!(
            schema["properties"]["people"],
            json!({"type": ["array", "null"], "items": {"type": "string", "enum": ["a"]}})
        );
        assert_eq!(schema["properties"]["score"]["type"], json!(["number", "null"]));
        assert_eq!(schema["required"], json!(["topic", "people", "score"]));
    }
}
