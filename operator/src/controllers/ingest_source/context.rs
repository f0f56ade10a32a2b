//! What reconciles of sources need in addition to the common context.

use std::ops::Deref;
use std::sync::Arc;

use super::client_cache::ClientCache;
use super::rest::RestingSources;
use super::rest::pace::Pacing;
use super::worker_quota::WorkerQuota;
use crate::context::Context;

/// What reconciles of sources need. No state either: everything here can be lost at any time.
pub struct SourceContext {
    /// What every reconcile needs.
    pub common: Arc<Context>,
    /// Clients of the stores of sources that were reached recently.
    pub clients: ClientCache,
    /// Shares the worker quota among all sources.
    pub quota: WorkerQuota,
    /// When suspended sources were last looked at.
    pub resting: RestingSources,
    /// How often sources at rest are looked at.
    pub pacing: Pacing,
}

impl Deref for SourceContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.common
    }
}
