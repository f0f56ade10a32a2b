//! How the documents of a model are mapped in Elasticsearch. Pure.

use docmill_crds::conversion::{Field, FieldType};
use serde_json::{Map, Value, json};

use super::provenance;
use crate::elastic::mapping;

/// The properties of an index for the documents of a model, `_docmill` included.
#[must_use]
pub fn properties(fields: &[Field]) -> Map<String, Value> {
    let mut properties = of_fields(fields);
    properties.insert(provenance::FIELD.to_owned(), mapping::docmill_field(&Map::new()));
    properties
}

fn of_fields(fields: &[Field]) -> Map<String, Value> {
    fields.iter().map(|field| (field.name.clone(), of_field(field))).collect()
}

fn of_field(field: &Field) -> Value {
    match field.kind {
        FieldType::String => mapping::text(),
        FieldType::Text => json!({"type": "text"}),
        // Kept for display; a search would find tag names.
        FieldType::Markup => json!({"type": "keyword", "index": false, "doc_values": false}),
        FieldType::Integer => json!({"type": "long"}),
        FieldType::Number => json!({"type": "double"}),
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::DateTime | FieldType::Date => mapping::date(),
        FieldType::Uri | FieldType::Language => mapping::keyword(),
        FieldType::Object => json!({"properties": of_fields(&field.fields)}),
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::{Field, FieldType};
    use serde_json::json;

    #[test]
    fn types_and_nested_fields_are_mapped() {
        let field = |name: &str, kind, fields| Field { name: name.into(), kind, fields, ..Field::default() };
        let code = field("code", FieldType::Uri, vec![]);
        let fields =
            [field("when", FieldType::DateTime, vec![]), field("subjects", FieldType::Object, vec![code])];
        let properties = super::properties(&fields);
        assert_eq!(properties["when"], json!({"type": "date"}));
        assert_eq!(properties["subjects"]["properties"]["code"]["type"], "keyword");
        assert_eq!(properties["_docmill"]["properties"]["indexedTime"]["type"], "date");
    }
}
