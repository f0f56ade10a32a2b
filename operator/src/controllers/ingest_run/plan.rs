//! What to do for a run now. Pure: the same observation yields the same plan.

use std::time::Duration;

use docmill_crds::IngestRunSpec;
use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::contract::{RunOrder, RunStep};
use docmill_crds::records::runs::PlanRecord;
use k8s_openapi::jiff::Timestamp;

use super::observation::{IngestObservation, RunJob};
use super::records::totals;
use crate::controllers::run_job::JobChange;
use crate::outcome::requeue;
use crate::workers::pod_state::JobEnd;

/// The number of parts per pod, processed one after another, so that a slow part does not delay the others
/// much.
const PARTS_PER_POD: i64 = 4;

/// How long the report of a probe may take to reach the operator after the end of its Job.
const REPORT_WITHIN: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum IngestPlan {
    /// Nothing yet: something is missing, or the run is suspended.
    Wait,
    /// Create the Job that selects.
    Select(Box<RunOrder>),
    /// Create the Job that works.
    Work {
        /// The order of its pods.
        order: Box<RunOrder>,
        /// The number of parts.
        parts: i32,
        /// The number of selected units.
        selected: i64,
    },
    /// A Job is running or suspended, as it should be.
    Watch,
    /// Suspend or resume that Job, or change the number of its pods.
    Change(JobChange),
    /// Every selected unit is accounted for.
    Complete {
        /// When.
        at: Timestamp,
    },
    /// The run fails.
    Fail {
        /// The reason, one CamelCase word.
        reason: String,
        /// The message.
        message: String,
        /// When.
        at: Timestamp,
    },
}

/// Plans what to do for a run.
pub fn plan(spec: &IngestRunSpec, seen: &IngestObservation) -> IngestPlan {
    match (&seen.working, &seen.selecting) {
        (Some(working), _) => match &working.end {
            None => attend(spec, working),
            Some(end) if end.complete => judge(seen, end),
            Some(end) => fail(working, end),
        },
        (None, Some(selecting)) => match &selecting.end {
            None => attend(spec, selecting),
            Some(end) if end.complete && spec.mode == IngestMode::Probe => probed(seen, selecting, end),
            Some(end) if end.complete => go_on(spec, seen, selecting, end),
            Some(end) => fail(selecting, end),
        },
        (None, None) => match &seen.start {
            Some(order) if !spec.suspend => IngestPlan::Select(Box::new(order.clone())),
            Some(_) | None => IngestPlan::Wait,
        },
    }
}

/// A Job has not ended: decides whether its pods should run, and how many.
fn attend(spec: &IngestRunSpec, job: &RunJob) -> IngestPlan {
    let change = job.state.change(spec.suspend, most_pods(spec, job), true);
    change.map_or(IngestPlan::Watch, IngestPlan::Change)
}

/// How many pods a run may have at a time: with a limit of units per second, no more than those among which it
/// is divided.
fn most_pods(spec: &IngestRunSpec, job: &RunJob) -> i32 {
    match (spec.max_units_per_second, &job.order) {
        (None, _) => spec.parallelism,
        (Some(_), Some(order)) => spec.parallelism.min(order.spec.parallelism),
        (Some(_), None) => job.state.parallelism,
    }
}

/// The pod of a probe has ended, and its report is the result of the run.
fn probed(seen: &IngestObservation, probing: &RunJob, end: &JobEnd) -> IngestPlan {
    if probing.report.is_some() {
        return IngestPlan::Complete { at: end.at };
    }
    // Its pod is read from another watch than its Job.
    if requeue::elapsed(end.at, seen.now) < REPORT_WITHIN {
        return IngestPlan::Watch;
    }
    let message = "the Job is complete, but its pod left no report; create another run";
    IngestPlan::Fail { reason: "ProbeUnaccounted".to_owned(), message: message.to_owned(), at: end.at }
}

/// The selection is done: start the work, if there is any.
fn go_on(spec: &IngestRunSpec, seen: &IngestObservation, selecting: &RunJob, end: &JobEnd) -> IngestPlan {
    let Some(records) = &seen.records else { return IngestPlan::Watch };
    let (Some(plan), Some(order)) = (&records.plan, &selecting.order) else {
        let message = "the selecting Job is complete, but left no record of its selection";
        return IngestPlan::Fail {
            reason: "PlanUnaccounted".to_owned(),
            message: message.to_owned(),
            at: end.at,
        };
    };
    if order.spec.dry_run || plan.files == 0 {
        return IngestPlan::Complete { at: end.at };
    }
    let parts = parts(plan, spec.parallelism);
    let step = RunStep::Work { files: plan.files, parts };
    let mut order = Box::new(RunOrder { step, ..order.clone() });
    // By this number its pods share the limit of units per second.
    order.spec.parallelism = spec.parallelism;
    IngestPlan::Work { order, parts, selected: plan.selected }
}

/// The number of parts into which the files of a manifest are split.
fn parts(plan: &PlanRecord, parallelism: i32) -> i32 {
    i32::try_from(plan.files.min(i64::from(parallelism) * PARTS_PER_POD)).unwrap_or(i32::MAX)
}

/// All pods succeeded. Their records tell whether the work is done.
fn judge(seen: &IngestObservation, end: &JobEnd) -> IngestPlan {
    let Some(records) = &seen.records else { return IngestPlan::Watch };
    let (finished, parts) = (totals(&records.parts).finished, seen.parts());
    if finished == parts {
        return IngestPlan::Complete { at: end.at };
    }
    let message = format!(
        "the Job is complete, but only {finished} of {parts} parts have a record of their completion"
    );
    IngestPlan::Fail { reason: "PartsUnaccounted".to_owned(), message, at: end.at }
}

fn fail(step: &RunJob, end: &JobEnd) -> IngestPlan {
    let message = match &step.trouble {
        Some(detail) => format!("{}: {detail}", end.message),
        None => end.message.clone(),
    };
    let reason = if end.reason.is_empty() { "JobFailed".to_owned() } else { end.reason.clone() };
    IngestPlan::Fail { reason, message, at: end.at }
}
