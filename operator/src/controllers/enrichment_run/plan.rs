//! What to do for a run now. Pure: the same observation yields the same plan.

use docmill_crds::EnrichmentRunSpec;
use docmill_crds::api::enrichment_run::{Bounds, EnrichmentMode};
use docmill_crds::contract::StopReason;
use docmill_crds::records::enrichments::pipeline_digest;
use docmill_crds::untrusted_text::sentence;
use k8s_openapi::jiff::Timestamp;

use super::observation::{EnrichmentJob, EnrichmentObservation, Selection};
use super::records::{EnrichmentTotals, totals};
use crate::controllers::run_job::{JobChange, Suspension};
use crate::workers::pod_state::JobEnd;

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum EnrichmentPlan {
    /// Nothing yet: something is missing, it is too early, or it is suspended.
    Wait,
    /// Create the Job that removes vectors of other models from the target.
    Clear(Box<Selection>),
    /// Create the Job.
    Start(Box<Selection>),
    /// A Job is running or suspended, as it should be.
    Watch,
    /// Suspend or resume that Job, or change the number of its pods.
    Change(JobChange),
    /// Everything was processed: store the watermark, then report completion.
    Complete {
        /// The watermark to store; `None` if the run did not process everything before its upper bound.
        watermark: Option<Watermark>,
        /// The bounds that were processed.
        bounds: Bounds,
        /// When the last of it was finished.
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

/// The watermark: until when a target is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// Identifies source and target.
    pub target: String,
    /// Digest of the enrichment pipeline.
    pub pipeline_digest: String,
}

/// Plans what to do for a run.
pub fn plan(spec: &EnrichmentRunSpec, seen: &EnrichmentObservation) -> EnrichmentPlan {
    match (seen.current_job(), &seen.selection) {
        (Some(job), _) => match &job.end {
            None => attend(spec, seen, job),
            Some(end) if end.complete => judge(spec, seen, job, end),
            Some(end) => fail(seen, job, end),
        },
        (None, Some(selection)) if selection.slices.is_empty() => {
            let watermark = Watermark {
                target: selection.target.clone(),
                pipeline_digest: selection.pipeline_digest.clone(),
            };
            let watermark = completes(spec, false).then_some(watermark);
            EnrichmentPlan::Complete { watermark, bounds: selection.bounds.clone(), at: seen.now }
        }
        (None, Some(selection)) if selection.has_stale_vectors => clear(seen, selection),
        (None, Some(selection)) => EnrichmentPlan::Start(Box::new(selection.clone())),
        (None, None) => EnrichmentPlan::Wait,
    }
}

/// A Job has not ended: decides whether its pods should run, and how many.
fn attend(spec: &EnrichmentRunSpec, seen: &EnrichmentObservation, job: &EnrichmentJob) -> EnrichmentPlan {
    let suspend = suspension(spec, seen).is_some();
    let change = job.state.change(suspend, most_pods(spec, job), seen.ready.is_ok());
    change.map_or(EnrichmentPlan::Watch, EnrichmentPlan::Change)
}

/// How many pods a Job may have at a time. The order of its pods says among how many of them the limits of the
/// models are divided.
fn most_pods(spec: &EnrichmentRunSpec, job: &EnrichmentJob) -> i32 {
    let calls_models = spec.enrichers.iter().any(|enricher| enricher.builtin.is_none());
    match job.sharing_pods {
        Some(sharing_pods) if calls_models => spec.parallelism.min(sharing_pods),
        Some(_) => spec.parallelism,
        None => job.state.parallelism,
    }
}

/// Why a run should be suspended: by its spec, or because its current budget is exhausted.
pub fn suspension(spec: &EnrichmentRunSpec, seen: &EnrichmentObservation) -> Option<Suspension> {
    if spec.suspend {
        return Some(Suspension::BySpec);
    }
    let mut records = seen.records.iter().flatten();
    records
        .any(|record| record.exhausted.is_some() && record.exhausted == spec.budget)
        .then_some(Suspension::ByBudget)
}

fn clear(seen: &EnrichmentObservation, selection: &Selection) -> EnrichmentPlan {
    match seen.clearing.as_ref().and_then(|clearing| Some((clearing, clearing.end.as_ref()?))) {
        None => EnrichmentPlan::Clear(Box::new(selection.clone())),
        Some((clearing, end)) if !end.complete => fail(seen, clearing, end),
        Some((_, end)) => EnrichmentPlan::Fail {
            reason: "VectorsOfOthers".to_owned(),
            message:
                "vectors of another model appeared in the target after the existing ones had been removed; \
                      find out what else writes there, then create another run"
                    .to_owned(),
            at: end.at,
        },
    }
}

/// All pods succeeded. Their records tell whether the work is done.
fn judge(
    spec: &EnrichmentRunSpec,
    seen: &EnrichmentObservation,
    job: &EnrichmentJob,
    end: &JobEnd,
) -> EnrichmentPlan {
    let Some(records) = &seen.records else { return EnrichmentPlan::Watch };
    let totals = totals(records, job.slices.len());
    let (Some(bounds), true) = (whole(&job.slices), totals.finished == job.slices.len()) else {
        let message = format!(
            "the Job is complete, but only {} of {} slices have a record of their completion",
            totals.finished,
            job.slices.len()
        );
        return EnrichmentPlan::Fail { reason: "SlicesUnaccounted".to_owned(), message, at: end.at };
    };
    let watermark =
        Watermark { target: job.target.clone(), pipeline_digest: pipeline_digest(spec, &job.versions) };
    let watermark = completes(spec, totals.cut_short).then_some(watermark);
    EnrichmentPlan::Complete { watermark, bounds, at: end.at }
}

/// Whether a completed run has processed everything before its upper bound.
fn completes(spec: &EnrichmentRunSpec, cut_short: bool) -> bool {
    spec.mode == EnrichmentMode::Enrich && !spec.dry_run && !cut_short && spec.select.takes_all_new()
}

fn fail(seen: &EnrichmentObservation, job: &EnrichmentJob, end: &JobEnd) -> EnrichmentPlan {
    let totals = seen.records.as_ref().map(|records| totals(records, job.slices.len())).unwrap_or_default();
    if let Some(change) = stopped_by_change(&totals, job) {
        return EnrichmentPlan::Fail {
            reason: "ModelChanged".to_owned(),
            message: sentence(&change),
            at: end.at,
        };
    }
    let message = match &job.trouble {
        Some(detail) => format!("{}: {detail}", end.message),
        None => end.message.clone(),
    };
    let reason = if end.reason.is_empty() { "JobFailed".to_owned() } else { end.reason.clone() };
    EnrichmentPlan::Fail { reason, message, at: end.at }
}

fn stopped_by_change(totals: &EnrichmentTotals, job: &EnrichmentJob) -> Option<String> {
    totals.model_changed.clone().filter(|_| job.stop_reason == Some(StopReason::ModelChanged))
}

/// The bounds that these slices cover.
pub fn whole(slices: &[Bounds]) -> Option<Bounds> {
    let (first, last) = (slices.first()?, slices.last()?);
    Some(Bounds { after: first.after.clone(), until: last.until.clone() })
}
