//! The indices that a run reads and writes.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::index_options::{self, IndexOptions, IndexSettings, default_max_new_indices_per_hour};
use crate::api::ingest_source::DateWindow;

/// Which indices a run reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OriginIndex {
    /// Index, alias or pattern, for example `articles-*`.
    #[schemars(length(min = 1, max = 1024))]
    pub name: String,
}

/// The index that a run writes. Its new indices are made and guarded as those of an IngestSource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = index_options::other_aliases_rule())]
pub struct TargetIndex {
    /// Name of the index, in the same form as `index.name` of an IngestSource, for example
    /// `enriched-{publishedAt:%Y.%m.%d}`.
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(validation = index_options::name_rule(), validation = index_options::not_own_rule())]
    pub name: String,
    /// Which dates may name an index. A document whose date lies outside, and which has no enriched copy yet,
    /// fails with `DateOutOfWindow`, since a wrong date would create an index of its own.
    #[serde(default)]
    pub window: DateWindow,
    /// How many new indices all runs into the target together may create per clock hour. A document that needs
    /// one more fails with `TooManyIndices`, and `select: {state: Failed}` selects it again. Existing indices do
    /// not count.
    #[serde(default = "default_max_new_indices_per_hour")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_new_indices_per_hour: i32,
    /// Settings of new indices. Existing ones keep theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<IndexSettings>,
    /// Names of component templates of which new indices are composed, later ones over earlier ones. They must
    /// exist. What this resource says itself takes precedence over all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(length(max = 200), regex(pattern = r"^[a-z0-9.][a-z0-9._@+-]*$")))]
    pub composed_of: Vec<String>,
    /// Aliases of every new index, to search all of them by one name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(length(max = 200), regex(pattern = r"^[a-z0-9][a-z0-9._-]*$")))]
    #[x_kube(validation = index_options::aliases_not_own_rule())]
    pub aliases: Vec<String>,
    /// Name of a policy of Elasticsearch's index lifecycle management (ILM) for new indices. OpenSearch has no
    /// such setting: there, a policy names its indices itself (`ism_template`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255), regex(pattern = r"^[^_ ,][^ ,]*$"))]
    pub lifecycle_policy: Option<String>,
}

impl TargetIndex {
    /// How new indices are made.
    pub fn options(&self) -> IndexOptions<'_> {
        IndexOptions {
            settings: self.settings.as_ref(),
            composed_of: &self.composed_of,
            aliases: &self.aliases,
            lifecycle_policy: self.lifecycle_policy.as_deref(),
        }
    }
}
