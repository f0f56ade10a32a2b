//! What a field may say about searching, and a model without it.

use super::field::Field;
use super::field_type::FieldType;
use crate::conversion::model_error::ModelError;

/// Checks what a field says about searching.
pub(crate) fn check(place: &str, field: &Field) -> Result<(), ModelError> {
    let Some(search) = &field.search else { return Ok(()) };
    let fault = |part: &str, problem: &str| {
        let (place, name) = (format!("{place}.search{part}"), field.name.clone());
        Err(ModelError::Field { place, name, problem: problem.to_owned() })
    };
    let is_analyzed = matches!(field.kind, FieldType::String | FieldType::Text);
    for (part, is_set) in [(".analyzer", search.analyzer.is_some()), (".keyword", search.keyword.is_some())] {
        if is_set && !is_analyzed {
            return fault(part, "analyzer and keyword are for string and text");
        }
        if is_set && !search.index {
            return fault(part, "a field that is not in the index has neither analyzer nor keyword");
        }
    }
    if field.kind == FieldType::Markup {
        return fault("", "markup is kept for display and never in the index: leave search out");
    }
    Ok(())
}

/// The fields without what they say about searching, at every level.
pub(crate) fn without_search(fields: &[Field]) -> Vec<Field> {
    let without =
        |field: &Field| Field { search: None, fields: without_search(&field.fields), ..field.clone() };
    fields.iter().map(without).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::conversion::Conversion;

    fn conversion(search: Option<Value>, kind: &str) -> Conversion {
        let mut field = json!({"name": "title", "path": ["title"], "type": kind});
        if let Some(search) = search {
            field["search"] = search;
        }
        let nested = json!({"name": "all", "path": ["all"], "type": "object", "fields": [field]});
        serde_json::from_value(json!({"record": "/r", "fields": [field, nested]})).unwrap()
    }

    #[test]
    fn the_revision_is_the_same_with_and_without_search() {
        let plain = conversion(None, "text").revision().unwrap();
        for search in [json!({}), json!({"analyzer": "german", "keyword": true}), json!({"index": false})] {
            assert_eq!(conversion(Some(search.clone()), "text").revision().unwrap(), plain, "{search}");
        }
        assert_ne!(conversion(None, "string").revision().unwrap(), plain);
    }

    #[test]
    fn search_that_a_field_cannot_have_is_refused_with_its_place() {
        for (search, kind, expected) in [
            (json!({"analyzer": "german"}), "date", "fields[0].search.analyzer (title): analyzer and"),
            (json!({"keyword": true}), "uri", "fields[0].search.keyword (title): analyzer and"),
            (json!({"keyword": false, "index": false}), "text", "fields[0].search.keyword (title): a field"),
            (json!({"index": false}), "markup", "fields[0].search (title): markup is kept"),
        ] {
            let fault = conversion(Some(search), kind).resolve().unwrap_err().to_string();
            assert!(fault.starts_with(expected), "{fault}");
        }
        for kind in ["string", "integer", "date", "uri"] {
            conversion(Some(json!({"index": false})), kind).resolve().unwrap();
        }
    }
}
