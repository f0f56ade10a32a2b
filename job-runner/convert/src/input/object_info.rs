//! What is known of an object beside its bytes.

use jiff::Timestamp;

/// What documents may take of the object that they are in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its key in the bucket: `_unit.key` in templates.
    pub key: Option<String>,
    /// The SHA-256 of its bytes, as they are stored, in hexadecimal digits: `_unit.digest` in templates.
    pub digest: Option<String>,
    /// When it landed: `now` in the bounds of dates, so that the same object has the same verdicts whenever it is read.
    /// Without it, bounds that are relative to `now` hold.
    pub landed: Option<Timestamp>,
}
