//! Metrics and probes of the operator, and metrics of its resources.

pub mod api_client;
pub mod metrics;
pub mod server;
