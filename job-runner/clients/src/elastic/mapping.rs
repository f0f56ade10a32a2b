//! How documents of the product are mapped: templates for new indices, and what is adopted from existing
//! ones.

use docmill_crds::conversion::RepairCounts;
use serde_json::{Map, Value, json};

use super::cluster_info::Distribution;

/// Templates of the product take precedence over Elasticsearch's own (up to 200); a user's own can take
/// precedence over them.
const BASE_PRIORITY: usize = 300;

/// Parameters of a field that mean the same in every cluster. Analyzers do not: they are settings of an
/// index.
const PORTABLE_PARAMETERS: [&str; 10] = [
    "type",
    "format",
    "ignore_above",
    "ignore_malformed",
    "index",
    "doc_values",
    "enabled",
    "dynamic",
    "properties",
    "fields",
];

/// Types that Elasticsearch and OpenSearch share.
const PORTABLE_TYPES: [&str; 18] = [
    "text",
    "keyword",
    "date",
    "boolean",
    "byte",
    "short",
    "integer",
    "long",
    "unsigned_long",
    "half_float",
    "float",
    "double",
    "ip",
    "geo_point",
    "wildcard",
    "binary",
    "object",
    "nested",
];

/// A text that is compared as a whole.
pub fn keyword() -> Value {
    json!({"type": "keyword", "ignore_above": 1024})
}

/// A time, to the millisecond.
pub fn date() -> Value {
    json!({"type": "date"})
}

/// A text for full-text search that can also be compared as a whole: Elasticsearch's default mapping of a
/// text.
pub fn text() -> Value {
    json!({"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}})
}

/// An integer of at most 64 bits, signed or unsigned. A `long` is signed, and every cluster knows it; a value
/// beyond it (from 2^63 on) is not sorted with the others, and is found as a whole: `term` on
/// `<field>.keyword`. `unsigned_long` would accept no negative numbers, and not every cluster has it.
pub fn integer() -> Value {
    let whole = json!({"type": "keyword", "doc_values": false});
    json!({"type": "long", "ignore_malformed": true, "fields": {"keyword": whole}})
}

/// An integer that always fits a `long`.
pub fn long() -> Value {
    json!({"type": "long"})
}

/// Numbers that are stored and not searchable. Without a mapping, Elasticsearch turns a list of 128 or more
/// numbers into a `dense_vector` with an index of its own, and newer versions omit that from the stored
/// document.
pub fn stored_vector() -> Value {
    json!({"type": "float", "index": false, "doc_values": false})
}

/// An object of any shape that is stored and not searchable.
pub fn stored_object() -> Value {
    json!({"type": "object", "enabled": false})
}

/// An object of any shape whose values are searchable as wholes, and which is one field of the mapping
/// however many keys it has. Elasticsearch and OpenSearch have different names for it
/// (<https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/flattened>,
/// <https://docs.opensearch.org/latest/field-types/supported-field-types/flat-object/>).
pub fn flattened_object(distribution: Distribution) -> Value {
    match distribution {
        // Lucene rejects terms of more than 32,766 bytes; a character has at most four, and the key precedes
        // the value.
        Distribution::Elasticsearch => json!({"type": "flattened", "ignore_above": 8000}),
        Distribution::OpenSearch => json!({"type": "flat_object"}),
    }
}

/// The mapping of `_docmill`. `enrichment` has what the enrichers of an index add, by their names; empty for
/// articles.
pub fn docmill_field(enrichment: &Map<String, Value>) -> Value {
    let (keyword, date) = (keyword(), date());
    let unit = json!({
        "bucket": keyword, "key": keyword, "version": keyword, "member": keyword, "lastModified": date,
    });
    let mut properties = json!({
        "source": keyword,
        "unit": {"properties": unit},
        "rawDigest": keyword,
        "snapshot": keyword,
        "revision": keyword,
        "convertedTime": date,
        "repairs": RepairCounts::mapping(),
        "indexedTime": date,
        "runner": keyword,
    });
    if !enrichment.is_empty() {
        properties["enrichment"] = json!({"properties": enrichment});
    }
    json!({"dynamic": false, "properties": properties})
}

/// Name of the template for a pattern of indices. It may not contain `*`, and no index name contains `+`.
pub fn template_name(pattern: &str) -> String {
    format!("docmill-{}", pattern.replace('*', "+"))
}

/// A composable template for a pattern, with settings: the given fields, and whatever else a document has by
/// Elasticsearch's own rules, except that a text which looks like a date stays a text: one headline `2024` must
/// not make every other headline invalid.
pub fn index_template_with(pattern: &str, fields: &Map<String, Value>, settings: &Value) -> Value {
    let mappings = json!({"date_detection": false, "properties": fields});
    own_index_template(pattern, &json!({"settings": settings, "mappings": mappings}))
}

/// A composable template for a pattern: settings and mappings in the form used to create an index.
pub fn own_index_template(pattern: &str, body: &Value) -> Value {
    json!({"index_patterns": [pattern], "priority": priority(pattern), "template": body})
}

/// The priority of the template for a pattern: the more literal characters the pattern has, the higher.
pub(super) fn priority(pattern: &str) -> usize {
    BASE_PRIORITY + pattern.chars().filter(|c| *c != '*').count()
}

/// The fields of a response to `GET /<pattern>/_mapping`, without what another cluster might not know. If
/// indices differ, the last one by name decides: for dated indices that is the newest.
pub fn portable_fields(answer: &Value) -> Map<String, Value> {
    let mut indices: Vec<(&String, &Value)> = answer.as_object().into_iter().flatten().collect();
    indices.sort_by_key(|(name, _)| *name);
    let mut fields = Map::new();
    for (_, index) in indices {
        if let Some(properties) = index.pointer("/mappings/properties") {
            fields.extend(portable_properties(properties));
        }
    }
    fields
}

fn portable_properties(properties: &Value) -> Map<String, Value> {
    let properties = properties.as_object().into_iter().flatten();
    properties.filter_map(|(name, field)| Some((name.clone(), portable_field(field)?))).collect()
}

fn portable_field(field: &Value) -> Option<Value> {
    let field = field.as_object()?;
    match field.get("type").and_then(Value::as_str) {
        // The two names of an object of any shape under one field: each cluster knows one. Stored, not
        // searchable.
        Some("flattened" | "flat_object") => return Some(stored_object()),
        Some(kind) if !PORTABLE_TYPES.contains(&kind) => return None,
        _ => {}
    }
    let mut portable = Map::new();
    for (name, value) in field.iter().filter(|(name, _)| PORTABLE_PARAMETERS.contains(&name.as_str())) {
        let nested = name == "properties" || name == "fields";
        let value = if nested { Value::Object(portable_properties(value)) } else { value.clone() };
        portable.insert(name.clone(), value);
    }
    Some(Value::Object(portable))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::{index_template_with, portable_fields, template_name};

    #[test]
    fn different_patterns_never_share_a_template() {
        assert_eq!(template_name("enriched-*"), "docmill-enriched-+");
        assert_ne!(template_name("enriched-*"), template_name("enriched-_"));
    }

    #[test]
    fn the_narrower_pattern_ranks_higher() {
        let priority = |pattern| {
            let template = index_template_with(pattern, &Map::new(), &json!({}));
            template["priority"].as_u64().expect("a priority")
        };
        assert!(priority("enriched-*") < priority("enriched-de-*"));
    }

    #[test]
    fn fields_are_taken_over_as_far_as_every_cluster_knows_them() {
        let answer = json!({
            "articles-2": {"mappings": {"properties": {
                "publishedAt": {"type": "date"},
                "body": {"type": "text", "analyzer": "my_own", "fields": {"raw": {"type": "keyword"}}},
                "vector": {"type": "dense_vector", "dims": 384},
                "provider": {"properties": {"name": {"type": "keyword"}, "odd": {"type": "flattened"}}}}}},
            "articles-1": {"mappings": {"properties": {
                "publishedAt": {"type": "text"}, "only": {"type": "long"}}}},
            "articles-0": {"mappings": {}},
        });
        assert_eq!(
            json!(portable_fields(&answer)),
            json!({
                "publishedAt": {"type": "date"},
                "only": {"type": "long"},
                "body": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
                "provider": {"properties": {
                    "name": {"type": "keyword"}, "odd": {"type": "object", "enabled": false}}},
            })
        );
    }
}
