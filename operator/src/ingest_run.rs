//! `IngestRun`: where a selection becomes a Job that plans it and a Job whose pods share the work.
//!
//! A pass observes (`observe`: I/O), plans (`plan`: pure), applies (`apply.rs`), and states what it found (`status`:
//! pure). What the run works with, the source's spec first of all, is kept in its Jobs' own work orders, so that it
//! stays the same whatever happens to the source or to the operator.

mod job;
mod observation;
mod observe;
mod plan;
mod records;
mod start;
mod status;
#[cfg(test)]
mod tests;

pub use start::POLL;
pub use status::remaining;

use std::sync::Arc;
use std::time::Duration;

use docmill_crds::{IngestRun, IngestRunStatus};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use plan::Plan;

use crate::apply::ApplyError;
use crate::context::Context;
use crate::metrics::Kind;
use crate::not_ready::NotReady;
use crate::run_view;

/// One pass over a run.
pub async fn reconcile(
    guard: Arc<DeserializeGuard<IngestRun>>,
    context: Arc<Context>,
) -> Result<Action, ApplyError> {
    let run = match &guard.0 {
        Ok(run) => run,
        Err(error) => {
            let name = guard.name_any();
            tracing::warn!(%error, name, "an IngestRun cannot be read; it was made with another schema");
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

    // 1. Observe: the source, the stores, the run's Jobs, their records.
    let mut seen = observe::observe(run, &context).await;

    // 2. Plan: select, work, wait, or end.
    let mut plan = plan::plan(&seen);

    // 3. Apply: create a Job. What stands in the way is a matter of the status.
    if let Err(fault) = apply(run, &plan, &context).await? {
        plan = if seen.started() { Plan::Watch } else { Plan::Wait };
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
async fn apply(run: &IngestRun, plan: &Plan, context: &Context) -> Result<Result<(), NotReady>, ApplyError> {
    match plan {
        Plan::Select(order) => {
            context.create_job(Kind::IngestRun, job::plan_job(run, order, &context.image)).await
        }
        Plan::Work { order, parts, .. } => {
            context.create_job(Kind::IngestRun, job::work_job(run, order, *parts, &context.image)).await
        }
        Plan::Wait | Plan::Watch | Plan::Complete { .. } | Plan::Fail { .. } => Ok(Ok(())),
    }
}

fn next(run: &IngestRun, seen: &observation::Observation, new: &IngestRunStatus) -> Action {
    if run_view::has_ended(&new.conditions) {
        return match run.spec.ttl_seconds_after_finished {
            Some(_) => Action::requeue(Duration::from_secs(1)),
            None => Action::await_change(),
        };
    }
    Action::requeue(status::look_again(&run.uid().unwrap_or_default(), seen, new))
}

/// Deletes an ended run when its time has come.
async fn expire(run: &IngestRun, context: &Context) -> Result<Action, ApplyError> {
    let ended = run.status.as_ref().and_then(|status| status.completion_time.as_ref()).map(|time| time.0);
    match run_view::time_left(ended, run.spec.ttl_seconds_after_finished, Timestamp::now()) {
        None => Ok(Action::await_change()),
        Some(Duration::ZERO) => {
            context.writer.delete(run).await?;
            Ok(Action::await_change())
        }
        Some(left) => Ok(Action::requeue(left)),
    }
}
