//! Encodings that a model may name.

use crate::conversion::model_error::ModelError;

/// The encoding of objects whose bytes are not of the declared one, unless the model names another.
pub const DEFAULT_ENCODING: &str = "windows-1252";

/// The names: those of the WHATWG's encodings (<https://encoding.spec.whatwg.org/#names-and-labels>), in lower case, and
/// ISO-8859-1, which that standard reads as windows-1252.
pub const ENCODINGS: [&str; 38] = [
    "utf-8",
    "utf-16be",
    "utf-16le",
    "big5",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "gbk",
    "ibm866",
    "iso-2022-jp",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "shift_jis",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "x-mac-cyrillic",
];

/// The encoding as [`ENCODINGS`] has it; upper and lower case are one.
pub fn encoding_named(name: &str) -> Option<&'static str> {
    ENCODINGS.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

/// The name that a model gives, as [`ENCODINGS`] has it.
pub(crate) fn check(name: &str) -> Result<&'static str, ModelError> {
    encoding_named(name).ok_or_else(|| ModelError::Encoding { name: name.to_owned() })
}
