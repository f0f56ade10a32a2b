//! The fields of a document: their types, and the constraints on their values.

pub(super) mod bound;
pub(super) mod computed;
pub(super) mod constraints;
pub(super) mod date_format;
pub(super) mod dates;
pub(super) mod default;
pub(super) mod edits;
pub(super) mod field;
pub(super) mod field_type;
pub(super) mod parts;
mod replacement;
pub(super) mod schema;
pub(super) mod search;
pub(super) mod search_rules;
pub(super) mod zone;

/// What the paths of fields may be.
pub(super) mod paths {
    pub(crate) mod late;
    pub(crate) mod position;
}

/// Values that are put together from others.
pub(super) mod template {
    pub(crate) mod check;
    pub(crate) mod order;
    pub(crate) mod parse;
}
