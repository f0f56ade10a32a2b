//! The minimum and the maximum of a field, as written in a model.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A whole number, or a text. A decimal is a text, `"0.5"`: Kubernetes would not preserve a number with a
/// decimal point exactly as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a whole number, or a text such as \"0.5\" or \"2026-01-02\"")]
pub enum Bound {
    /// `120`
    Integer(i64),
    /// `"0.5"`, `"2026-01-02"`, `"2026-01-02T09:11:12Z"`, and whole numbers beyond the signed 64 bits.
    Text(String),
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The schema, in the only form in which Kubernetes accepts a number or a text.
pub(crate) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-int-or-string": true})
}
