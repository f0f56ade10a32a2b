//! How to reach an Elasticsearch (8.x, 9.x) or OpenSearch (2.x, 3.x) cluster.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::storage::SecretRef;

/// A cluster and the credentials for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ElasticsearchCluster {
    /// Base URLs of the cluster's nodes or of its load balancer, for example `https://es.search.svc:9200`.
    #[schemars(length(min = 1, max = 32), inner(regex(pattern = r"^https?://[^/?#]+/?$")))]
    pub urls: Vec<String>,
    /// Secret in this namespace with the keys `username` and `password`, or `apiKey` (the encoded form), and
    /// `ca.crt` (PEM) if the cluster's certificate is signed by a private authority. Left out: no authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
}
