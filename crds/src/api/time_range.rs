//! The one form of a time range in all kinds.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A time range: `from <= time < until`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.from) || has(self.until)").message("set from, until, or both"),
    validation = Rule::new("!has(self.from) || !has(self.until) || self.from < self.until")
        .message("from must be before until")
)]
pub struct TimeRange {
    /// The first moment. Left out: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// The first moment after the range. Left out: to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

impl TimeRange {
    /// The range as the bounds of a `range` query of Elasticsearch.
    pub fn query_bounds(&self) -> Map<String, Value> {
        let bounds = [("gte", &self.from), ("lt", &self.until)];
        let set = bounds.into_iter().filter_map(|(bound, time)| Some((bound, time.as_ref()?)));
        set.map(|(bound, time)| (bound.to_owned(), json!(time.0.to_string()))).collect()
    }
}
