//! What a user sees of a run: status, Events, and when it is looked at again. Pure.

use std::time::Duration;

use docmill_crds::EnrichmentRunStatus;
use docmill_crds::enrichment_run::{Bounds, Phase};
use docmill_crds::error_class::ErrorClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use super::observation::Observation;
use super::plan::{Plan, whole};
use super::records::{Totals, totals};
use super::slices;
use crate::apply::Note;
use crate::conditions::{self, Statement, kind};
use crate::{run_view, schedule};

/// While pods work.
const BUSY: Duration = Duration::from_secs(2);

/// The status after a pass. What could not be observed stays as it was.
#[must_use]
pub fn status(
    old: &EnrichmentRunStatus,
    generation: Option<i64>,
    seen: &Observation,
    plan: &Plan,
) -> EnrichmentRunStatus {
    let slices = slices_of(seen, plan);
    let totals = counted(seen, plan);
    let start = start_time(old, seen, plan);
    let end = end_time(plan);
    let kept = |new: Option<i64>, old: Option<i64>| new.or(old);
    let count = |of: fn(&Totals) -> i64| totals.as_ref().map(of);
    EnrichmentRunStatus {
        observed_generation: generation,
        conditions: said(&old.conditions, generation, seen, plan, totals.as_ref()),
        phase: Some(phase(plan)),
        bounds: bounds_of(slices, plan).or_else(|| old.bounds.clone()),
        slices: slices.and_then(|slices| i32::try_from(slices.len()).ok()).or(old.slices),
        selected: kept(count(|totals| totals.selected), old.selected),
        done: kept(count(|totals| totals.done), old.done),
        cached: kept(count(|totals| totals.cached), old.cached),
        failed: kept(count(|totals| totals.failed), old.failed),
        calls: kept(count(|totals| totals.calls), old.calls),
        progress: totals.map(|totals| format!("{}%", totals.percent)).or_else(|| old.progress.clone()),
        duration: start.map(|start| run_view::duration(start, end.unwrap_or(seen.now))),
        start_time: start.map(Time),
        completion_time: end.map(Time),
    }
}

fn phase(plan: &Plan) -> Phase {
    match plan {
        Plan::Wait => Phase::Pending,
        Plan::Start(_) | Plan::Watch => Phase::Running,
        Plan::Complete { .. } => Phase::Complete,
        Plan::Fail { .. } => Phase::Failed,
    }
}

fn slices_of<'a>(seen: &'a Observation, plan: &'a Plan) -> Option<&'a [Bounds]> {
    match (&seen.work, plan) {
        (Some(work), _) => Some(&work.slices),
        (None, Plan::Start(selection)) => Some(&selection.slices),
        (None, Plan::Complete { .. }) => Some(&[]),
        (None, _) => None,
    }
}

fn bounds_of(slices: Option<&[Bounds]>, plan: &Plan) -> Option<Bounds> {
    match plan {
        Plan::Complete { bounds, .. } => Some(bounds.clone()),
        _ => whole(slices?),
    }
}

/// The counts, where they are known: from the records, or because there is nothing to count.
fn counted(seen: &Observation, plan: &Plan) -> Option<Totals> {
    match (&seen.work, plan) {
        (Some(work), _) => seen.records.as_ref().map(|records| totals(records, work.slices.len())),
        (None, Plan::Complete { .. }) => Some(Totals { percent: 100, ..Totals::default() }),
        (None, _) => None,
    }
}

fn start_time(old: &EnrichmentRunStatus, seen: &Observation, plan: &Plan) -> Option<Timestamp> {
    match (&seen.work, plan) {
        (Some(work), _) => Some(work.created),
        (None, Plan::Start(_) | Plan::Complete { .. }) => {
            Some(old.start_time.as_ref().map_or(seen.now, |time| time.0))
        }
        (None, _) => old.start_time.as_ref().map(|time| time.0),
    }
}

fn end_time(plan: &Plan) -> Option<Timestamp> {
    match plan {
        Plan::Complete { at, .. } | Plan::Fail { at, .. } => Some(*at),
        Plan::Wait | Plan::Start(_) | Plan::Watch => None,
    }
}

fn said(
    old: &[Condition],
    generation: Option<i64>,
    seen: &Observation,
    plan: &Plan,
    totals: Option<&Totals>,
) -> Vec<Condition> {
    let mut said = vec![match &seen.ready {
        Ok(()) => {
            Statement::new(kind::READY, true, "Reachable", "both clusters are there and can be reached")
        }
        Err(fault) => Statement::new(kind::READY, false, fault.reason, fault.message.clone()),
    }];
    match plan {
        Plan::Complete { .. } => said.push(Statement::new(
            kind::COMPLETE,
            true,
            "Enriched",
            totals.map_or_else(String::new, |totals| {
                format!(
                    "{} documents enriched, {} of them without a call to a model",
                    totals.done, totals.cached
                )
            }),
        )),
        Plan::Fail { reason, message, .. } => {
            said.push(Statement::new(kind::FAILED, true, reason.clone(), message.clone()));
        }
        Plan::Wait | Plan::Start(_) | Plan::Watch => {}
    }
    conditions::state(old, said, generation, seen.now)
}

/// What changed since the last pass that a person should read.
#[must_use]
pub fn notes(old: &EnrichmentRunStatus, new: &EnrichmentRunStatus, plan: &Plan) -> Vec<Note> {
    let mut notes = run_view::notes(&old.conditions, &new.conditions);
    if let Plan::Start(selection) = plan {
        let (documents, slices) = (selection.documents, selection.slices.len());
        let text = format!("going through {documents} documents in {slices} slices");
        notes.push(run_view::note(false, "Started", "StartJob", text));
    }
    notes
}

/// When a run that has not ended is looked at again.
#[must_use]
pub fn look_again(created: Timestamp, uid: &str, seen: &Observation, new: &EnrichmentRunStatus) -> Duration {
    if let Err(fault) = &seen.ready {
        let class = if seen.work.is_some() { ErrorClass::User } else { fault.class };
        return schedule::retry_after(conditions::since(&new.conditions, kind::READY), seen.now, class, uid);
    }
    let too_early = Duration::try_from(slices::until(created).duration_since(seen.now)).unwrap_or_default();
    match too_early {
        wait if seen.work.is_none() && !wait.is_zero() => wait + slices::SAFETY,
        _ => schedule::jitter(BUSY, uid, seen.now),
    }
}
