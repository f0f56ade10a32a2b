//! The types of values. To add one, also say how it is read (`validate/types.rs` of the converter) and how it is indexed
//! (`ingest/index/mapping.rs` of the worker).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// The types of values.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum FieldType {
    /// One line of text.
    #[default]
    String,
    /// Mixed content as paragraphs of plain text.
    Text,
    /// Inner XML, well-formed by itself.
    Markup,
    /// A whole number of up to 64 bits.
    Integer,
    /// A decimal number that a double holds exactly as written.
    Number,
    /// true, false, 1 or 0.
    Boolean,
    /// A moment, given with its zone.
    DateTime,
    /// A calendar day.
    Date,
    /// An absolute URI or IRI.
    Uri,
    /// A BCP 47 language tag.
    Language,
    /// Nested fields.
    Object,
}

impl FieldType {
    /// The word that a model uses, for example `dateTime`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether a value is text of an element in which parts can be left out.
    pub const fn is_textual(self) -> bool {
        matches!(self, Self::String | Self::Text | Self::Markup)
    }
}
