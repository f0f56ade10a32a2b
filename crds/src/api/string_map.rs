//! Schemas of maps from names to texts, with limits for both: an attribute reaches the values of a map no other
//! way.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Labels, or a selector of labels.
pub(crate) fn labels(_: &mut SchemaGenerator) -> Schema {
    of(64, 63)
}

/// Annotations. Kubernetes limits all of an object together to 256 KiB.
pub(crate) fn annotations(_: &mut SchemaGenerator) -> Schema {
    of(64, 16_384)
}

/// Headers of an HTTP request.
pub(crate) fn headers(_: &mut SchemaGenerator) -> Schema {
    of(32, 4096)
}

/// URIs, or settings of about that length, by their short names.
pub(crate) fn uris(_: &mut SchemaGenerator) -> Schema {
    of(32, 2048)
}

/// Values of a document's field, each with another one.
pub(crate) fn values(_: &mut SchemaGenerator) -> Schema {
    of(256, 1024)
}

fn of(entries: u32, characters: u32) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": entries,
        "additionalProperties": {"type": "string", "maxLength": characters},
    })
}
