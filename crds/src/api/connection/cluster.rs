//! `ClusterConnection`: a connection for several namespaces.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::endpoints::{ModelConnection, QueueConnection};
use super::limits::{ConnectionLimits, ConnectionTimeouts};
use super::namespaced::ConnectionSpec;
use super::rules;
use super::status::ConnectionStatus;
use crate::api::elasticsearch::ElasticsearchCluster;
use crate::api::storage::Storage;

/// A Connection for all namespaces, or for those that `namespaceSelector` selects. The Secrets and ConfigMaps that it
/// names are those of the namespace whose resource refers to it. Exactly one of `elasticsearch`, `objectStore`, `queue`
/// and `model` is set.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "docmill.io",
    version = "v1beta1",
    kind = "ClusterConnection",
    status = "ConnectionStatus",
    shortname = "cconn",
    category = "docmill",
    derive = "PartialEq",
    cel,
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(name = "Type", type_ = "string", json_path = ".status.type"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[allow(clippy::duplicated_attributes, reason = "each column has a type and a path")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = rules::one_endpoint(),
    validation = rules::own_address(),
    validation = rules::no_bucket()
)]
pub struct ClusterConnectionSpec {
    /// The namespaces whose resources may use this connection, by their labels; a namespace has its name as the label
    /// `kubernetes.io/metadata.name`. Left out: all namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// An Elasticsearch or OpenSearch cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<ElasticsearchCluster>,
    /// An object store, for `storage` of a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_store: Option<Storage>,
    /// A queue, for `trigger.sqs` of an IngestSource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueConnection>,
    /// A model server, for enrichers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelConnection>,
    /// What the workers of all resources that use the connection may ask of its server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ConnectionLimits>,
    /// How long workers wait for its server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<ConnectionTimeouts>,
}

impl ClusterConnectionSpec {
    /// What a Connection in a namespace that may use it would state.
    pub fn connection(&self) -> ConnectionSpec {
        ConnectionSpec {
            elasticsearch: self.elasticsearch.clone(),
            object_store: self.object_store.clone(),
            queue: self.queue.clone(),
            model: self.model.clone(),
            limits: self.limits,
            timeouts: self.timeouts,
        }
    }
}
