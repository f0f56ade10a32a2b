//! `IngestSource`: where a backlog becomes worker Jobs.
//! A reconcile observes (`observe`: I/O), plans (`plan`: pure), applies (`k8s::apply`), and computes the
//! status (`status`: pure). It keeps no state: the next reconcile, or another operator, finds all it needs in
//! the cluster and the stores.
pub(crate) mod client_cache;
pub(super) mod context;
mod fair_share;
mod job;
mod ledger_memory;
mod observation;
mod observe;
mod plan;
mod poll;
mod rest;
mod shared_queue;
mod status;
#[cfg(test)]
pub mod tests;
mod worker;
mod worker_quota;

use std::sync::Arc;
use std::time::Duration;

use docmill_clients::cause::with_causes;
use docmill_crds::IngestSource;
use docmill_crds::contract::label;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;

use super::conversion_model::{has_changed, lookup};
use super::readable::readable;
use super::request_limits;
use crate::k8s::apply::{ApplyError, Created};
use crate::outcome::not_ready::NotReady;
use crate::telemetry::metrics::Kind;
use context::SourceContext;
use fair_share::WorkerDemand;
use observation::SourceObservation;
use plan::SourcePlan;
use poll::PollPlan;
use rest::pace::Pace;
use worker_quota::QuotaRequest;

/// Reconciles a source.
pub async fn reconcile(
    guard: Arc<DeserializeGuard<IngestSource>>,
    context: Arc<SourceContext>,
) -> Result<Action, ApplyError> {
    let Some(source) = readable(&guard, &context).await? else { return Ok(Action::await_change()) };
    let suspend = source.spec.suspend;
    let now = Timestamp::now();
    let pace = context.pacing.pace(&context.sources);
    let limits = request_limits::of_source(source, &context);
    // From here on, the source states what it refers to, and where its objects lie.
    let (source, connected) = context.connections.try_resolve(source);
    let source = &source;
    if let Some(left) = left_alone_for(source, &connected, &context, now, &pace) {
        return Ok(Action::requeue(left));
    }

    // 1. Observe: the connections, the spec, the stores, the queue, the ledger, the workers.
    let (seen, order) = observe::observe(source, connected, limits, &context, &pace).await;

    // 2. Plan: how many workers are desired, and which to start; this source's fair share of that; and
    // whether it is time to list the bucket.
    let plan = plan::plan(suspend, &source.spec.workers, &seen);
    let plan = limit(source, plan, &seen, &context);
    let polling = poll::plan(source, &seen.poll_runs, !suspend && seen.may_poll(), seen.now);

    // 3. Apply: create Jobs and runs; delete the Jobs of workers that have to stop.
    let started = match apply(source, &plan, &order, &context).await {
        Ok(started) => poll(&polling, &context).await.map(|()| started),
        Err(error) => Err(error),
    };

    // 4. Status, also if not every Job could be created.
    let old = source.status.clone().unwrap_or_default();
    let refused = started.as_ref().err().map(|error| with_causes(error));
    let new = status::status(&old, suspend, source.metadata.generation, &seen, &plan, refused.as_deref());
    context.writer.set_status(source, source.status.as_ref(), &new).await?;
    let count = started.as_ref().copied().unwrap_or(0);
    for event in status::events(&old, &new).iter().chain(&status::started(count, &plan)) {
        context.writer.publish(source, event).await;
    }
    let uid = source.uid().unwrap_or_default();
    if suspend {
        context.resting.looked_at(&uid, now);
        context.clients.rest(&uid, &pace);
    }
    started?;
    let after = status::requeue_after(suspend, &uid, &seen, &new, &pace);
    let may_poll = !suspend && seen.may_poll();
    let due = poll::due_in(source, &seen.poll_runs, seen.now).filter(|_| may_poll);
    Ok(Action::requeue(due.map_or(after, |due| due.min(after))))
}

/// How long a suspended source may be left alone: as [`rest`] says, once nothing of it runs any more, and as long as
/// the model and the connections that it refers to stay the same.
fn left_alone_for(
    source: &IngestSource,
    connected: &Result<Option<String>, NotReady>,
    context: &SourceContext,
    now: Timestamp,
    pace: &Pace,
) -> Option<Duration> {
    let left = context.resting.left_alone_for(source, now, pace.suspended)?;
    let digest = source.status.as_ref().and_then(|status| status.connections_digest.as_ref());
    if connected.as_ref().ok().and_then(Option::as_ref) != digest {
        return None;
    }
    if lookup::viewed(source, context).is_some_and(|model| has_changed(source, &model)) {
        return None;
    }
    let (jobs, pods) = context.workers_of(source, label::SOURCE);
    let polls = poll::read(source, &context.ingest_runs.state());
    let is_over = jobs.is_empty() && pods.is_empty() && polls.iter().all(|run| run.complete.is_some());
    is_over.then_some(left)
}

/// Limits a plan to the source's fair share.
fn limit(
    source: &IngestSource,
    plan: SourcePlan,
    seen: &SourceObservation,
    context: &SourceContext,
) -> SourcePlan {
    let namespace = source.namespace().unwrap_or_default();
    let named = |job: &str| format!("{namespace}/{job}");
    let need = WorkerDemand {
        uid: source.uid().unwrap_or_default(),
        desired: plan.desired,
        active: plan::active_count(&seen.workers),
        last_start: seen.workers.iter().map(|worker| worker.created).max(),
    };
    let start = plan.start.iter().map(|start| (named(&job::name(source, start)), start.clone()));
    let staying = plan::candidates(&seen.workers).into_iter().filter(|stop| !plan.stop.contains(stop));
    let candidates = staying.map(|stop| (named(&stop.job), stop));
    let all = worker::of_all_sources(&context.jobs.state());
    let request = QuotaRequest {
        need,
        start: start.collect(),
        candidates: candidates.collect(),
        seen: &all,
        now: seen.now,
    };
    context.quota.limit(plan, request)
}

/// Carries out a plan. Returns the number of new workers.
async fn apply(
    source: &IngestSource,
    plan: &SourcePlan,
    order: &str,
    context: &SourceContext,
) -> Result<usize, ApplyError> {
    let namespace = source.namespace().unwrap_or_default();
    for stop in &plan.stop {
        context.writer.delete_job(&namespace, &stop.job, &stop.uid).await?;
    }
    let mut started = 0;
    for start in &plan.start {
        let job = job::job(source, start, order.to_owned(), &context.image);
        match context.writer.create(&job).await? {
            Created::Now => {
                context.metrics.job_created(Kind::IngestSource);
                started += 1;
            }
            Created::Before => {}
        }
    }
    Ok(started)
}

/// Creates the run that is due, and deletes runs beyond the history limits.
async fn poll(polling: &PollPlan, context: &SourceContext) -> Result<(), ApplyError> {
    if let Some(run) = &polling.start {
        context.writer.create(run).await?;
    }
    for run in &polling.delete {
        context.writer.delete(run).await?;
    }
    Ok(())
}
