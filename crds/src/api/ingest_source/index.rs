//! Where documents are indexed: which indices, and which dates may name one.

use k8s_openapi::jiff::civil::Date;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::elasticsearch::ElasticsearchCluster;
use crate::api::index_options::{self, IndexOptions, IndexSettings, default_max_new_indices_per_hour};
use crate::template::Template;

/// Where documents become searchable. The index name and the id depend on the document alone, so that
/// indexing is idempotent: a document that arrives twice is stored once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = index_options::other_aliases_rule())]
pub struct Index {
    /// The cluster. It also holds the ledger, unless `spec.ledger` names another one.
    pub elasticsearch: ElasticsearchCluster,
    /// Name of the index, with fields of the document in braces; a date field takes a format after a colon
    /// (strftime), for example `articles-{publishedAt:%Y.%m.%d}`.
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(validation = index_options::name_rule(), validation = index_options::not_own_rule())]
    pub name: String,
    /// Id of a document, with fields of the document in braces, for example `{guid}`.
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(validation = Rule::new("self.matches('^[^{}]*(\\\\{[A-Za-z_][A-Za-z0-9_.]*(:[^{}]+)?\\\\}[^{}]*)+$')")
        .message("must name at least one field of the document in braces, for example {guid}"))]
    pub id: String,
    /// Which dates may name an index. A document whose date lies outside is refused with `DateOutOfWindow`,
    /// since a wrong date would create an index of its own.
    #[serde(default)]
    pub window: DateWindow,
    /// How many new indices all workers of the source together may create per clock hour. A document that
    /// needs one more is refused with `TooManyIndices` and can be replayed. Existing indices do not count.
    #[serde(default = "default_max_new_indices_per_hour")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_new_indices_per_hour: i32,
    /// How many seconds a unit waits for an index that takes no writes and will not recover by itself (a
    /// block that somebody set, a closed index, an index that the cluster refuses to create) before it fails
    /// with `IndexBlocked`. Writes to other indices continue meanwhile. For a full disk, an outage or missing
    /// permissions, units wait without limit.
    #[serde(default = "default_blocked_patience_seconds")]
    #[schemars(range(min = 0, max = 604_800))]
    pub blocked_patience_seconds: i32,
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

/// Which dates may name an index, as days in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DateWindow {
    /// The first day, for example `1900-01-01`.
    #[serde(default = "default_window_from")]
    #[schemars(
        length(max = 10),
        regex(pattern = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
        extend("format" = "date")
    )]
    pub from: String,
    /// The last day, as a number of days after today by the worker's clock.
    #[serde(default = "default_window_ahead_days")]
    #[schemars(range(min = 0, max = 3_652_059))]
    pub ahead_days: i32,
}

impl Default for DateWindow {
    fn default() -> Self {
        Self { from: default_window_from(), ahead_days: default_window_ahead_days() }
    }
}

impl DateWindow {
    /// The first day, or an error with the text that is not a date.
    pub fn first_day(&self) -> Result<Date, InvalidDay> {
        self.from.parse().map_err(|_| InvalidDay(self.from.clone()))
    }
}

/// The first day of a window is not a calendar date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a day like 1900-01-01, found {0:?}")]
pub struct InvalidDay(String);

fn default_window_from() -> String {
    "1900-01-01".to_owned()
}
const fn default_window_ahead_days() -> i32 {
    7
}

impl Index {
    /// How new indices are made.
    pub fn options(&self) -> IndexOptions<'_> {
        IndexOptions {
            settings: self.settings.as_ref(),
            composed_of: &self.composed_of,
            aliases: &self.aliases,
            lifecycle_policy: self.lifecycle_policy.as_deref(),
        }
    }

    /// The pattern of all indices that documents can be in; `None` if the name is no template.
    pub fn pattern(&self) -> Option<String> {
        Some(Template::parse(&self.name).ok()?.wildcard())
    }

    /// How long a unit waits for an index that will not take writes again by itself.
    pub fn blocked_patience(&self) -> std::time::Duration {
        std::time::Duration::from_secs(u64::try_from(self.blocked_patience_seconds).unwrap_or(0))
    }
}

const fn default_blocked_patience_seconds() -> i32 {
    900
}
