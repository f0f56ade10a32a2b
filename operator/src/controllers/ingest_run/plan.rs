//! What is to be done for a run now. Pure: the same observation gives the same plan.

use docmill_crds::contract::{RunOrder, RunStep};
use docmill_crds::records::runs::PlanRecord;
use k8s_openapi::jiff::Timestamp;

use super::observation::{IngestObservation, Step};
use super::records::totals;
use crate::workers::pod_view::JobEnd;

/// How many parts each pod may get one after another, so that a slow part does not keep the others waiting long.
const PARTS_PER_POD: i64 = 4;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum IngestPlan {
    /// Nothing yet: something is missing.
    Wait,
    /// Create the Job that selects.
    Select(Box<RunOrder>),
    /// Create the Job that works.
    Work {
        /// What its pods are to do.
        order: Box<RunOrder>,
        /// How many parts there are.
        parts: i32,
        /// How many units.
        selected: i64,
    },
    /// A Job is at work.
    Watch,
    /// Every selected unit has its end.
    Complete {
        /// When.
        at: Timestamp,
    },
    /// The run ends without that.
    Fail {
        /// In one CamelCase word.
        reason: String,
        /// In words.
        message: String,
        /// When.
        at: Timestamp,
    },
}

/// Plans.
pub fn plan(seen: &IngestObservation) -> IngestPlan {
    match (&seen.working, &seen.selecting) {
        (Some(working), _) => match &working.end {
            None => IngestPlan::Watch,
            Some(end) if end.complete => judge(seen, end),
            Some(end) => fail(working, end),
        },
        (None, Some(selecting)) => match &selecting.end {
            None => IngestPlan::Watch,
            Some(end) if end.complete => go_on(seen, selecting, end),
            Some(end) => fail(selecting, end),
        },
        (None, None) => match &seen.start {
            Some(order) => IngestPlan::Select(Box::new(order.clone())),
            None => IngestPlan::Wait,
        },
    }
}

/// The selection is made: work, if there is something to do.
fn go_on(seen: &IngestObservation, selecting: &Step, end: &JobEnd) -> IngestPlan {
    let Some(records) = &seen.records else { return IngestPlan::Watch };
    let (Some(plan), Some(order)) = (&records.plan, &selecting.order) else {
        let message = "the Job that selects is complete, but has left no record of what it selected";
        return IngestPlan::Fail {
            reason: "PlanUnaccounted".to_owned(),
            message: message.to_owned(),
            at: end.at,
        };
    };
    if order.spec.dry_run || plan.files == 0 {
        return IngestPlan::Complete { at: end.at };
    }
    let parts = parts(plan, order.spec.parallelism);
    let step = RunStep::Work { files: plan.files, parts };
    let order = Box::new(RunOrder { step, ..order.clone() });
    IngestPlan::Work { order, parts, selected: plan.selected }
}

/// Into how many parts the files of a manifest are cut.
fn parts(plan: &PlanRecord, parallelism: i32) -> i32 {
    i32::try_from(plan.files.min(i64::from(parallelism) * PARTS_PER_POD)).unwrap_or(i32::MAX)
}

/// All pods ended well. Whether the work is done, their records tell.
fn judge(seen: &IngestObservation, end: &JobEnd) -> IngestPlan {
    let Some(records) = &seen.records else { return IngestPlan::Watch };
    let (finished, parts) = (totals(&records.parts).finished, seen.parts());
    if finished == parts {
        return IngestPlan::Complete { at: end.at };
    }
    let message =
        format!("the Job is complete, but only {finished} of {parts} parts have a record that says so");
    IngestPlan::Fail { reason: "PartsUnaccounted".to_owned(), message, at: end.at }
}

fn fail(step: &Step, end: &JobEnd) -> IngestPlan {
    let message = match &step.trouble {
        Some(detail) => format!("{}: {detail}", end.message),
        None => end.message.clone(),
    };
    let reason = if end.reason.is_empty() { "JobFailed".to_owned() } else { end.reason.clone() };
    IngestPlan::Fail { reason, message, at: end.at }
}
