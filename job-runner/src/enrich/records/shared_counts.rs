//! What became of the documents of a slice, counted by all tasks that work on it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counts::SliceCounts;

/// The counts, shared.
#[derive(Debug, Default)]
pub(crate) struct SharedCounts(Mutex<SliceCounts>);

impl SharedCounts {
    /// Starts with these.
    pub(crate) fn new(counts: SliceCounts) -> Self {
        Self(Mutex::new(counts))
    }

    /// Counts something.
    pub(crate) fn count(&self, change: impl FnOnce(&mut SliceCounts)) {
        change(&mut self.lock());
    }

    /// The counts as they are now.
    pub(crate) fn now(&self) -> SliceCounts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, SliceCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
