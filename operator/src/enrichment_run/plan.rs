//! What is to be done for a run now. Pure: the same observation gives the same plan.

use docmill_crds::enrichment_run::Bounds;
use k8s_openapi::jiff::Timestamp;

use super::observation::{Observation, Selection, Work};
use super::records::{Totals, totals};
use crate::pod_view::JobEnd;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Nothing yet: something is missing, or it is too early.
    Wait,
    /// Create the Job.
    Start(Selection),
    /// The Job is at work.
    Watch,
    /// Everything is enriched: keep the bound, then say so.
    Complete {
        /// Index, alias or pattern that was read.
        from_index: String,
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

/// Plans.
#[must_use]
pub fn plan(seen: &Observation) -> Plan {
    match (&seen.work, &seen.selection) {
        (Some(work), _) => match &work.end {
            None => Plan::Watch,
            Some(end) if end.complete => judge(seen, work, end),
            Some(end) => fail(seen, work, end),
        },
        (None, Some(selection)) if selection.slices.is_empty() => {
            let from_index = selection.origin.index.clone();
            Plan::Complete { from_index, bounds: selection.bounds.clone(), at: seen.now }
        }
        (None, Some(selection)) => Plan::Start(selection.clone()),
        (None, None) => Plan::Wait,
    }
}

/// All pods ended well. Whether the work is done, their records tell.
fn judge(seen: &Observation, work: &Work, end: &JobEnd) -> Plan {
    let Some(records) = &seen.records else { return Plan::Watch };
    let totals = totals(records, work.slices.len());
    let (Some(bounds), true) = (whole(&work.slices), totals.finished == work.slices.len()) else {
        let message = format!(
            "the Job is complete, but only {} of {} slices have a record that says so",
            totals.finished,
            work.slices.len()
        );
        return Plan::Fail { reason: "SlicesUnaccounted".to_owned(), message, at: end.at };
    };
    if totals.failed > 0 {
        return Plan::Fail { reason: "DocumentsFailed".to_owned(), message: refused(&totals), at: end.at };
    }
    Plan::Complete { from_index: work.from_index.clone(), bounds, at: end.at }
}

fn refused(totals: &Totals) -> String {
    let first = totals.first_failure.as_deref().unwrap_or("no reason was recorded");
    format!("{} of {} documents were refused; the first one: {first}", totals.failed, totals.selected)
}

fn fail(seen: &Observation, work: &Work, end: &JobEnd) -> Plan {
    let recorded = seen.records.as_ref().and_then(|records| totals(records, work.slices.len()).first_failure);
    let detail = work.trouble.clone().or(recorded);
    let message = match detail {
        Some(detail) => format!("{}: {detail}", end.message),
        None => end.message.clone(),
    };
    let reason = if end.reason.is_empty() { "JobFailed".to_owned() } else { end.reason.clone() };
    Plan::Fail { reason, message, at: end.at }
}

/// The bounds that were cut into these slices.
#[must_use]
pub fn whole(slices: &[Bounds]) -> Option<Bounds> {
    let (first, last) = (slices.first()?, slices.last()?);
    Some(Bounds { after: first.after.clone(), until: last.until.clone() })
}
