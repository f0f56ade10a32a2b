//! What is to be done for a run now. Pure: the same observation gives the same plan.

use docmill_crds::EnrichmentRunSpec;
use docmill_crds::api::enrichment_run::{Bounds, EnrichmentMode, Select};
use docmill_crds::contract::StopReason;
use docmill_crds::foreign::sentence;
use docmill_crds::records::enrichments::pipeline_digest;
use k8s_openapi::jiff::Timestamp;

use super::observation::{EnrichmentObservation, JobWork, Selection};
use super::records::{EnrichmentTotals, totals};
use crate::workers::pod_view::JobEnd;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum EnrichmentPlan {
    /// Nothing yet: something is missing, it is too early, or it is suspended.
    Wait,
    /// Create the Job that takes vectors of other models out of the target.
    Clear(Box<Selection>),
    /// Create the Job.
    Start(Box<Selection>),
    /// The Job is at work, or rests.
    Watch,
    /// End the pods of the Job, and keep it.
    Suspend,
    /// Have the Job go on.
    Resume,
    /// Everything was gone through: keep the bound, then say so.
    Complete {
        /// What is to be kept; nothing if the run did not see to everything before its bound.
        bound: Option<Kept>,
        /// What was gone through.
        bounds: Bounds,
        /// When the last of it was done.
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

/// Until when a target is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Names source and target.
    pub target: String,
    /// Names the way of enriching.
    pub pipeline_digest: String,
}

/// Plans.
pub fn plan(spec: &EnrichmentRunSpec, seen: &EnrichmentObservation) -> EnrichmentPlan {
    match (&seen.work, &seen.selection) {
        (Some(work), _) => match &work.end {
            None => attend(spec, seen, work),
            Some(end) if end.complete => judge(spec, seen, work, end),
            Some(end) => fail(seen, work, end),
        },
        (None, Some(selection)) if selection.slices.is_empty() => {
            let kept =
                Kept { target: selection.target.clone(), pipeline_digest: selection.pipeline_digest.clone() };
            let bound = completes(spec, false).then_some(kept);
            EnrichmentPlan::Complete { bound, bounds: selection.bounds.clone(), at: seen.now }
        }
        (None, Some(selection)) if selection.has_stale_vectors => clear(seen, selection),
        (None, Some(selection)) => EnrichmentPlan::Start(Box::new(selection.clone())),
        (None, None) => EnrichmentPlan::Wait,
    }
}

/// The Job has not ended: whether its pods are to run.
fn attend(spec: &EnrichmentRunSpec, seen: &EnrichmentObservation, work: &JobWork) -> EnrichmentPlan {
    match (rests(spec, seen), work.suspended) {
        (true, false) => EnrichmentPlan::Suspend,
        (false, true) if seen.ready.is_ok() => EnrichmentPlan::Resume,
        _ => EnrichmentPlan::Watch,
    }
}

/// Whether a run is to rest: because that is asked for, or because the budget as it is now is reached.
pub fn rests(spec: &EnrichmentRunSpec, seen: &EnrichmentObservation) -> bool {
    let records = seen.records.as_deref().unwrap_or_default();
    let reached =
        || records.iter().any(|record| record.exhausted.is_some() && record.exhausted == spec.budget);
    spec.suspend || reached()
}

fn clear(seen: &EnrichmentObservation, selection: &Selection) -> EnrichmentPlan {
    match seen.clearing.as_ref().map(|clearing| (clearing, &clearing.end)) {
        None => EnrichmentPlan::Clear(Box::new(selection.clone())),
        Some((_, None)) => EnrichmentPlan::Watch,
        Some((clearing, Some(end))) if !end.complete => fail(seen, clearing, end),
        Some((_, Some(end))) => EnrichmentPlan::Fail {
            reason: "VectorsOfOthers".to_owned(),
            message: "vectors of another model came into the target after those that were there had been taken out; \
                      see who else writes there, and run again"
                .to_owned(),
            at: end.at,
        },
    }
}

/// All pods ended well. Whether the work is done, their records tell.
fn judge(
    spec: &EnrichmentRunSpec,
    seen: &EnrichmentObservation,
    work: &JobWork,
    end: &JobEnd,
) -> EnrichmentPlan {
    let Some(records) = &seen.records else { return EnrichmentPlan::Watch };
    let totals = totals(records, work.slices.len());
    let (Some(bounds), true) = (whole(&work.slices), totals.finished == work.slices.len()) else {
        let message = format!(
            "the Job is complete, but only {} of {} slices have a record that says so",
            totals.finished,
            work.slices.len()
        );
        return EnrichmentPlan::Fail { reason: "SlicesUnaccounted".to_owned(), message, at: end.at };
    };
    let kept = Kept { target: work.target.clone(), pipeline_digest: pipeline_digest(spec, &work.versions) };
    let bound = completes(spec, totals.cut_short).then_some(kept);
    EnrichmentPlan::Complete { bound, bounds, at: end.at }
}

/// Whether everything before the upper bound is seen to when a run is complete.
fn completes(spec: &EnrichmentRunSpec, cut_short: bool) -> bool {
    spec.mode == EnrichmentMode::Enrich
        && !spec.dry_run
        && !cut_short
        && matches!(spec.select, Select::New | Select::All)
}

fn fail(seen: &EnrichmentObservation, work: &JobWork, end: &JobEnd) -> EnrichmentPlan {
    let totals = seen.records.as_ref().map(|records| totals(records, work.slices.len())).unwrap_or_default();
    if let Some(change) = stopped_by_change(&totals, work) {
        return EnrichmentPlan::Fail {
            reason: "ModelChanged".to_owned(),
            message: sentence(&change),
            at: end.at,
        };
    }
    let message = match &work.trouble {
        Some(detail) => format!("{}: {detail}", end.message),
        None => end.message.clone(),
    };
    let reason = if end.reason.is_empty() { "JobFailed".to_owned() } else { end.reason.clone() };
    EnrichmentPlan::Fail { reason, message, at: end.at }
}

fn stopped_by_change(totals: &EnrichmentTotals, work: &JobWork) -> Option<String> {
    totals.model_changed.clone().filter(|_| work.stop_reason == Some(StopReason::ModelChanged))
}

/// The bounds that were cut into these slices.
pub fn whole(slices: &[Bounds]) -> Option<Bounds> {
    let (first, last) = (slices.first()?, slices.last()?);
    Some(Bounds { after: first.after.clone(), until: last.until.clone() })
}
