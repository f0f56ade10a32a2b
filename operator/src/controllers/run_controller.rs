//! The controller of runs, the same for each kind: the differences are in the kind's own steps ([`Run`]).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use serde::Serialize;

use super::readable::readable;
use super::run_job::JobChange;
use super::run_status;
use crate::context::{Context, or_refused};
use crate::k8s::apply::{ApplyError, Event, Writable};
use crate::outcome::conditions::{self, condition_type};
use crate::outcome::not_ready::NotReady;
use crate::telemetry::open_lineage::{EventType, JobRun, RunEvent};

/// A kind of run, and the steps of its reconcile.
pub trait Run: Writable + Sync {
    /// Its status.
    type Status: Clone + Default + Serialize + Sync;
    /// What a reconcile observes.
    type Observation: Send + Sync;
    /// What to do about it.
    type Plan: Send + Sync;

    /// `status` of the resource.
    fn old_status(&self) -> Option<&Self::Status>;
    /// `spec.ttlSecondsAfterFinished`.
    fn ttl_seconds(&self) -> Option<i32>;
    /// `spec.activeDeadlineSeconds`.
    fn active_deadline_seconds(&self) -> Option<i64>;
    /// `status.conditions`.
    fn conditions(status: &Self::Status) -> &[Condition];
    /// `status.startTime`.
    fn start_time(status: &Self::Status) -> Option<&Time>;
    /// `status.completionTime`.
    fn completion_time(status: &Self::Status) -> Option<&Time>;

    /// The run with the addresses of the connections that it refers to; and if one cannot be used, the run as it is,
    /// and why.
    fn resolve(&self, context: &Context) -> (Cow<'_, Self>, Result<(), NotReady>);
    /// Observes what the run refers to, its Jobs and their records. `connected` tells whether all of its connections
    /// are known. Unreachable stores are part of the observation.
    fn observe(
        &self,
        connected: Result<(), NotReady>,
        context: &Context,
    ) -> impl Future<Output = Self::Observation> + Send;
    /// Decides: start, wait, or end.
    fn plan(&self, seen: &Self::Observation) -> Self::Plan;
    /// Carries out a plan. The inner result is for the user.
    fn apply(
        &self,
        seen: &Self::Observation,
        plan: &Self::Plan,
        context: &Context,
    ) -> impl Future<Output = Result<Result<(), NotReady>, ApplyError>> + Send;
    /// Adds the fault that prevents a plan to the observation. Returns the plan to follow meanwhile.
    fn hold_up(seen: &mut Self::Observation, fault: NotReady) -> Self::Plan;
    /// The new status.
    fn status(&self, old: &Self::Status, seen: &Self::Observation, plan: &Self::Plan) -> Self::Status;
    /// The Events to publish.
    fn events(old: &Self::Status, new: &Self::Status, plan: &Self::Plan) -> Vec<Event>;
    /// The run as lineage tells of it; `None` if there is nothing to tell, or not enough is known.
    fn job_run(&self, seen: &Self::Observation) -> Option<JobRun>;
    /// When to requeue a run that has not ended.
    fn requeue_after(&self, seen: &Self::Observation, new: &Self::Status) -> Duration;
}

/// Reconciles a run.
pub async fn reconcile<R: Run>(
    guard: Arc<DeserializeGuard<R>>,
    context: Arc<Context>,
) -> Result<Action, ApplyError> {
    let Some(run) = readable(&guard, &context).await? else { return Ok(Action::await_change()) };
    let old = run.old_status().cloned().unwrap_or_default();
    // A run that has ended is never resumed.
    if run_status::has_ended(R::conditions(&old)) {
        return expire(run, &old, &context).await;
    }

    // 1. Observe.
    let (run, connected) = run.resolve(&context);
    let run: &R = &run;
    let mut seen = run.observe(connected, &context).await;

    // 2. Plan.
    let mut plan = run.plan(&seen);

    // 3. Apply. A fault here goes into the status.
    if let Err(fault) = run.apply(&seen, &plan, &context).await? {
        plan = R::hold_up(&mut seen, fault);
    }

    // 4. Status.
    let new = run.status(&old, &seen, &plan);
    context.writer.set_status(run, run.old_status(), &new).await?;
    for event in R::events(&old, &new, &plan) {
        context.writer.publish(run, &event).await;
    }
    tell_lineage(run, (&old, &new), &seen, &context);
    if !run_status::has_ended(R::conditions(&new)) {
        return Ok(Action::requeue(run.requeue_after(&seen, &new)));
    }
    Ok(match run.ttl_seconds() {
        Some(_) => Action::requeue(Duration::from_secs(1)),
        None => Action::await_change(),
    })
}

/// Hands over what a system for lineage should know of the change of a status. It never waits.
fn tell_lineage<R: Run>(
    run: &R,
    (old, new): (&R::Status, &R::Status),
    seen: &R::Observation,
    context: &Context,
) {
    let Some(sender) = &context.lineage else { return };
    let started = R::start_time(new).filter(|_| R::start_time(old).is_none());
    let started = started.map(|time| (EventType::Start, time.0, None));
    let ended = run_status::outcome(R::conditions(new)).map(|is_complete| {
        let event_type = if is_complete { EventType::Complete } else { EventType::Fail };
        let failed = conditions::find(R::conditions(new), condition_type::FAILED).filter(|_| !is_complete);
        let error = failed.map(|failed| format!("{}: {}", failed.reason, failed.message));
        (event_type, R::completion_time(new).map_or_else(Timestamp::now, |time| time.0), error)
    });
    if started.is_none() && ended.is_none() {
        return;
    }
    let Some(job_run) = run.job_run(seen) else { return };
    for (event_type, time, error) in started.into_iter().chain(ended) {
        let run = run.uid().unwrap_or_default();
        sender.tell(&RunEvent { event_type, time, run, job_run: job_run.clone(), error });
    }
}

/// Changes the Job of this name, which is one of a run. The inner result is for the user.
pub async fn change_job<R: Run>(
    run: &R,
    name: &str,
    change: JobChange,
    context: &Context,
) -> Result<Result<(), NotReady>, ApplyError> {
    let namespace = run.namespace().unwrap_or_default();
    let writer = &context.writer;
    let changed = match change {
        JobChange::Suspend => writer.suspend_job(&namespace, name, true).await,
        JobChange::Resume => writer.suspend_job(&namespace, name, false).await,
        JobChange::Scale(pods) => writer.scale_job(&namespace, name, pods).await,
        JobChange::Queue(pods) => {
            // Without pods it may be resumed all the same, and its time must not run then.
            let deadline = run.active_deadline_seconds().filter(|_| pods > 0);
            writer.queue_job(&namespace, name, pods, deadline).await
        }
    };
    or_refused("JobRefused", changed)
}

/// Deletes an ended run when its TTL has expired.
async fn expire<R: Run>(run: &R, status: &R::Status, context: &Context) -> Result<Action, ApplyError> {
    let ended = R::completion_time(status).map(|time| time.0);
    match run_status::time_left(ended, run.ttl_seconds(), Timestamp::now()) {
        None => Ok(Action::await_change()),
        Some(Duration::ZERO) => {
            context.writer.delete(run).await?;
            Ok(Action::await_change())
        }
        Some(left) => Ok(Action::requeue(left)),
    }
}
