//! How a field is searched. It changes the mapping of the index and never a document, so that it is no part of a
//! model's revision.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the index makes a field searchable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Search {
    /// The analyzer of a string or text: one of the cluster's, such as german, or one of
    /// index.settings.analysis. Left out: the index's default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub analyzer: Option<String>,

    /// Whether a string or text can also be compared, sorted and aggregated as a whole, as NAME.keyword, if it
    /// has at most 256 characters. Left out: true for string, false for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<bool>,

    /// Whether the field is in the index at all. Otherwise it is only kept in the document: no search finds it,
    /// and nothing is sorted or aggregated by it.
    #[serde(default = "default_index")]
    pub index: bool,
}

const fn default_index() -> bool {
    true
}

impl Default for Search {
    fn default() -> Self {
        Self { analyzer: None, keyword: None, index: default_index() }
    }
}
