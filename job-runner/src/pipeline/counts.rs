//! What a worker did, for its report.

use std::sync::atomic::{AtomicU64, Ordering};

use docmill_crds::ledger::UnitState;

/// Units by where they ended.
#[derive(Debug, Default)]
pub struct Counts {
    indexed: AtomicU64,
    converted: AtomicU64,
    failed: AtomicU64,
    skipped: AtomicU64,
}

impl Counts {
    /// Counts a unit that is final.
    pub fn add(&self, state: UnitState) {
        self.counter(state).fetch_add(1, Ordering::Relaxed);
    }

    /// Units in one state.
    #[must_use]
    pub fn of(&self, state: UnitState) -> u64 {
        self.counter(state).load(Ordering::Relaxed)
    }

    fn counter(&self, state: UnitState) -> &AtomicU64 {
        match state {
            UnitState::Indexed => &self.indexed,
            UnitState::Converted => &self.converted,
            UnitState::Failed => &self.failed,
            UnitState::Skipped => &self.skipped,
        }
    }
}
