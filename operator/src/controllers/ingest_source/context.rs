//! What reconciles of sources need in addition to the common context.

use std::ops::Deref;
use std::sync::Arc;

use super::client_cache::ClientCache;
use super::rest::RestingSources;
use super::rest::pace::Pacing;
use super::shared_queue::consumers::QueueConsumers;
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
    /// How many sources take from each queue.
    pub queue_consumers: QueueConsumers,
}

impl SourceContext {
    /// Nothing is remembered yet. The queues of all idle sources together are asked so many times a second.
    pub fn new(common: Arc<Context>, idle_polls_per_second: u32) -> Self {
        Self {
            clients: ClientCache::default(),
            quota: WorkerQuota::new(common.max_workers),
            resting: RestingSources::default(),
            pacing: Pacing::new(idle_polls_per_second),
            queue_consumers: QueueConsumers::default(),
            common,
        }
    }
}

impl Deref for SourceContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.common
    }
}
