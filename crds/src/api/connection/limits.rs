//! How much the workers of all resources that use a connection may ask of its server.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What all workers that use a connection together may ask of its server. Each pod gets an equal part when it starts: the
/// limit, divided by the number of pods that the users of the connection may have at a time. The operator's own checks do
/// not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionLimits {
    /// Maximum number of requests per second, retries included. Left out: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub requests_per_second: Option<i32>,
    /// Maximum number of requests in flight; each pod may have one all the same. Left out: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub concurrency: Option<i32>,
}

/// How long workers wait for the server of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionTimeouts {
    /// How long a response may take, in seconds; of an object store or queue, until it begins. Left out: 30 for a cluster, an
    /// object store or a queue, and `timeoutSeconds` of the enricher for a model; the shorter one counts.
    // Not less than twice the time for which one request to a queue waits for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 3600))]
    pub request_seconds: Option<i32>,
}
