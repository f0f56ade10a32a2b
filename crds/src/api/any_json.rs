//! Schemas of fields that hold third-party JSON, which is kept as written.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Any JSON.
pub(crate) fn value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}

/// An object with any members.
pub(crate) fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}
