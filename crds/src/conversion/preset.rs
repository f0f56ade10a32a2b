//! The ready-made models: files in the language that users write.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A ready-made model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// NITF 3.x, with and without its namespace.
    Nitf,
    /// NewsML-G2 news items, alone or several in a news message.
    #[serde(rename = "newsml-g2")]
    NewsmlG2,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 2] = [Self::Nitf, Self::NewsmlG2];

    /// The word that a model uses, for example `newsml-g2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nitf => "nitf",
            Self::NewsmlG2 => "newsml-g2",
        }
    }

    /// The preset of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name)
    }

    /// The file: the YAML of a `conversion`.
    #[must_use]
    pub const fn yaml(self) -> &'static str {
        match self {
            Self::Nitf => include_str!("../../presets/nitf.yaml"),
            Self::NewsmlG2 => include_str!("../../presets/newsml-g2.yaml"),
        }
    }
}
