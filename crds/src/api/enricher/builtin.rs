//! Functions of Docmill's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::outputs::OutputType;

/// A function that needs no server. What an output takes `from` it is one of the names below; the first one is taken
/// where `from` is left out.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, IntoStaticStr, VariantArray,
)]
pub enum Builtin {
    /// The language of a text (whatlang, 70 languages): `language` (ISO 639-1), `confidence` (0 to 1) and `script` (ISO
    /// 15924), by its first 16 KiB. None for fewer than 20 letters of a script that many languages share (Arabic,
    /// Cyrillic, Devanagari, Hebrew, Latin), and where there are no letters: give the outputs `optional: true`.
    Language,
    /// The most telling words and phrases of a text (YAKE), by its first 64 KiB and with the stop words of its language:
    /// `keywords`, a list of at most 10 phrases of at most 3 words, in lower case, the best first. None for languages that
    /// are written without spaces.
    Keywords,
    /// A fingerprint by which near duplicates are found, of the first 256 KiB of a text: `simhash` (64 bits, 16 hex
    /// digits; texts that differ little differ in few bits) and `bands` (four keywords; texts that differ in three bits
    /// or fewer share one of them, and most of those that differ in a few more). A text without words has none.
    Simhash,
    /// How long a text is: `minutes` (whole minutes at 238 words a minute, rounded up), `words` and `characters`. Each
    /// character of Chinese counts as a word.
    ReadingLength,
}

/// Something that a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltinResult {
    /// Its name, for `from`.
    pub name: &'static str,
    /// What a field made of it can be.
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

    /// What an output can take from it; the first one where it does not say.
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

    /// Raised when the same text gives another result than before, so that everything is new to it.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Language | Self::Keywords | Self::Simhash | Self::ReadingLength => "1",
        }
    }
}
