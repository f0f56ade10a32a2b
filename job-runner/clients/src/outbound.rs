//! Requests to addresses that users of the cluster name: stores, queues, model servers, worker pods.
//!
//! Whoever writes a resource chooses who responds. So redirects are never followed; a response is read with a
//! cap, which applies after decompression; a name is resolved here, so that the connected address is one that
//! the policy allows.
//!
//! - [`policy`], `network`, `pattern`: which endpoints are allowed; pure;
//! - [`limits`]: how much of a response is read, and how long it may take; [`gates`]: how much may be requested;
//! - `resolver`: resolves names to addresses, by the policy;
//! - [`http`]: HTTP clients, and reading their responses; `aws`: the same under the AWS SDK;
//! - [`tls`]: certificates of both sides.

pub(crate) mod aws;
pub mod gates;
pub mod http;
pub mod limits;
mod network;
mod pattern;
pub mod policy;
mod resolver;
pub mod tls;

use std::sync::{Arc, OnceLock};

pub use gates::Gates;
pub use limits::{Cap, Limits};
pub use pattern::PatternError;
pub use policy::{EndpointFault, EndpointPolicy};

/// The rules of one process for all its requests.
#[derive(Debug)]
pub struct Outbound {
    /// Which endpoints are allowed.
    pub policy: EndpointPolicy,
    /// How much is read, and for how long.
    pub limits: Limits,
    /// This process's share of the limits of its connections.
    pub gates: Gates,
}

static CURRENT: OnceLock<Arc<Outbound>> = OnceLock::new();

/// Sets the rules of this process, before its first client is created. Only the first call counts.
pub fn install(outbound: Outbound) {
    let _ = CURRENT.set(Arc::new(outbound));
}

/// The rules of this process. If none are set (the command line, tests), every endpoint is allowed.
pub fn current() -> Arc<Outbound> {
    CURRENT
        .get_or_init(|| {
            Arc::new(Outbound {
                policy: EndpointPolicy::open(),
                limits: Limits::worker(),
                gates: Gates::default(),
            })
        })
        .clone()
}
