//! The ready-made models: files in the syntax of `spec.conversion`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::serialization::every;

/// A ready-made model.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Preset {
    /// NITF 3.x, with and without its namespace.
    Nitf,
    /// NewsML-G2 items of every kind, alone or several in a news message.
    #[serde(rename = "newsml-g2")]
    NewsmlG2,
    /// RSS 0.9x and 2.0, RSS 1.0 and 0.90 (RDF), RSS 1.1; each item is a document.
    Rss,
    /// Atom 1.0 and 0.3; each entry is a document, in a feed or alone.
    Atom,
    /// Journal articles: NLM 2.x and 3.0, JATS 1.x.
    Jats,
    /// Citations of PubMed and MEDLINE, with those that were deleted.
    Pubmed,
    /// Crossref deposits, and its answers in UNIXREF and UNIXSD.
    Crossref,
    /// News sitemaps; each address is a document.
    SitemapNews,
    /// Patent grants and applications of the USPTO since 2001 (ST.36, and ST.32 before 2005), one or many in an object.
    UsptoGrant,
    /// Texts of the Text Encoding Initiative.
    Tei,
    /// Dublin Core records of OAI-PMH, with those that were deleted.
    OaiDc,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; Self::VARIANTS.len()] = every(Self::VARIANTS);

    /// The word that a model uses, for example `newsml-g2`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The preset of that name.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The file: the YAML of a `conversion`.
    pub const fn yaml(self) -> &'static str {
        match self {
            Self::Nitf => include_str!("../../presets/nitf.yaml"),
            Self::NewsmlG2 => include_str!("../../presets/newsml-g2.yaml"),
            Self::Rss => include_str!("../../presets/rss.yaml"),
            Self::Atom => include_str!("../../presets/atom.yaml"),
            Self::Jats => include_str!("../../presets/jats.yaml"),
            Self::Pubmed => include_str!("../../presets/pubmed.yaml"),
            Self::Crossref => include_str!("../../presets/crossref.yaml"),
            Self::SitemapNews => include_str!("../../presets/sitemap-news.yaml"),
            Self::UsptoGrant => include_str!("../../presets/uspto-grant.yaml"),
            Self::Tei => include_str!("../../presets/tei.yaml"),
            Self::OaiDc => include_str!("../../presets/oai-dc.yaml"),
        }
    }
}
