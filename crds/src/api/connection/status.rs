//! The status of connections of both kinds.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Whether a connection can be used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the server answers, or, where it is not asked, the credentials are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// What is connected to: `Elasticsearch` (OpenSearch included), `ObjectStore`, `Queue` or `Model`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Version of the server, if it tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What each release says of a ClusterConnection, as several of them may use one, each with rules of its own. `Ready` is
    /// False if one of them finds a fault. Left out: it is a Connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub releases: Vec<ReleaseReadiness>,
}

/// What one release says of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseReadiness {
    /// Namespace and name of the Lease by which the operators of the release elect their leader.
    pub name: String,
    /// Whether it can use the connection.
    pub ready: bool,
    /// Reason of its condition.
    pub reason: String,
    /// Message of its condition.
    pub message: String,
    /// The generation of the spec that it has seen. One that has not seen the current spec does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
