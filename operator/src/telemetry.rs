//! Metrics and probes of the operator, and metrics of its resources.

pub mod metrics;
pub mod server;
