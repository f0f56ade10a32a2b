//! What a user sees of a run: status and Events. Also its requeue time. Pure.

use std::time::Duration;

use docmill_crds::api::enricher::{Enricher, Protocol};
use docmill_crds::api::enrichment_run::{Bounds, EnrichmentMode, EnrichmentPhase, ModelStatus};
use docmill_crds::error_class::ErrorClass;
use docmill_crds::records::enrichments::{Versions, enrichments_index};
use docmill_crds::untrusted_text::{sentence, version};
use docmill_crds::{EnrichmentRun, EnrichmentRunSpec, EnrichmentRunStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::observation::EnrichmentObservation;
use super::plan::{EnrichmentPlan, suspension, whole};
use super::records::{EnrichmentTotals, totals};
use super::slices;
use crate::controllers::run_job::{JobChange, Suspension};
use crate::controllers::run_status;
use crate::k8s::apply::Event;
use crate::outcome::conditions::{self, ConditionUpdate, condition_type};
use crate::outcome::requeue;

/// Requeue interval while pods run.
const BUSY: Duration = Duration::from_secs(2);

/// The status after a reconcile. What could not be observed stays unchanged.
pub fn status(
    old: &EnrichmentRunStatus,
    run: &EnrichmentRun,
    seen: &EnrichmentObservation,
    plan: &EnrichmentPlan,
) -> EnrichmentRunStatus {
    let generation = run.metadata.generation;
    let slices = slices_of(seen, plan);
    let totals = counted(seen, plan);
    let start = start_time(old, seen, plan);
    let end = end_time(plan);
    let count = |of: fn(&EnrichmentTotals) -> i64| totals.as_ref().map(of);
    let models = versions_of(seen, plan).map(|versions| models(&run.spec, versions));
    EnrichmentRunStatus {
        observed_generation: generation,
        conditions: all_conditions(&old.conditions, run, seen, plan, totals.as_ref()),
        phase: Some(phase(run, seen, plan)),
        bounds: bounds_of(slices, plan).or_else(|| old.bounds.clone()),
        slices: slices.and_then(|slices| i32::try_from(slices.len()).ok()).or(old.slices),
        selected: count(|totals| totals.selected).or(old.selected),
        done: count(|totals| totals.done).or(old.done),
        cached: count(|totals| totals.cached).or(old.cached),
        empty: count(|totals| totals.empty).or(old.empty),
        failed: count(|totals| totals.failed).or(old.failed),
        calls: count(|totals| totals.calls).or(old.calls),
        input_characters: count(|totals| totals.input_characters).or(old.input_characters),
        models: models.unwrap_or_else(|| old.models.clone()),
        comparison: totals
            .as_ref()
            .map_or_else(|| old.comparison.clone(), |totals| totals.comparison.clone()),
        report: report(run, plan).or_else(|| old.report.clone()),
        progress: totals.map(|totals| format!("{}%", totals.percent)).or_else(|| old.progress.clone()),
        duration: start.zip(end).map(|(start, end)| run_status::duration(start, end)),
        start_time: start.map(Time),
        completion_time: end.map(Time),
    }
}

fn phase(run: &EnrichmentRun, seen: &EnrichmentObservation, plan: &EnrichmentPlan) -> EnrichmentPhase {
    match plan {
        _ if is_suspended(run, seen, plan) => EnrichmentPhase::Suspended,
        EnrichmentPlan::Wait => EnrichmentPhase::Pending,
        EnrichmentPlan::Clear(_)
        | EnrichmentPlan::Start(_)
        | EnrichmentPlan::Watch
        | EnrichmentPlan::Change(_) => EnrichmentPhase::Running,
        EnrichmentPlan::Complete { .. } => EnrichmentPhase::Complete,
        EnrichmentPlan::Fail { .. } => EnrichmentPhase::Failed,
    }
}

/// Whether the run has no pods because it, or its Job, is suspended.
fn is_suspended(run: &EnrichmentRun, seen: &EnrichmentObservation, plan: &EnrichmentPlan) -> bool {
    let after = |change| seen.current_job().is_some_and(|job| job.state.suspended_after(change));
    match plan {
        EnrichmentPlan::Wait => run.spec.suspend,
        EnrichmentPlan::Watch => after(None),
        EnrichmentPlan::Change(change) => after(Some(*change)),
        EnrichmentPlan::Clear(_)
        | EnrichmentPlan::Start(_)
        | EnrichmentPlan::Complete { .. }
        | EnrichmentPlan::Fail { .. } => false,
    }
}

fn versions_of<'a>(seen: &'a EnrichmentObservation, plan: &'a EnrichmentPlan) -> Option<&'a Versions> {
    match (&seen.job, &seen.selection, plan) {
        (Some(job), _, _) => Some(&job.versions),
        (None, Some(selection), _) => Some(&selection.versions),
        (None, None, _) => None,
    }
}

fn models(spec: &EnrichmentRunSpec, versions: &Versions) -> Vec<ModelStatus> {
    let model = |enricher: &Enricher| {
        let protocol = enricher.protocol();
        let requested = protocol.and_then(Protocol::version).map(str::to_owned);
        ModelStatus {
            name: enricher.name.clone(),
            model: protocol.map_or_else(String::new, |protocol| protocol.model().to_owned()),
            version: versions.get(&enricher.name).map(|reported| version(reported).to_owned()).or(requested),
        }
    };
    spec.enrichers.iter().map(model).collect()
}

/// The location of the examples of a comparison.
fn report(run: &EnrichmentRun, plan: &EnrichmentPlan) -> Option<String> {
    if run.spec.mode != EnrichmentMode::Compare || !matches!(plan, EnrichmentPlan::Complete { .. }) {
        return None;
    }
    let index = enrichments_index(&run.namespace().unwrap_or_default());
    let uid = run.uid().unwrap_or_default();
    Some(format!("{index}/_search?q=kind:comparison AND run:{uid:?}"))
}

fn slices_of<'a>(seen: &'a EnrichmentObservation, plan: &'a EnrichmentPlan) -> Option<&'a [Bounds]> {
    match (&seen.job, plan) {
        (Some(job), _) => Some(&job.slices),
        (None, EnrichmentPlan::Start(selection)) => Some(&selection.slices),
        (None, EnrichmentPlan::Complete { .. }) => Some(&[]),
        (None, _) => None,
    }
}

fn bounds_of(slices: Option<&[Bounds]>, plan: &EnrichmentPlan) -> Option<Bounds> {
    match plan {
        EnrichmentPlan::Complete { bounds, .. } => Some(bounds.clone()),
        _ => whole(slices?),
    }
}

/// The counts, if they are known: from the records, or because there is nothing to count.
fn counted(seen: &EnrichmentObservation, plan: &EnrichmentPlan) -> Option<EnrichmentTotals> {
    match (&seen.job, plan) {
        (Some(job), _) => seen.records.as_ref().map(|records| totals(records, job.slices.len())),
        (None, EnrichmentPlan::Complete { .. }) => {
            Some(EnrichmentTotals { percent: 100, ..EnrichmentTotals::default() })
        }
        (None, _) => None,
    }
}

fn start_time(
    old: &EnrichmentRunStatus,
    seen: &EnrichmentObservation,
    plan: &EnrichmentPlan,
) -> Option<Timestamp> {
    match (&seen.job, plan) {
        (Some(job), _) => Some(job.created),
        (None, EnrichmentPlan::Start(_) | EnrichmentPlan::Complete { .. }) => {
            Some(old.start_time.as_ref().map_or(seen.now, |time| time.0))
        }
        (None, _) => old.start_time.as_ref().map(|time| time.0),
    }
}

fn end_time(plan: &EnrichmentPlan) -> Option<Timestamp> {
    match plan {
        EnrichmentPlan::Complete { at, .. } | EnrichmentPlan::Fail { at, .. } => Some(*at),
        _ => None,
    }
}

fn all_conditions(
    old: &[Condition],
    run: &EnrichmentRun,
    seen: &EnrichmentObservation,
    plan: &EnrichmentPlan,
    totals: Option<&EnrichmentTotals>,
) -> Vec<Condition> {
    let mut updates = vec![match &seen.ready {
        Ok(()) => ConditionUpdate::new(
            condition_type::READY,
            true,
            "Reachable",
            "clusters and models exist and are reachable",
        ),
        Err(fault) => ConditionUpdate::new(condition_type::READY, false, fault.reason, fault.message.clone()),
    }];
    if end_time(plan).is_none() {
        let by_other = || seen.current_job()?.state.suspension_by_other();
        let until_ready = || is_suspended(run, seen, plan).then_some(Suspension::UntilReady);
        let suspension = suspension(&run.spec, seen).or_else(by_other).or_else(until_ready);
        updates.extend(run_status::suspended(old, suspension));
    }
    let is_at_work = is_at_work(run, seen, plan);
    updates.extend(run_status::throttled(old, &seen.worker_statuses, is_at_work));
    let at_work = seen.current_job().filter(|_| is_at_work);
    updates.extend(
        at_work.and_then(|job| run_status::degraded(job.obstacle.as_deref(), job.trouble.as_deref())),
    );
    if let Some(change) = totals.and_then(|totals| totals.model_changed.clone()) {
        updates.push(ConditionUpdate::new(
            condition_type::MODEL_CHANGED,
            true,
            "VersionChanged",
            sentence(&change),
        ));
    }
    if let Some(totals) = totals.filter(|totals| totals.failed > 0) {
        updates.push(ConditionUpdate::new(
            condition_type::DOCUMENTS_FAILED,
            true,
            "Refused",
            refused(totals),
        ));
    }
    match plan {
        EnrichmentPlan::Complete { .. } => {
            let text = totals.map_or_else(String::new, |totals| outcome(run, totals));
            let reason = if run.spec.mode == EnrichmentMode::Compare { "Compared" } else { "Enriched" };
            let reason = if run.spec.dry_run { "Counted" } else { reason };
            updates.push(ConditionUpdate::new(condition_type::COMPLETE, true, reason, text));
        }
        EnrichmentPlan::Fail { reason, message, .. } => {
            updates.push(ConditionUpdate::new(condition_type::FAILED, true, reason.clone(), message.clone()));
        }
        _ => {}
    }
    conditions::build(old, updates, run.metadata.generation, seen.now)
}

fn is_at_work(run: &EnrichmentRun, seen: &EnrichmentObservation, plan: &EnrichmentPlan) -> bool {
    matches!(plan, EnrichmentPlan::Watch | EnrichmentPlan::Change(JobChange::Scale(_)))
        && !is_suspended(run, seen, plan)
}

fn refused(totals: &EnrichmentTotals) -> String {
    format!(
        "{} of {} documents failed; for the reasons, see the records of kind failure next to the enriched \
         documents",
        totals.failed, totals.selected
    )
}

fn outcome(run: &EnrichmentRun, totals: &EnrichmentTotals) -> String {
    if run.spec.dry_run {
        return format!(
            "{} documents would be enriched, {} of them without a call to a model; the others would take {} calls with \
             {} characters",
            totals.selected, totals.cached, totals.calls, totals.input_characters
        );
    }
    if run.spec.mode == EnrichmentMode::Compare {
        return format!("{} documents compared", totals.done);
    }
    let left = if totals.cut_short { "; maxDocuments is reached, the next run continues" } else { "" };
    format!(
        "{} documents enriched, {} of them without a call to a model, {} failed{left}",
        totals.done, totals.cached, totals.failed
    )
}

/// Events for the changes since the last reconcile that a person should see.
pub fn events(old: &EnrichmentRunStatus, new: &EnrichmentRunStatus, plan: &EnrichmentPlan) -> Vec<Event> {
    let mut events = run_status::events(&old.conditions, &new.conditions);
    match plan {
        EnrichmentPlan::Start(selection) => {
            let (documents, slices) = (selection.documents, selection.slices.len());
            let text = format!("processing {documents} documents in {slices} slices");
            events.push(run_status::event(false, "Started", "StartJob", text));
        }
        EnrichmentPlan::Clear(_) => {
            let text = "first removing vectors of another model from the target".to_owned();
            events.push(run_status::event(false, "Clearing", "StartJob", text));
        }
        EnrichmentPlan::Change(JobChange::Resume) => events.push(run_status::resumed()),
        EnrichmentPlan::Change(JobChange::Queue(1..)) => events.push(run_status::queued()),
        _ => {}
    }
    let watched = [
        (condition_type::MODEL_CHANGED, true, "Observe"),
        (condition_type::DOCUMENTS_FAILED, true, "Observe"),
    ];
    events.extend(run_status::became_true(&old.conditions, &new.conditions, &watched));
    events
}

/// When to requeue a run that has not ended.
pub fn requeue_after(
    created: Timestamp,
    uid: &str,
    seen: &EnrichmentObservation,
    new: &EnrichmentRunStatus,
) -> Duration {
    if let Err(fault) = &seen.ready {
        let class = if seen.job.is_some() { ErrorClass::User } else { fault.class };
        return requeue::retry_after(
            conditions::last_change(&new.conditions, condition_type::READY),
            seen.now,
            class,
            uid,
        );
    }
    let too_early = Duration::try_from(slices::until(created).duration_since(seen.now)).unwrap_or_default();
    match too_early {
        wait if seen.job.is_none() && !wait.is_zero() => wait + slices::SAFETY,
        _ => requeue::jitter(BUSY, uid, seen.now),
    }
}
