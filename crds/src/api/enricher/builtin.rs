//! Built-in functions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::outputs::OutputType;

/// A function that needs no server. `from` of an output is one of the names below; if `from` is left out, it
/// is the first one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, IntoStaticStr, VariantArray,
)]
pub enum Builtin {
    /// The language of a text (whatlang, 70 languages): `language` (ISO 639-1), `confidence` (0 to 1) and
    /// `script` (ISO 15924), from its first 16 KiB. There is no result for fewer than 20 letters of a script
    /// that many languages share (Arabic, Cyrillic, Devanagari, Hebrew, Latin), or without letters: set
    /// `optional: true` on the outputs.
    Language,
    /// The most significant words and phrases of a text (YAKE), from its first 64 KiB and with the stop words
    /// of its language: `keywords`, a list of at most 10 phrases of at most 3 words, in lower case, best
    /// first. There is no result for languages that are written without spaces.
    Keywords,
    /// A fingerprint of the first 256 KiB of a text, to find near duplicates: `simhash` (64 bits, 16 hex
    /// digits; texts that differ little differ in few bits) and `bands` (four keywords; texts that differ in
    /// three bits or fewer share one of them, and most of those that differ in a few more). There is no
    /// result for a text without words.
    Simhash,
    /// The length of a text: `minutes` (whole minutes at 238 words a minute, rounded up), `words` and
    /// `characters`. Each character of Chinese counts as a word.
    ReadingLength,
}

/// A result of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltinResult {
    /// Its name, for `from`.
    pub name: &'static str,
    /// Types that a field made from it can have.
    pub types: &'static [OutputType],
    /// Whether it is a list.
    pub repeated: bool,
}

const TEXT: &[OutputType] = &[OutputType::Keyword, OutputType::String];
const COUNT: &[OutputType] = &[OutputType::Integer, OutputType::Number];
const NUMBER: &[OutputType] = &[OutputType::Number];

const fn one(name: &'static str, types: &'static [OutputType]) -> BuiltinResult {
    BuiltinResult { name, types, repeated: false }
}

const fn list(name: &'static str) -> BuiltinResult {
    BuiltinResult { name, types: TEXT, repeated: true }
}

impl Builtin {
    /// The name in the resource.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The results that an output can take; the first one is the default.
    pub const fn results(self) -> &'static [BuiltinResult] {
        match self {
            Self::Language => {
                &const { [one("language", TEXT), one("confidence", NUMBER), one("script", TEXT)] }
            }
            Self::Keywords => &const { [list("keywords")] },
            Self::Simhash => &const { [one("simhash", TEXT), list("bands")] },
            Self::ReadingLength => {
                &const { [one("minutes", COUNT), one("words", COUNT), one("characters", COUNT)] }
            }
        }
    }

    /// Version of the function. It is raised when the same text gives a different result than before, so that
    /// all documents are enriched again.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Language | Self::Keywords | Self::Simhash | Self::ReadingLength => "1",
        }
    }
}
