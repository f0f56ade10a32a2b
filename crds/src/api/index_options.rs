//! How new indices are made: settings, component templates, aliases, lifecycle policy. One set of options for every
//! resource whose documents go into indices.

use kube::KubeSchema;
use kube::core::Rule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Settings of new indices. What is left out is as the cluster has it, or as component templates say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IndexSettings {
    /// Primary shards of an index (`index.number_of_shards`). Not for Elasticsearch Serverless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub number_of_shards: Option<i32>,
    /// Copies of each primary shard (`index.number_of_replicas`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1024))]
    pub number_of_replicas: Option<i32>,
    /// After so many seconds at most, a document is visible to searches (`index.refresh_interval`). `-1`: only
    /// after a refresh that somebody asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1, max = 86400))]
    pub refresh_interval_seconds: Option<i32>,
    /// How stored documents are compressed (`index.codec`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<IndexCodec>,
    /// Analyzers, tokenizers, filters and normalizers, as under `analysis` in the settings of an index. The
    /// analyzer named `default` is that of every text without another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::serialization::any_object")]
    pub analysis: Option<Map<String, Value>>,
}

/// How stored documents are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IndexCodec {
    /// Quick to read.
    Default,
    /// Smaller, and slower to read.
    BestCompression,
}

impl IndexCodec {
    /// The value of `index.codec`.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::BestCompression => "best_compression",
        }
    }
}

/// What names of indices that are not Docmill's own must not do.
const NOT_OWN: &str = "must not start with docmill-, which is how Docmill's own indices are named";

/// The rule of the form of `name`.
pub(super) fn name_rule() -> Rule {
    Rule::new("self.matches('^[a-z0-9][a-z0-9._-]*(\\\\{[A-Za-z_][A-Za-z0-9_.]*(:[^{}]+)?\\\\}[a-z0-9._-]*)*$')")
        .message("must start with a lower case letter or digit, and hold only those, '.', '_', '-' and fields in braces such as {publishedAt:%Y.%m.%d}")
}

/// The rule of what `name` must not be.
pub(super) fn not_own_rule() -> Rule {
    Rule::new("!self.startsWith('docmill-')").message(NOT_OWN)
}

/// The rule of what `aliases` must not be.
pub(super) fn aliases_not_own_rule() -> Rule {
    Rule::new("self.all(alias, !alias.startsWith('docmill-'))").message(NOT_OWN)
}

/// The rule of an index and its aliases.
pub(super) fn other_aliases_rule() -> Rule {
    Rule::new("!has(self.aliases) || !(self.name in self.aliases)")
        .message("an alias must have another name than the index")
        .field_path(".aliases")
}

/// How many new indices may be created per clock hour, unless the resource says another number.
pub(crate) const fn default_max_new_indices_per_hour() -> i32 {
    100
}

/// The options of a resource that names an index.
#[derive(Clone, Copy, Debug, Default)]
pub struct IndexOptions<'a> {
    /// Settings.
    pub settings: Option<&'a IndexSettings>,
    /// Names of component templates, later ones over earlier ones.
    pub composed_of: &'a [String],
    /// Aliases of every new index.
    pub aliases: &'a [String],
    /// The policy of index lifecycle management.
    pub lifecycle_policy: Option<&'a str>,
}
