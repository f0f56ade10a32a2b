//! How values are written: what is left out of JSON, and the words of enums, which `strum` derives from the names of
//! their variants.
//!
//! Also schemas that no derive makes: of third-party JSON, which is kept as written, and of maps from names to texts,
//! with limits for both.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Whether a value is left out when it is serialised, because reading makes the same of its absence.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What [`strum::VariantArray`] gives, as an array: it can be iterated by value, and its length is known.
pub(crate) const fn every<T: Copy, const N: usize>(variants: &[T]) -> [T; N] {
    match variants.as_array() {
        Some(variants) => *variants,
        None => unreachable!(),
    }
}

/// Labels, or a selector of labels.
pub(crate) fn labels(_: &mut SchemaGenerator) -> Schema {
    texts(64, 63)
}

/// Annotations. Kubernetes limits all of an object together to 256 KiB.
pub(crate) fn annotations(_: &mut SchemaGenerator) -> Schema {
    texts(64, 16_384)
}

/// Headers of an HTTP request.
pub(crate) fn headers(_: &mut SchemaGenerator) -> Schema {
    texts(32, 4096)
}

/// URIs, or settings of about that length, by their short names.
pub(crate) fn uris(_: &mut SchemaGenerator) -> Schema {
    texts(32, 2048)
}

/// Values of a document's field, each with another one.
pub(crate) fn values(_: &mut SchemaGenerator) -> Schema {
    texts(256, 1024)
}

fn texts(entries: u32, characters: u32) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": entries,
        "additionalProperties": {"type": "string", "maxLength": characters},
    })
}

/// Any JSON.
pub(crate) fn any(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}

/// An object with any members.
pub(crate) fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}
