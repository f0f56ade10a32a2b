//! What became of the documents of a slice. No I/O.

use docmill_crds::enrichment_ledger::SliceRecord;

use super::recipe::Recipe;

/// What became of the documents of a slice: one counter an outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Documents that needed work when the run began.
    pub(super) selected: u64,
    /// Documents whose enriched copy is stored.
    pub(super) done: u64,
    /// Documents of `done` without a call to a model.
    pub(super) cached: u64,
    /// Documents that a model or the index refused.
    pub(super) failed: u64,
    /// Documents that were enriched already.
    pub(super) passed_over: u64,
    /// Requests sent to models, also those before a restart.
    pub(super) calls: u64,
    /// Reason of the first failure.
    pub(super) first_failure: Option<String>,
}

impl Counts {
    /// A document could not be enriched or stored.
    pub(super) fn fail(&mut self, id: &str, reason: &str) {
        tracing::warn!(id, reason, "a document could not be enriched");
        self.failed += 1;
        self.first_failure.get_or_insert_with(|| format!("document {id}: {reason}"));
    }

    /// Everything anew but the calls, which were made.
    pub(super) fn start_over(&mut self) {
        *self = Self { calls: self.calls, ..Self::default() };
    }

    /// The record of the slice.
    pub(super) fn record(&self, recipe: &Recipe, finished: bool, now: String) -> SliceRecord {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        SliceRecord {
            kind: "slice".to_owned(),
            run: recipe.run.clone(),
            slice: recipe.slice,
            selected: count(self.selected),
            done: count(self.done),
            cached: count(self.cached),
            failed: count(self.failed),
            calls: count(self.calls),
            first_failure: self.first_failure.clone(),
            finished,
            updated_time: now,
        }
    }
}
