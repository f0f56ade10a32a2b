//! How much a worker may ask of a server.

use serde::{Deserialize, Serialize};

/// What all workers of a connection may ask of its server, and how many share that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestLimits {
    /// Requests per second of all pods together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<i32>,
    /// Requests in flight of all pods together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<i32>,
    /// How long one response may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_seconds: Option<i32>,
    /// How many clients share the limits: the pods of all users, each as often as it connects to the server.
    pub clients: i32,
}
