//! A JSON value, as it is passed to a sink.

/// A value that has just started. A value without parts is complete.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonValue<'s> {
    pub(crate) kind: JsonKind,
    /// The decoded text of a string, or a number or boolean as it is written.
    pub(crate) text: &'s str,
}

/// The kinds of values. Lists are not values: their items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonKind {
    Object,
    String,
    Number,
    Boolean,
    Null,
}

impl JsonKind {
    /// The name of the kind, for people.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Null => "null",
        }
    }
}

impl JsonValue<'_> {
    /// Whether it counts as no value: null, or a string of nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
        match self.kind {
            JsonKind::Null => true,
            JsonKind::String => self.text.bytes().all(is_space),
            JsonKind::Object | JsonKind::Number | JsonKind::Boolean => false,
        }
    }
}

/// White space of JSON (RFC 8259, section 2).
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
