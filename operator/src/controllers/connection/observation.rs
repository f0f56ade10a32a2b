//! What is known about a connection at one moment. No I/O.

use k8s_openapi::jiff::Timestamp;

use crate::outcome::not_ready::NotReady;

/// What is known about a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionObservation {
    /// When it was observed.
    pub now: Timestamp,
    /// What was checked, or what is wrong.
    pub checked: Result<Checked, NotReady>,
}

/// What was checked of a connection without faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The server answered. The version, if it tells one.
    Reachable(Option<String>),
    /// The credentials are there; the server is not asked.
    Credentials,
    /// Nothing: the credentials are those of the users of the connection.
    Nothing,
}
