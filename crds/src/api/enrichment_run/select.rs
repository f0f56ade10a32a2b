//! Which documents a run takes.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::time_range::TimeRange;

/// Which documents a run takes: those in a state, and of these the ones that meet every condition that is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self.state == 'All' || !(has(self.indexedTime) || has(self.ids) || has(self.query))")
    .message("indexedTime, ids and query go with state All").field_path(".state"))]
pub struct DocumentSelector {
    /// `New`: documents that have not been enriched in this way: new ones, changed ones, and all if a model
    /// changed. `Failed`: documents that failed at an enricher or could not be stored, according to the
    /// enrichment's records. `All`: all documents; a stored result is reused where neither the input nor the
    /// model changed.
    #[serde(default)]
    pub state: DocumentState,
    /// Only documents indexed in this time range, by `from.timeField`, and before the run was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed_time: Option<TimeRange>,
    /// Only documents with these ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 512)))]
    pub ids: Option<Vec<String>>,
    /// Only documents that match this query, in Elasticsearch's Query DSL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::serialization::any_object")]
    pub query: Option<Map<String, Value>>,
}

impl DocumentSelector {
    /// Whether no new document is left out, so that a complete run moves the watermark.
    pub fn takes_all_new(&self) -> bool {
        match self.state {
            DocumentState::New | DocumentState::All => {
                self.indexed_time.is_none() && self.ids.is_none() && self.query.is_none()
            }
            DocumentState::Failed => false,
        }
    }
}

/// How far documents are enriched already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DocumentState {
    /// They have not been enriched in this way.
    #[default]
    New,
    /// They failed at an enricher or could not be stored.
    Failed,
    /// Any.
    All,
}
