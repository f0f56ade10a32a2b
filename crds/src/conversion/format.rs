//! What the objects of a bucket are, and how they are read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the objects of a bucket are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// Well-formed XML 1.0 with namespaces.
    #[default]
    Xml,
    /// JSON (RFC 8259): a value, one value a line (NDJSON), or values one after the other.
    Json,
    /// Bytes of any kind; a document says what its object is.
    Binary,
}

impl Format {
    /// How objects are read to find documents in them; none if they are not read as anything.
    pub const fn syntax(self) -> Option<Syntax> {
        match self {
            Self::Xml => Some(Syntax::Xml),
            Self::Json => Some(Syntax::Json),
            Self::Binary => None,
        }
    }
}

/// How objects are read to find documents in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// See [`Format::Xml`].
    Xml,
    /// See [`Format::Json`].
    Json,
}
