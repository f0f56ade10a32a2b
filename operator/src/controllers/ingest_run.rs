//! `IngestRun`: a selection becomes one Job that plans it, and one Job whose pods share the work.
//! A reconcile observes (`observe`: I/O), plans (`plan`: pure), applies (`k8s::apply`), and computes the
//! status (`status`: pure). The inputs of the run, above all the source's spec, are kept in the work orders
//! of its Jobs, so they stay the same whatever happens to the source or to the operator.

mod forget;
mod job;
mod lineage;
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

use std::borrow::Cow;
use std::time::Duration;

use docmill_crds::{IngestRun, IngestRunStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt as _;

use super::run_controller::{Run, change_job};
use crate::context::Context;
use crate::k8s::apply::{ApplyError, Event};
use crate::outcome::not_ready::NotReady;
use crate::telemetry::metrics::Kind;
use crate::telemetry::open_lineage::JobRun;
use observation::IngestObservation;
use plan::IngestPlan;

impl Run for IngestRun {
    type Status = IngestRunStatus;
    type Observation = IngestObservation;
    type Plan = IngestPlan;

    fn old_status(&self) -> Option<&IngestRunStatus> {
        self.status.as_ref()
    }

    fn ttl_seconds(&self) -> Option<i32> {
        self.spec.ttl_seconds_after_finished
    }

    fn active_deadline_seconds(&self) -> Option<i64> {
        self.spec.active_deadline_seconds
    }

    fn conditions(status: &IngestRunStatus) -> &[Condition] {
        &status.conditions
    }

    fn start_time(status: &IngestRunStatus) -> Option<&Time> {
        status.start_time.as_ref()
    }

    fn completion_time(status: &IngestRunStatus) -> Option<&Time> {
        status.completion_time.as_ref()
    }

    /// The run itself states no address: its source does, and is resolved when it is observed.
    fn resolve(&self, _: &Context) -> (Cow<'_, Self>, Result<(), NotReady>) {
        (Cow::Borrowed(self), Ok(()))
    }

    /// The source, the stores, the run's Jobs, their records.
    async fn observe(&self, _: Result<(), NotReady>, context: &Context) -> IngestObservation {
        // On the heap, since it is large.
        Box::pin(observe::observe(self, context)).await
    }

    fn plan(&self, seen: &IngestObservation) -> IngestPlan {
        plan::plan(&self.spec, seen)
    }

    async fn apply(
        &self,
        seen: &IngestObservation,
        plan: &IngestPlan,
        context: &Context,
    ) -> Result<Result<(), NotReady>, ApplyError> {
        let job = match plan {
            IngestPlan::Select(order) => job::plan_job(self, order, &context.image),
            IngestPlan::Work { order, parts, .. } => job::work_job(self, order, *parts, &context.image),
            IngestPlan::Change(change) => {
                let name = if seen.working.is_some() { job::work_name(self) } else { job::plan_name(self) };
                return change_job(self, &name, *change, context).await;
            }
            IngestPlan::Wait | IngestPlan::Watch | IngestPlan::Complete { .. } | IngestPlan::Fail { .. } => {
                return Ok(Ok(()));
            }
        };
        context.create_job(Kind::IngestRun, job).await
    }

    fn hold_up(seen: &mut IngestObservation, fault: NotReady) -> IngestPlan {
        let plan = if seen.started() { IngestPlan::Watch } else { IngestPlan::Wait };
        seen.ready = Err(fault);
        plan
    }

    fn status(&self, old: &IngestRunStatus, seen: &IngestObservation, plan: &IngestPlan) -> IngestRunStatus {
        status::status(old, self, seen, plan)
    }

    fn events(old: &IngestRunStatus, new: &IngestRunStatus, plan: &IngestPlan) -> Vec<Event> {
        status::events(old, new, plan)
    }

    fn job_run(&self, seen: &IngestObservation) -> Option<JobRun> {
        lineage::job_run(self, seen.order()?)
    }

    fn requeue_after(&self, seen: &IngestObservation, new: &IngestRunStatus) -> Duration {
        status::requeue_after(&self.uid().unwrap_or_default(), seen, new)
    }
}
