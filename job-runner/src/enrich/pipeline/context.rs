//! Everything that the documents of a slice pass through.

use std::sync::Mutex;

use docmill_clients::model_server::link::MountedLink;
use tokio_util::sync::CancellationToken;

use crate::enrich::model::objects::Objects;
use crate::enrich::records::budget::Budget;
use crate::enrich::records::failures::Failures;
use crate::enrich::records::progress::Progress;
use crate::enrich::records::shared_counts::SharedCounts;
use crate::enrich::slice_plan::SlicePlan;
use crate::enrich::target::compare::SliceComparison;
use crate::enrich::target::guard::IndexGuard;
use crate::enrich::target::store::CopyStore;

/// Everything that documents pass through.
pub(crate) struct Flow<'a> {
    pub(crate) slice_plan: &'a SlicePlan,
    /// One for each model.
    pub(crate) links: &'a [MountedLink],
    pub(crate) store: &'a CopyStore,
    pub(crate) guard: &'a IndexGuard,
    pub(crate) failures: &'a Failures<'a>,
    pub(crate) progress: &'a Progress<'a>,
    pub(crate) budget: &'a Budget,
    /// The raw objects, if models receive them.
    pub(crate) objects: Option<&'a Objects>,
    pub(crate) counts: &'a SharedCounts,
    /// What a run of mode Compare has found.
    pub(crate) comparison: &'a Mutex<SliceComparison>,
    pub(crate) stop: &'a CancellationToken,
}
