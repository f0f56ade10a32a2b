//! How the documents of a batch are sent so that one index with trouble of its own does not hold up the
//! others, based on [`index_health`](super::index_health).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::elastic::BulkPolicy;
use docmill_clients::retry::RetryPolicy;
use docmill_crds::contract::IndexTrouble;

use super::index_health::IndexHealth;
use crate::ingest::unit::indexing::PATIENCE;

/// How long a batch waits in place for transient trouble to pass if no other index accepts documents either.
/// Then its units are released, since units of other indices may be queued behind them.
const IN_PLACE: Duration = Duration::from_mins(2);

/// What is known of the indices, for all batches of a worker.
#[derive(Debug)]
pub struct SharedIndexHealth {
    started: Instant,
    health: Mutex<IndexHealth>,
}

impl Default for SharedIndexHealth {
    fn default() -> Self {
        Self { started: Instant::now(), health: Mutex::default() }
    }
}

impl SharedIndexHealth {
    fn look(&self) -> (MutexGuard<'_, IndexHealth>, Duration) {
        (self.health.lock().unwrap_or_else(PoisonError::into_inner), self.started.elapsed())
    }

    /// Whether an index is slow.
    pub fn is_slow(&self, index: &str) -> bool {
        let (health, now) = self.look();
        health.is_slow(index, now)
    }

    /// Whether any index is slow.
    pub fn has_slow(&self) -> bool {
        self.look().0.has_slow()
    }

    /// Records that an index accepts no documents.
    pub fn refused(&self, index: &str) {
        let (mut health, now) = self.look();
        health.refused(index, now);
    }

    /// How long an index has accepted no documents.
    pub fn refusing_for(&self, index: &str) -> Duration {
        let (health, now) = self.look();
        health.refusing_for(index, now)
    }
}

/// How a batch is sent.
#[derive(Clone, Copy, Debug)]
pub struct SendMode {
    started_at: Instant,
    timed: bool,
    alone: bool,
}

impl SendMode {
    /// With others behind it, timed from now on: a slow index is detected and left.
    pub fn with_others() -> Self {
        Self { started_at: Instant::now(), timed: true, alone: false }
    }

    /// With others behind it, but without a time limit.
    pub fn untimed() -> Self {
        Self { timed: false, ..Self::with_others() }
    }

    /// Without others behind it: a slow index is given its time, once, and any trouble is its own.
    pub fn alone() -> Self {
        Self { alone: true, ..Self::untimed() }
    }

    /// Whether nothing is behind it.
    pub const fn is_alone(self) -> bool {
        self.alone
    }

    /// How long one call waits for Elasticsearch.
    pub(crate) const fn patience(self) -> RetryPolicy {
        if self.alone { RetryPolicy::once() } else { PATIENCE }
    }
}

/// Watches over a batch.
pub(crate) struct IndexHealthPolicy<'a> {
    pub(crate) index_health: &'a SharedIndexHealth,
    pub(crate) mode: SendMode,
}

impl BulkPolicy for IndexHealthPolicy<'_> {
    fn leave(&self, index: &str, trouble: IndexTrouble, others: bool) -> bool {
        let (mut health, now) = self.index_health.look();
        health.refused(index, now);
        trouble.fails_in_the_end()
            || others
            || self.mode.alone
            || health.others_accept(index, now)
            || self.mode.started_at.elapsed() >= IN_PLACE
    }

    fn limit(&self, indices: &[&str], among_others: bool) -> Option<Duration> {
        let (health, now) = self.index_health.look();
        health.limit(indices, among_others, now).filter(|_| self.mode.timed)
    }

    fn answered(&self, indices: &[&str], after: Duration) -> bool {
        let (mut health, now) = self.index_health.look();
        if self.mode.timed {
            return health.answered(after);
        }
        for index in indices {
            health.slow_answered(index, after, now);
        }
        true
    }

    fn accepted(&self, index: &str, items: usize) {
        let (mut health, now) = self.index_health.look();
        health.accepted(index, u64::try_from(items).unwrap_or(u64::MAX), now);
    }

    fn leave_slow(&self, index: &str, after: Duration, others: bool) -> bool {
        let (mut health, now) = self.index_health.look();
        self.mode.timed && health.record_late(index, after, others, now)
    }

    fn hinders(&self) -> bool {
        !self.mode.alone
    }
}
