//! How the documents of objects are mapped. Pure.

use serde_json::{Map, Value, json};

use docmill_clients::elastic::{Distribution, mapping};

/// The fields of a document. Metadata and tags have names that users choose; each is one field of the mapping, however
/// many names there are.
pub(crate) fn properties(distribution: Distribution) -> Map<String, Value> {
    let (keyword, named) = (mapping::keyword(), mapping::flattened_object(distribution));
    let fields = [
        ("key", keyword.clone()),
        ("keyDigest", keyword.clone()),
        ("name", mapping::text()),
        ("extension", keyword.clone()),
        ("size", json!({"type": "long"})),
        ("contentType", keyword.clone()),
        ("declaredContentType", keyword.clone()),
        ("digest", keyword),
        ("lastModified", mapping::date()),
        ("metadata", named.clone()),
        ("tags", named),
    ];
    fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect()
}
