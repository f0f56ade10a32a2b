//! The indices that a run reads and writes.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Which indices a run reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OriginIndex {
    /// Index, alias or pattern, for example `articles-*`.
    #[schemars(length(min = 1, max = 1024))]
    pub name: String,
}

/// The index that a run writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetIndex {
    /// Name of the index, in the same form as `index.name` of an IngestSource, for example
    /// `enriched-{publishedAt:%Y.%m.%d}`.
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9][a-z0-9._-]*(\\\\{[A-Za-z_][A-Za-z0-9_.]*(:[^{}]+)?\\\\}[a-z0-9._-]*)*$')")
        .message("must start with a lower case letter or digit, and hold only those, '.', '_', '-' and fields in braces such as {publishedAt:%Y.%m.%d}"),
        validation = Rule::new("!self.startsWith('docmill-')")
        .message("must not start with docmill-, which is how Docmill's own indices are named"))]
    pub name: String,
}
