//! `Connection` and `ClusterConnection`: an address and the credentials for it, stated once for all resources that
//! refer to it.

mod cluster;
mod endpoints;
mod limits;
mod namespaced;
mod rules;
mod status;

pub use cluster::{ClusterConnection, ClusterConnectionSpec};
pub use endpoints::{Endpoint, ModelConnection, QueueConnection};
pub use limits::{ConnectionLimits, ConnectionTimeouts};
pub use namespaced::{Connection, ConnectionSpec};
pub use status::{ConnectionStatus, ReleaseReadiness};
