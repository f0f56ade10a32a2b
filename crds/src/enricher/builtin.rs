//! Functions of Docmill's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A function that needs no server. What an output takes `from` it is one of the names below; the first one is taken
/// where `from` is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Builtin {
    /// The language of a text: `language` (ISO 639-1 code; ISO 639-3 where there is none), `confidence` (0 to 1) and
    /// `script`. All are left out where a text is too short or nothing fits.
    Language,
    /// The most telling words and phrases of a text (YAKE): `keywords`, a list, the best first.
    Keywords,
    /// A fingerprint by which near duplicates are found: `simhash` (64 bits, 16 hex digits; texts that differ little differ
    /// in few bits) and `bands` (four keywords; near duplicates share one of them).
    Simhash,
    /// How long a text is: `words`, `characters` and `minutes` (whole minutes at 238 words a minute, at least 1).
    ReadingLength,
}

impl Builtin {
    /// The name in the resource.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Language => "Language",
            Self::Keywords => "Keywords",
            Self::Simhash => "Simhash",
            Self::ReadingLength => "ReadingLength",
        }
    }

    /// What an output can take from it; the first one where it does not say.
    #[must_use]
    pub const fn results(self) -> &'static [&'static str] {
        match self {
            Self::Language => &["language", "confidence", "script"],
            Self::Keywords => &["keywords"],
            Self::Simhash => &["simhash", "bands"],
            Self::ReadingLength => &["minutes", "words", "characters"],
        }
    }

    /// Raised when the same text gives another result than before, so that everything is new to it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Language | Self::Keywords | Self::Simhash | Self::ReadingLength => "1",
        }
    }
}
