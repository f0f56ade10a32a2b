//! `IngestSchedule` and `EnrichmentSchedule`: scheduled times become runs, for both in the same way; the
//! differences are in `kind`.
//! A reconcile observes (`observe`: I/O), plans (`plan`: pure), applies (`k8s::apply`), and computes the
//! status (`status`: pure). What was done is known from the runs and from `status.lastScheduleTime`; the name
//! of a run follows from its time, so none is created twice.

mod kind;
mod observation;
mod observe;
mod plan;
mod run;
mod status;
#[cfg(test)]
pub mod tests;
mod times;

use std::sync::Arc;

use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;

use super::readable::readable;
use crate::context::{Context, or_refused};
use crate::k8s::apply::ApplyError;
use kind::ScheduleKind;
use plan::{Due, SchedulePlan};
use status::ApplyOutcome;

/// Reconciles a schedule.
pub async fn reconcile<S: ScheduleKind>(
    guard: Arc<DeserializeGuard<S>>,
    context: Arc<Context>,
) -> Result<Action, ApplyError> {
    let Some(schedule) = readable(&guard, &context).await? else { return Ok(Action::await_change()) };

    // 1. Observe and plan from the views. A plan that acts is computed again from the API server itself: a
    // view that lags might not show a running run, and a second one would start beside it.
    let (mut schedule, mut seen) = (schedule.clone(), observe::in_view(schedule, &context));
    let mut plan = plan::plan(&schedule, &seen);
    if plan.acts() {
        let Some(live) = observe::live(&schedule, &context).await? else { return Ok(Action::await_change()) };
        (schedule, seen) = live;
        plan = plan::plan(&schedule, &seen);
    }

    // 2. Apply: create the run that is due, or delete those that it replaces; delete what is beyond the
    // history.
    let outcome = apply(&schedule, &plan, &context).await?;

    // 3. Status.
    let new = status::status(&schedule, &seen, &plan, &outcome);
    context.writer.set_status(&schedule, schedule.status(), &new).await?;
    for event in status::events(&schedule, &new, &seen, &plan, &outcome) {
        context.writer.publish(&schedule, &event).await;
    }
    let pause = status::requeue_after(&schedule.uid().unwrap_or_default(), &seen, &new, &outcome);
    Ok(pause.map_or_else(Action::await_change, Action::requeue))
}

/// Carries out a plan.
async fn apply<S: ScheduleKind>(
    schedule: &S,
    plan: &SchedulePlan<S::Run>,
    context: &Context,
) -> Result<ApplyOutcome, ApplyError> {
    for run in &plan.outdated {
        context.writer.delete(run).await?;
    }
    match &plan.due {
        Due::Nothing | Due::Hold { .. } | Due::TooLate { .. } => {}
        Due::Replace { runs, .. } => {
            for run in runs {
                context.writer.delete_with_dependents(run).await?;
            }
        }
        Due::Create { time, .. } => {
            let run = run::run(schedule, *time);
            return Ok(match or_refused("FailedCreate", context.writer.create(&run).await)? {
                Ok(_) => ApplyOutcome { created_for: Some(*time), refused: None },
                Err(refused) => ApplyOutcome { created_for: None, refused: Some(refused) },
            });
        }
    }
    Ok(ApplyOutcome::default())
}
