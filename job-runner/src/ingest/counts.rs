//! What a worker did, for its report.

use std::sync::atomic::{AtomicU64, Ordering};

use docmill_crds::records::units::UnitState;

/// Units by where they ended.
#[derive(Debug, Default)]
pub struct UnitCounts {
    indexed: AtomicU64,
    converted: AtomicU64,
    pub(crate) failed: AtomicU64,
    skipped: AtomicU64,
    overwritten: AtomicU64,
}

impl UnitCounts {
    /// Counts a unit that is final.
    pub fn add(&self, state: UnitState) {
        self.counter(state).fetch_add(1, Ordering::Relaxed);
    }

    /// Units in one state.
    pub fn of(&self, state: UnitState) -> u64 {
        self.counter(state).load(Ordering::Relaxed)
    }

    /// Counts documents that were overwritten by others of the same object and id.
    pub fn add_overwritten(&self, documents: i64) {
        self.overwritten.fetch_add(u64::try_from(documents).unwrap_or(0), Ordering::Relaxed);
    }

    /// Number of overwritten documents.
    pub fn overwritten(&self) -> u64 {
        self.overwritten.load(Ordering::Relaxed)
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
