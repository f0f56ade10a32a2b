//! How the documents of a model are mapped in Elasticsearch. Pure.

use docmill_clients::elastic::{Distribution, mapping};
use docmill_crds::conversion::{EXTRA_FIELD, Extra, Field, FieldType, Format, Model, Search};
use serde_json::{Map, Value, json};

use crate::ingest::prepare::binary;
use crate::ingest::snapshot::provenance;

/// The properties of an index for the documents of a model, `_docmill` included.
pub fn properties(model: &Model, distribution: Distribution) -> Map<String, Value> {
    let mut properties = match model.format {
        Format::Binary => binary::properties(distribution),
        Format::Xml | Format::Json => of_fields(&model.fields),
    };
    match model.extra {
        Extra::Drop => {}
        Extra::Keep => drop(properties.insert(EXTRA_FIELD.to_owned(), mapping::stored_object())),
        Extra::Flattened => {
            properties.insert(EXTRA_FIELD.to_owned(), mapping::flattened_object(distribution));
        }
    }
    properties.insert(provenance::FIELD.to_owned(), mapping::docmill_field(&Map::new()));
    properties
}

fn of_fields(fields: &[Field]) -> Map<String, Value> {
    let values = fields.iter().map(|field| (field.name.clone(), of_field(field)));
    let resolutions = fields.iter().filter_map(|field| Some((field.resolution.clone()?, mapping::keyword())));
    values.chain(resolutions).collect()
}

fn of_field(field: &Field) -> Value {
    let search = field.search.as_ref();
    if search.is_some_and(|search| !search.index) {
        // Stored and not read, whatever the value is.
        return mapping::stored_object();
    }
    match field.kind {
        FieldType::String => of_text(search, true),
        FieldType::Text => of_text(search, false),
        // Kept for display; a search would match tag names.
        FieldType::Markup => json!({"type": "keyword", "index": false, "doc_values": false}),
        FieldType::Integer if fits_long(field) => mapping::long(),
        FieldType::Integer => mapping::integer(),
        FieldType::Number => json!({"type": "double"}),
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::DateTime | FieldType::Date => mapping::date(),
        FieldType::Uri | FieldType::Language => mapping::keyword(),
        FieldType::Object => json!({"properties": of_fields(&field.fields)}),
    }
}

/// A text for full-text search; `keyword`: whether it can also be compared as a whole, if the field does not say.
fn of_text(search: Option<&Search>, keyword: bool) -> Value {
    let keyword = search.and_then(|search| search.keyword).unwrap_or(keyword);
    let mut text = if keyword { mapping::text() } else { json!({"type": "text"}) };
    if let Some(analyzer) = search.and_then(|search| search.analyzer.as_deref()) {
        text["analyzer"] = analyzer.into();
    }
    text
}

/// Whether the constraints of an integer exclude everything that does not fit a `long`. Its lower bound is
/// that of the type.
fn fits_long(field: &Field) -> bool {
    field.maximum.as_ref().is_some_and(|maximum| maximum.to_string().parse::<i64>().is_ok())
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Conversion;
    use serde_json::{Map, Value, json};

    use super::Distribution;

    fn properties(extra: &str, distribution: Distribution) -> Map<String, Value> {
        let model = json!({"record": "/r", "extra": extra, "fields": [
            {"name": "when", "path": ["@when"], "type": "dateTime"},
            {"name": "views", "path": ["@views"], "type": "integer", "minimum": 0},
            {"name": "priority", "path": ["@priority"], "type": "integer", "maximum": 9},
            {"name": "subjects", "path": ["subject"], "type": "object", "fields": [
                {"name": "code", "path": ["@code"], "type": "uri"},
            ]},
        ]});
        super::properties(
            &serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap(),
            distribution,
        )
    }

    #[test]
    fn types_and_nested_fields_are_mapped() {
        let properties = properties("Drop", Distribution::Elasticsearch);
        assert_eq!(properties["when"], json!({"type": "date"}));
        assert_eq!(properties["priority"], json!({"type": "long"}));
        assert_eq!(properties["views"]["fields"]["keyword"]["type"], "keyword", "it may be beyond a long");
        assert_eq!(properties["subjects"]["properties"]["code"]["type"], "keyword");
        assert_eq!(properties["_docmill"]["properties"]["indexedTime"]["type"], "date");
        assert!(!properties.contains_key("extra"));
    }

    #[test]
    fn a_field_is_searched_as_it_says() {
        let whole = json!({"keyword": {"type": "keyword", "ignore_above": 256}});
        for (kind, search, expected) in [
            ("text", json!({}), json!({"type": "text"})),
            ("text", json!({"analyzer": "german"}), json!({"type": "text", "analyzer": "german"})),
            ("text", json!({"keyword": true}), json!({"type": "text", "fields": whole})),
            ("string", json!({"keyword": false}), json!({"type": "text"})),
            (
                "string",
                json!({"analyzer": "german"}),
                json!({"type": "text", "fields": whole, "analyzer": "german"}),
            ),
            ("date", json!({"index": true}), json!({"type": "date"})),
            ("date", json!({"index": false}), json!({"type": "object", "enabled": false})),
        ] {
            let field = json!({"name": "f", "path": ["f"], "type": kind, "search": search});
            let model = json!({"record": "/r", "fields": [field]});
            let model = serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap();
            let properties = super::properties(&model, Distribution::Elasticsearch);
            assert_eq!(properties["f"], expected, "{kind} {search}");
        }
    }

    #[test]
    fn names_that_users_choose_for_metadata_and_tags_are_no_fields_of_the_mapping() {
        let binary = serde_json::from_value::<Conversion>(json!({"format": "Binary"})).unwrap();
        let properties = super::properties(&binary.resolve().unwrap(), Distribution::Elasticsearch);
        assert_eq!(properties["metadata"]["type"], "flattened");
        assert_eq!(properties["tags"]["type"], "flattened");
        assert_eq!(properties["size"]["type"], "long");
        assert_eq!(properties["_docmill"]["properties"]["indexedTime"]["type"], "date");
    }

    #[test]
    fn what_the_model_does_not_name_is_one_field_of_the_mapping() {
        assert_eq!(properties("Keep", Distribution::OpenSearch)["extra"]["enabled"], false);
        assert_eq!(properties("Flattened", Distribution::Elasticsearch)["extra"]["type"], "flattened");
        assert_eq!(properties("Flattened", Distribution::OpenSearch)["extra"]["type"], "flat_object");
    }
}
