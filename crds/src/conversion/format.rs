//! The format of a bucket's objects, and how they are parsed.

pub(super) mod binary;
pub(super) mod binary_rules;
pub(super) mod json;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The format of a bucket's objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// Well-formed XML 1.0 with namespaces.
    #[default]
    Xml,
    /// JSON (RFC 8259): a single value, one value per line (NDJSON), or several values one after the other.
    Json,
    /// Bytes of any kind; the document describes its object.
    Binary,
}

impl Format {
    /// How objects are parsed to find documents in them, or `None` if they are not parsed.
    pub const fn syntax(self) -> Option<Syntax> {
        match self {
            Self::Xml => Some(Syntax::Xml),
            Self::Json => Some(Syntax::Json),
            Self::Binary => None,
        }
    }
}

/// How objects are parsed to find documents in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// See [`Format::Xml`].
    Xml,
    /// See [`Format::Json`].
    Json,
}
