//! `EnrichmentRun`: a selection becomes one Job with a pod for each slice.
//! A reconcile observes (`observe`, `select`, `models`, `vectors`: I/O), plans (`plan`: pure), applies
//! (`k8s::apply`, `watermark`), and computes the status (`status`: pure). The selection is kept in the Job's
//! own work order, so it stays the same whatever happens to the operator.
mod conflicts;
mod connected;
mod job;
mod lineage;
mod models;
mod observation;
mod observe;
mod plan;
mod records;
mod select;
mod slices;
mod status;
#[cfg(test)]
pub mod tests;
mod vectors;
mod watermark;

use std::borrow::Cow;
use std::time::Duration;

use docmill_crds::{EnrichmentRun, EnrichmentRunStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt as _;

use super::run_controller::{Run, change_job};
use crate::context::Context;
use crate::k8s::apply::{ApplyError, Event};
use crate::outcome::not_ready::NotReady;
use crate::telemetry::metrics::Kind;
use crate::telemetry::open_lineage::JobRun;
use observation::EnrichmentObservation;
use plan::EnrichmentPlan;

impl Run for EnrichmentRun {
    type Status = EnrichmentRunStatus;
    type Observation = EnrichmentObservation;
    type Plan = EnrichmentPlan;

    fn old_status(&self) -> Option<&EnrichmentRunStatus> {
        self.status.as_ref()
    }

    fn ttl_seconds(&self) -> Option<i32> {
        self.spec.ttl_seconds_after_finished
    }

    fn active_deadline_seconds(&self) -> Option<i64> {
        self.spec.active_deadline_seconds
    }

    fn conditions(status: &EnrichmentRunStatus) -> &[Condition] {
        &status.conditions
    }

    fn start_time(status: &EnrichmentRunStatus) -> Option<&Time> {
        status.start_time.as_ref()
    }

    fn completion_time(status: &EnrichmentRunStatus) -> Option<&Time> {
        status.completion_time.as_ref()
    }

    fn resolve(&self, context: &Context) -> (Cow<'_, Self>, Result<(), NotReady>) {
        let (run, connected) = connected::resolve(self, context);
        (Cow::Owned(run), connected)
    }

    /// Observes what the run refers to, the clusters, its Job, and the records of its slices.
    async fn observe(&self, connected: Result<(), NotReady>, context: &Context) -> EnrichmentObservation {
        observe::observe(self, connected, context).await
    }

    fn plan(&self, seen: &EnrichmentObservation) -> EnrichmentPlan {
        plan::plan(&self.spec, seen)
    }

    async fn apply(
        &self,
        seen: &EnrichmentObservation,
        plan: &EnrichmentPlan,
        context: &Context,
    ) -> Result<Result<(), NotReady>, ApplyError> {
        carry_out(self, seen, plan, context).await
    }

    fn hold_up(seen: &mut EnrichmentObservation, fault: NotReady) -> EnrichmentPlan {
        let plan = if seen.current_job().is_some() { EnrichmentPlan::Watch } else { EnrichmentPlan::Wait };
        seen.ready = Err(fault);
        plan
    }

    fn status(
        &self,
        old: &EnrichmentRunStatus,
        seen: &EnrichmentObservation,
        plan: &EnrichmentPlan,
    ) -> EnrichmentRunStatus {
        status::status(old, self, seen, plan)
    }

    fn events(old: &EnrichmentRunStatus, new: &EnrichmentRunStatus, plan: &EnrichmentPlan) -> Vec<Event> {
        status::events(old, new, plan)
    }

    fn job_run(&self, seen: &EnrichmentObservation) -> Option<JobRun> {
        Some(lineage::job_run(self, seen.selection.as_ref().map(|selection| &selection.origin)))
    }

    fn requeue_after(&self, seen: &EnrichmentObservation, new: &EnrichmentRunStatus) -> Duration {
        let created = self.creation_timestamp().map_or(seen.now, |time| time.0);
        status::requeue_after(created, &self.uid().unwrap_or_default(), seen, new)
    }
}

/// Creates or changes the Job, and stores the watermark. The inner result is for the user.
async fn carry_out(
    run: &EnrichmentRun,
    seen: &EnrichmentObservation,
    plan: &EnrichmentPlan,
    context: &Context,
) -> Result<Result<(), NotReady>, ApplyError> {
    let starts = matches!(plan, EnrichmentPlan::Start(_) | EnrichmentPlan::Watch | EnrichmentPlan::Change(_));
    if starts && seen.limits != run.spec.budget && seen.ready.is_ok() {
        // Before any pod starts that has to respect it.
        if let Err(fault) = watermark::store_limits(run, context).await {
            return Ok(Err(fault));
        }
    }
    match plan {
        EnrichmentPlan::Start(selection) => {
            context
                .create_job(
                    Kind::EnrichmentRun,
                    job::job(run, selection, &context.cluster_uid, &context.image),
                )
                .await
        }
        EnrichmentPlan::Clear(selection) => {
            context
                .create_job(
                    Kind::EnrichmentRun,
                    job::clear_job(run, selection, &context.cluster_uid, &context.image),
                )
                .await
        }
        EnrichmentPlan::Change(change) => {
            let name = if seen.job.is_some() { job::enrich_name(run) } else { job::clear_name(run) };
            change_job(run, &name, *change, context).await
        }
        EnrichmentPlan::Complete { watermark: Some(watermark), bounds, .. } => {
            Ok(watermark::store_watermark(run, watermark, bounds, context).await)
        }
        EnrichmentPlan::Complete { watermark: None, .. }
        | EnrichmentPlan::Wait
        | EnrichmentPlan::Watch
        | EnrichmentPlan::Fail { .. } => Ok(Ok(())),
    }
}
