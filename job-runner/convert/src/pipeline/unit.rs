//! The object that documents are in, by name.

/// What the templates of a model may take of the object: `_unit.key` and `_unit.digest`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitName {
    /// Its key in the bucket.
    pub key: Option<String>,
    /// The SHA-256 of its bytes, as they are stored, in hexadecimal digits.
    pub digest: Option<String>,
}
