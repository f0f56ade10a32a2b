//! `EnrichmentRun`: where a selection becomes one Job with a pod for each slice.
//!
//! A pass observes (`observe`, `select`, `models`, `vectors`: I/O), plans (`plan`: pure), applies (`apply.rs`, `bound`), and
//! states what it found (`status`: pure). What was selected is kept in the Job's own work order, so that it stays the same
//! whatever happens to the operator.

mod bound;
mod job;
mod models;
mod observation;
mod observe;
mod others;
mod plan;
mod records;
mod select;
mod slices;
mod status;
#[cfg(test)]
pub mod tests;
mod vectors;

use std::sync::Arc;
use std::time::Duration;

use docmill_crds::EnrichmentRun;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use observation::Observation;
use plan::Plan;

use crate::apply::ApplyError;
use crate::context::Context;
use crate::metrics::Kind;
use crate::not_ready::NotReady;
use crate::run_view;
use crate::stores::with_causes;

/// One pass over a run.
pub async fn reconcile(
    guard: Arc<DeserializeGuard<EnrichmentRun>>,
    context: Arc<Context>,
) -> Result<Action, ApplyError> {
    let run = match &guard.0 {
        Ok(run) => run,
        Err(error) => {
            let name = guard.name_any();
            tracing::warn!(%error, name, "an EnrichmentRun cannot be read; it was made with another schema");
            return Ok(Action::await_change());
        }
    };
    // What it owns goes with it, by its owner references.
    if run.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    // A run that has ended is never taken up again.
    let old = run.status.clone().unwrap_or_default();
    if run_view::has_ended(&old.conditions) {
        return expire(run, &context).await;
    }

    // 1. Observe: what the run refers to, the clusters, its Job, the records of its slices.
    let mut seen = observe::observe(run, &context).await;

    // 2. Plan: start, wait, or end.
    let mut plan = plan::plan(&run.spec, &seen);

    // 3. Apply: create the Job, have it rest or go on; keep the bound of what is complete. What stands in the way is a
    //    matter of the status.
    if let Err(fault) = apply(run, &seen, &plan, &context).await? {
        plan = if seen.work.is_some() { Plan::Watch } else { Plan::Wait };
        seen.ready = Err(fault);
    }

    // 4. Status.
    let new = status::status(&old, run, &seen, &plan);
    context.writer.set_status(run, run.status.as_ref(), &new).await?;
    for note in status::notes(&old, &new, &plan) {
        context.writer.note(run, &note).await;
    }
    Ok(next(run, &seen, &new))
}

/// Carries a plan out. The inner result is what the user has to know.
async fn apply(
    run: &EnrichmentRun,
    seen: &Observation,
    plan: &Plan,
    context: &Context,
) -> Result<Result<(), NotReady>, ApplyError> {
    let starts = matches!(plan, Plan::Start(_) | Plan::Resume | Plan::Watch | Plan::Suspend);
    if starts && seen.limits != run.spec.budget && seen.ready.is_ok() {
        // Before any pod that is to keep to it.
        if let Err(fault) = bound::keep_limits(run, context).await {
            return Ok(Err(fault));
        }
    }
    match plan {
        Plan::Start(selection) => {
            context
                .create_job(Kind::EnrichmentRun, job::job(run, selection, &context.cluster, &context.image))
                .await
        }
        Plan::Clear(selection) => {
            context
                .create_job(
                    Kind::EnrichmentRun,
                    job::clear_job(run, selection, &context.cluster, &context.image),
                )
                .await
        }
        Plan::Suspend | Plan::Resume => {
            let namespace = run.namespace().unwrap_or_default();
            let suspend = *plan == Plan::Suspend;
            match context.writer.suspend_job(&namespace, &job::enrich_name(run), suspend).await {
                Err(ApplyError::NotLeading) => Err(ApplyError::NotLeading),
                Err(refusal) => Ok(Err(NotReady::user("JobRefused", with_causes(&refusal)))),
                Ok(()) => Ok(Ok(())),
            }
        }
        Plan::Complete { bound: Some(kept), bounds, .. } => Ok(bound::keep(run, kept, bounds, context).await),
        Plan::Complete { bound: None, .. } | Plan::Wait | Plan::Watch | Plan::Fail { .. } => Ok(Ok(())),
    }
}

fn next(run: &EnrichmentRun, seen: &Observation, new: &docmill_crds::EnrichmentRunStatus) -> Action {
    if run_view::has_ended(&new.conditions) {
        return match run.spec.ttl_seconds_after_finished {
            Some(_) => Action::requeue(Duration::from_secs(1)),
            None => Action::await_change(),
        };
    }
    let created = run.creation_timestamp().map_or(seen.now, |time| time.0);
    Action::requeue(status::look_again(created, &run.uid().unwrap_or_default(), seen, new))
}

/// Deletes an ended run when its time has come.
async fn expire(run: &EnrichmentRun, context: &Context) -> Result<Action, ApplyError> {
    let status = run.status.clone().unwrap_or_default();
    let ended = status.completion_time.map(|time| time.0);
    match run_view::time_left(ended, run.spec.ttl_seconds_after_finished, Timestamp::now()) {
        None => Ok(Action::await_change()),
        Some(Duration::ZERO) => {
            context.writer.delete(run).await?;
            Ok(Action::await_change())
        }
        Some(left) => Ok(Action::requeue(left)),
    }
}
