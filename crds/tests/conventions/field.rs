//! The fields of a schema, one by one.

use serde_json::Value;

/// The name of items of lists and of values of maps.
pub const INNER: &str = "[]";

/// A field of a resource, or what is in a list or a map.
pub struct Field<'a> {
    /// Where it is: `IngestSource.spec.raw.suffixes`, and its items `IngestSource.spec.raw.suffixes[]`.
    pub path: String,
    /// Its name, or [`INNER`].
    pub name: &'a str,
    /// Its schema.
    pub schema: &'a Value,
    /// Whether it always has a value.
    pub is_required: bool,
    /// Whether it belongs to one of Kubernetes' own types, whose names and descriptions are not ours.
    pub is_embedded: bool,
}

impl Field<'_> {
    /// Whether it is of this type.
    pub fn is(&self, kind: &str) -> bool {
        self.schema["type"] == kind
    }

    /// Whether its schema has this keyword.
    pub fn has(&self, keyword: &str) -> bool {
        self.schema.get(keyword).is_some()
    }

    /// Whether users write it.
    pub fn is_in_spec(&self) -> bool {
        self.path.split('.').nth(1) == Some("spec")
    }

    /// Whether it is in a list or a map, and has no name.
    pub fn is_inner(&self) -> bool {
        self.name == INNER
    }

    /// The name of the field that it is in.
    pub fn parent(&self) -> &str {
        self.path.rsplit('.').nth(1).unwrap_or_default()
    }
}

/// All fields below the root of a kind's schema, `spec` and `status` included.
pub fn fields<'a>(kind: &str, root: &'a Value) -> Vec<Field<'a>> {
    let mut found = Vec::new();
    for part in ["spec", "status"] {
        if let Some(schema) = root["properties"].get(part) {
            let path = format!("{kind}.{part}");
            add(Field { path, name: part, schema, is_required: true, is_embedded: false }, &mut found);
        }
    }
    found
}

fn add<'a>(field: Field<'a>, found: &mut Vec<Field<'a>>) {
    let schema = field.schema;
    let takes_over = schema["description"].as_str().is_some_and(|text| text.ends_with("As in a Pod."));
    let is_embedded = field.is_embedded || takes_over;
    let required = schema["required"].as_array();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = required.is_some_and(|required| required.iter().any(|known| known == name));
        let path = format!("{}.{name}", field.path);
        add(Field { path, name: name.as_str(), schema, is_required, is_embedded }, found);
    }
    for schema in ["items", "additionalProperties"].iter().filter_map(|keyword| schema.get(keyword)) {
        let path = format!("{}{INNER}", field.path);
        add(Field { path, name: INNER, schema, is_required: true, is_embedded }, found);
    }
    found.push(field);
}
