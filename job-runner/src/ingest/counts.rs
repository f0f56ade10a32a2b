//! What a worker did, for its report.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use docmill_crds::records::units::UnitState;

use super::unit::duplicates::UnitDuplicates;

/// Units with duplicate ids that are named until somebody asks for them.
const NAMED_UNITS: usize = 100;

/// Units by where they ended.
#[derive(Debug, Default)]
pub struct UnitCounts {
    indexed: AtomicU64,
    converted: AtomicU64,
    pub(crate) failed: AtomicU64,
    skipped: AtomicU64,
    overwritten: AtomicU64,
    duplicates: Mutex<Vec<UnitDuplicates>>,
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

    /// Counts documents of a unit that were overwritten by others of the same object and id.
    pub fn add_overwritten(&self, duplicates: UnitDuplicates) {
        let documents = u64::try_from(duplicates.documents).unwrap_or(0);
        self.overwritten.fetch_add(documents, Ordering::Relaxed);
        let mut named = self.duplicates.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() < NAMED_UNITS {
            named.push(duplicates);
        }
    }

    /// Number of overwritten documents.
    pub fn overwritten(&self) -> u64 {
        self.overwritten.load(Ordering::Relaxed)
    }

    /// The first units with overwritten documents since the last call.
    pub fn take_duplicates(&self) -> Vec<UnitDuplicates> {
        std::mem::take(&mut *self.duplicates.lock().unwrap_or_else(PoisonError::into_inner))
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
