//! What became of the documents of a slice. No I/O.

use std::collections::BTreeMap;

use docmill_crds::enrichment_ledger::SliceRecord;
use docmill_crds::enrichment_run::{Budget, FieldComparison};

use super::recipe::Recipe;

/// What became of the documents of a slice: one counter an outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Documents within the bounds of the slice.
    pub(super) documents: u64,
    /// Documents that needed work when the run began.
    pub(super) selected: u64,
    /// Documents whose enriched copy is stored.
    pub(super) done: u64,
    /// Documents of `done` without a call to a model.
    pub(super) cached: u64,
    /// Documents of `done` that had nothing to give a model.
    pub(super) empty: u64,
    /// Documents that a model or the index refused.
    pub(super) failed: u64,
    /// Documents that were enriched already.
    pub(super) passed_over: u64,
    /// Requests sent to models, also those before a restart.
    pub(super) calls: u64,
    /// Characters sent to models, also those before a restart.
    pub(super) input_characters: u64,
    /// Reason of the first failure.
    pub(super) first_failure: Option<String>,
    /// The version that each model told first.
    pub(super) versions: BTreeMap<String, String>,
    /// What a model told that had not been so before.
    pub(super) model_changed: Option<String>,
    /// What a run of mode Compare found, at its end.
    pub(super) comparison: Vec<FieldComparison>,
    /// The budget that is reached.
    pub(super) exhausted: Option<Budget>,
    /// Whether the run took as many documents as it may before the end of the slice.
    pub(super) cut_short: bool,
}

impl Counts {
    /// A document could not be enriched or stored.
    pub(super) fn fail(&mut self, id: &str, message: &str) {
        self.failed += 1;
        self.first_failure.get_or_insert_with(|| format!("document {id}: {message}"));
    }

    /// Everything anew but what was spent and what models told, which remains so.
    pub(super) fn start_over(&mut self) {
        *self = Self {
            calls: self.calls,
            input_characters: self.input_characters,
            versions: std::mem::take(&mut self.versions),
            model_changed: self.model_changed.take(),
            ..Self::default()
        };
    }

    /// What an earlier pod of the slice has left.
    pub(super) fn resumed(earlier: &SliceRecord) -> Self {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        Self {
            calls: count(earlier.calls),
            input_characters: count(earlier.input_characters),
            versions: earlier.versions.clone(),
            model_changed: earlier.model_changed.clone(),
            ..Self::default()
        }
    }

    /// The record of the slice.
    pub(super) fn record(&self, recipe: &Recipe, finished: bool, now: String) -> SliceRecord {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        SliceRecord {
            kind: "slice".to_owned(),
            run: recipe.run.clone(),
            slice: recipe.slice,
            documents: count(self.documents),
            selected: count(self.selected),
            done: count(self.done),
            cached: count(self.cached),
            empty: count(self.empty),
            failed: count(self.failed),
            passed_over: count(self.passed_over),
            calls: count(self.calls),
            input_characters: count(self.input_characters),
            exhausted: self.exhausted,
            cut_short: self.cut_short,
            versions: self.versions.clone(),
            model_changed: self.model_changed.clone(),
            comparison: self.comparison.clone(),
            first_failure: self.first_failure.clone(),
            finished,
            updated_time: now,
        }
    }
}
