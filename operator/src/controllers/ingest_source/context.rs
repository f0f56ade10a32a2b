//! What passes over sources need beside what every pass needs.

use std::ops::Deref;
use std::sync::Arc;

use super::client_cache::ClientCache;
use super::worker_quota::WorkerQuota;
use crate::context::Context;

/// What passes over sources need. No state either: whatever is kept here can be lost at any time.
pub struct SourceContext {
    /// What every pass needs.
    pub common: Arc<Context>,
    /// Clients of the stores of sources that were reached lately.
    pub clients: ClientCache,
    /// What all sources need of the workers that there may be.
    pub quota: WorkerQuota,
}

impl Deref for SourceContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.common
    }
}
