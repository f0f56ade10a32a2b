//! Connections: addresses and credentials that resources refer to by name.
//!
//! - `addresses`: where resources state an address or refer to a connection;
//! - `resolve`: replaces references by what the connections state, so that nothing else knows of connections;
//! - `users`: which resources refer to a connection;
//! - `views`: the connections and the labels of namespaces, kept up to date by watches.

mod addresses;
mod resolve;
#[cfg(test)]
mod tests;
mod users;
mod views;

pub use resolve::Connections;
pub use users::users;
pub use views::watch;
