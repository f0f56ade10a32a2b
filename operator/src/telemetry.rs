//! What is seen of the operator and of its resources from outside.

pub mod metrics;
pub mod server;
