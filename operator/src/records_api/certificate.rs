//! The serving certificate. The leader makes it, keeps it in a Secret, renews it, and tells the API server whom to trust;
//! all replicas serve it. Or it comes from a directory, for example of cert-manager.
//!
//! - `stored`: what the Secret has; `plan`: what has to be made; `make`: makes it; `keep`: what the leader does;
//! - `follow`: what every replica reads.

pub mod follow;
pub mod keep;
mod make;
mod plan;
mod stored;

pub use follow::ServingCertificate;
