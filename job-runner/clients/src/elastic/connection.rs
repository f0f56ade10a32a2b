//! The connections to a cluster: its nodes, its credentials and its certificates.

pub(super) mod link;
mod settings;
mod signing;
pub(super) mod transport;
