//! Connections: addresses and credentials that resources refer to by name.
//!
//! - `addresses`: where resources state an address or refer to a connection;
//! - `resolve`: makes a resource as it works of the resource as it is written, so that nothing else knows of connections;
//! - `users`: which resources refer to a connection;
//! - `cluster`: `ClusterConnection`s and the labels of namespaces, kept up to date by watches.

mod addresses;
mod cluster;
mod resolve;
#[cfg(test)]
mod tests;
mod users;

pub use cluster::ClusterViews;
pub use resolve::Connections;
pub use users::users;
