//! Metrics and probes of the operator, metrics of its resources, and lineage of its runs.

pub mod api_client;
pub mod metrics;
pub mod open_lineage;
pub mod server;
