//! `ConversionModel`: a conversion model that sources and runs refer to.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversion::{Conversion, without_reference};

/// A conversion model: what a document is and which of its parts become which fields. IngestSources, and
/// IngestRuns of mode Shadow, use it by `conversion.modelRef`; several sources can share one. A change
/// applies to all sources that refer to it, and to later runs only.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "docmill.io",
    version = "v1beta1",
    kind = "ConversionModel",
    namespaced,
    status = "ConversionModelStatus",
    shortname = "cmodel",
    category = "docmill",
    derive = "PartialEq",
    cel,
    printcolumn(name = "Format", type_ = "string", json_path = ".spec.format"),
    printcolumn(name = "Preset", type_ = "string", json_path = ".spec.preset"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.revision"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[allow(clippy::duplicated_attributes, reason = "each column has a type and a path")]
#[serde(transparent)]
#[schemars(transform = without_reference)]
pub struct ConversionModelSpec(pub Conversion);

/// Whether the model is valid, and its revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversionModelStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the model is valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Digest of the model: the revision of each source that refers to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}
