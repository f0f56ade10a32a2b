//! What became of the documents of a slice. No I/O.

use std::collections::BTreeMap;

use docmill_crds::api::enrichment_run::{Budget, FieldComparison};
use docmill_crds::records::enrichments::SliceRecord;

use crate::enrich::slice_plan::SlicePlan;

/// What became of the documents of a slice: one counter per outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SliceCounts {
    /// Documents within the bounds of the slice.
    pub(crate) documents: u64,
    /// Documents that needed work when the run began.
    pub(crate) selected: u64,
    /// Documents whose enriched copy is stored.
    pub(crate) done: u64,
    /// Documents of `done` without a call to a model.
    pub(crate) cached: u64,
    /// Documents of `done` that had nothing to give a model.
    pub(crate) empty: u64,
    /// Documents that a model or the index rejected.
    pub(crate) failed: u64,
    /// Documents that were enriched already.
    pub(crate) passed_over: u64,
    /// Requests sent to models, including those before a restart.
    pub(crate) calls: u64,
    /// Characters sent to models, including those before a restart.
    pub(crate) input_characters: u64,
    /// Reason of the first failure.
    pub(crate) first_failure: Option<String>,
    /// The version that each model reported first.
    pub(crate) versions: BTreeMap<String, String>,
    /// A version change that a model reported.
    pub(crate) model_changed: Option<String>,
    /// What a run of mode Compare found, at its end.
    pub(crate) comparison: Vec<FieldComparison>,
    /// The budget that is exhausted.
    pub(crate) exhausted: Option<Budget>,
    /// Whether the run reached its maximum of documents before the end of the slice.
    pub(crate) cut_short: bool,
}

impl SliceCounts {
    /// Counts a document that could not be enriched or stored.
    pub(crate) fn fail(&mut self, id: &str, message: &str) {
        self.failed += 1;
        self.first_failure.get_or_insert_with(|| format!("document {id}: {message}"));
    }

    /// Resets everything except what was spent and what models reported, which remains true.
    pub(crate) fn start_over(&mut self) {
        *self = Self {
            calls: self.calls,
            input_characters: self.input_characters,
            versions: std::mem::take(&mut self.versions),
            model_changed: self.model_changed.take(),
            ..Self::default()
        };
    }

    /// Resumes from what an earlier pod of the slice left.
    pub(crate) fn resumed(earlier: &SliceRecord) -> Self {
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
    pub(crate) fn record(&self, slice_plan: &SlicePlan, finished: bool, now: String) -> SliceRecord {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        SliceRecord {
            kind: "slice".to_owned(),
            run: slice_plan.run.clone(),
            slice: slice_plan.slice,
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
