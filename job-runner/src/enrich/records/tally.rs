//! What became of the documents of a slice, counted by all that work on it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counts::Counts;

/// The counts, shared.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

impl Tally {
    /// Starts with these.
    pub(crate) fn new(counts: Counts) -> Self {
        Self(Mutex::new(counts))
    }

    /// Counts something.
    pub(crate) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock());
    }

    /// The counts as they are now.
    pub(crate) fn now(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
