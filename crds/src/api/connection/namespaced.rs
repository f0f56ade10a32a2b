//! `Connection`: a connection of one namespace.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::endpoints::{Endpoint, ModelConnection, QueueConnection};
use super::limits::{ConnectionLimits, ConnectionTimeouts};
use super::rules;
use super::status::ConnectionStatus;
use crate::api::elasticsearch::ElasticsearchCluster;
use crate::api::storage::Storage;
use crate::digest::digest_of;

/// An address and the credentials for it, for all resources of a namespace that refer to it with `connectionRef`.
/// Exactly one of `elasticsearch`, `objectStore`, `queue` and `model` is set.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "docmill.io",
    version = "v1beta1",
    kind = "Connection",
    namespaced,
    status = "ConnectionStatus",
    shortname = "conn",
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
pub struct ConnectionSpec {
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

impl ConnectionSpec {
    /// The endpoint: the first one that is set.
    pub fn endpoint(&self) -> Option<Endpoint<'_>> {
        let elasticsearch = self.elasticsearch.as_ref().map(Endpoint::Elasticsearch);
        elasticsearch
            .or_else(|| self.object_store.as_ref().map(Endpoint::ObjectStore))
            .or_else(|| self.queue.as_ref().map(Endpoint::Queue))
            .or_else(|| self.model.as_ref().map(Endpoint::Model))
    }

    /// A short name of what all of these state.
    pub fn digest(stated: &[Self]) -> String {
        digest_of(&serde_json::to_value(stated).unwrap_or_default())
    }
}
