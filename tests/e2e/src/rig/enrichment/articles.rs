//! Articles as a source has them, the same ones every time. Pure.

use serde_json::{Value, json};

use crate::articles::Article;
use crate::elastic::Versioned;

/// Copies of this month cannot be stored when their article has a `note`.
pub(super) const REFUSING_MONTH: &str = "2026.01";

/// An article as it is put into the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Enrichable {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u64,
    /// The document.
    pub source: Value,
    /// Whether the target cannot store its copy.
    pub is_refused: bool,
}

impl Enrichable {
    /// What the model is given of it.
    pub fn text(&self) -> String {
        let field = |name: &str| self.source[name].as_str().unwrap_or_default();
        format!("{}. {}", field("headline"), field("body"))
    }

    /// Year and month by which its copy finds its index.
    pub(super) fn month(&self) -> String {
        let published = self.source["publishedAt"].as_str().unwrap_or_default();
        published.get(..7).unwrap_or_default().replace('-', ".")
    }

    pub(super) fn as_stored(&self) -> Versioned<'_> {
        Versioned { id: &self.id, version: self.version, source: &self.source }
    }
}

/// Articles of three months that became visible in the same moment, so that only the tie-breaker of a search tells them
/// apart.
pub(super) fn generated(count: usize, refused_every: usize) -> Vec<Enrichable> {
    (0..count)
        .map(|number| {
            let article = Article::generated("enrichment", number);
            let is_refused = refused_every > 0 && number % refused_every == refused_every - 1;
            let month = if is_refused { 1 } else { 1 + number % 3 };
            let mut source = json!({
                "guid": article.guid,
                "headline": article.headline,
                "body": article.paragraphs.join("\n"),
                "publishedAt": format!("2026-{month:02}-11T10:00:00Z"),
                "_docmill": {"indexedTime": "2026-02-02T00:00:00.000Z", "revision": format!("r{number}")},
            });
            if is_refused {
                source["note"] = "no number".into();
            }
            Enrichable { id: format!("article-{number:05}"), version: 7, source, is_refused }
        })
        .collect()
}

/// The source's index.
pub(super) fn source_index() -> Value {
    let keyword = json!({"type": "keyword"});
    index(&json!({
        "guid": keyword, "headline": {"type": "text"}, "body": {"type": "text"}, "note": keyword,
        "publishedAt": {"type": "date"},
        "_docmill": {"properties": {"indexedTime": {"type": "date"}, "revision": keyword}},
    }))
}

/// An index of the target whose mapping is not that of the source.
pub(super) fn refusing_index() -> Value {
    index(&json!({"note": {"type": "integer"}}))
}

fn index(properties: &Value) -> Value {
    json!({
        "settings": {"number_of_shards": 1, "number_of_replicas": 0},
        "mappings": {"properties": properties},
    })
}
