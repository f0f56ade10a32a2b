//! The schema of nested fields. A Kubernetes schema has no references, so recursion is unrolled to a fixed
//! depth.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::field::Field;

/// How deep fields may nest: fields of a document, of an object in it, and of an object in that.
pub(crate) const MAX_NESTING: usize = 3;

/// Maximum number of fields of a document, and of an object. The product bounds what CEL rules cost the API
/// server.
const MAX_FIELDS: usize = 200;
const MAX_NESTED_FIELDS: usize = 50;

/// The schema of `fields` of a document.
pub(crate) fn fields(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = list(&leaf(generator), MAX_NESTED_FIELDS, "The fields of an object.");
    for level in (1..MAX_NESTING).rev() {
        let max = if level == 1 { MAX_FIELDS } else { MAX_NESTED_FIELDS };
        let about = if level == 1 {
            "The fields of a document, in the order in which they appear in it."
        } else {
            "The fields of an object."
        };
        schema = list(&branch(generator, &schema), max, about);
    }
    schema
}

fn list(item: &Schema, max: usize, about: &str) -> Schema {
    json_schema!({
        "description": about,
        "type": "array",
        "maxItems": max,
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    })
}

/// A field that cannot be an object.
fn leaf(generator: &mut SchemaGenerator) -> Schema {
    let mut rules = rules();
    rules.push(rule("self.type != 'object'", "objects nest at most three deep"));
    with_rules(Field::json_schema(generator), rules)
}

/// A field that may be an object with the given nested fields.
fn branch(generator: &mut SchemaGenerator, nested: &Schema) -> Schema {
    let mut rules = rules();
    rules
        .push(rule("(self.type == 'object') == has(self.fields)", "an object, and nothing else, has fields"));
    let mut schema = with_rules(Field::json_schema(generator), rules);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("fields".into(), nested.clone().to_value());
    }
    schema
}

fn rules() -> Vec<Value> {
    vec![
        rule(
            "!has(self.requiredIf) || !self.required",
            "the field is required in any case: leave out requiredIf",
        ),
        rule(
            "!has(self.default) || has(self.map) || !(self.required || has(self.requiredIf))",
            "a required field has no default, except for values that its map has not",
        ),
        rule(
            "!has(self.default) || has(self.map) || !self.repeated",
            "a repeated field has no default, except for values that its map has not",
        ),
        rule("!has(self.default) || self.type != 'object'", "an object has no default"),
        rule(
            "!has(self.exclude) || self.type in ['string', 'text', 'markup']",
            "exclude is for string, text and markup",
        ),
        // `contains` costs the API server less than `in`, and no type is part of another that would not do.
        rule(
            "!(has(self.pattern) || has(self.minLength) || has(self.maxLength)) || 'string text markup uri language'.contains(self.type)",
            "pattern, minLength and maxLength are for string, text, markup, uri and language",
        ),
        rule(
            "!(has(self.minimum) || has(self.maximum)) || 'integer number dateTime date'.contains(self.type)",
            "minimum and maximum are for integer, number, dateTime and date",
        ),
        rule(
            "!(has(self.minItems) || has(self.maxItems)) || self.repeated",
            "minItems and maxItems are for repeated fields",
        ),
        rule("!has(self.enum) || self.type != 'object'", "an object has no enum"),
        rule("!has(self.timeZone) || self.type == 'dateTime'", "timeZone is for dateTime"),
        rule("!has(self.parts) || 'dateTime date'.contains(self.type)", "parts is for dateTime and date"),
        rule("!has(self.formats) || 'dateTime date'.contains(self.type)", "formats is for dateTime and date"),
        rule(
            "!(has(self.earliest) || has(self.latest)) || 'dateTime date'.contains(self.type)",
            "earliest and latest are for dateTime and date",
        ),
    ]
}

fn rule(rule: &str, message: &str) -> Value {
    json!({"rule": rule, "message": message})
}

fn with_rules(mut schema: Schema, rules: Vec<Value>) -> Schema {
    schema.insert("x-kubernetes-validations".into(), Value::Array(rules));
    schema
}
