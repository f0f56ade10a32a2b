//! Observes a source: its spec, the stores, the queue, the ledger, its workers.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use docmill_clients::aws::StoreError;
use docmill_crds::IngestSource;
use docmill_crds::api::ingest_source::Index;
use docmill_crds::contract::{IngestOrder, WorkOrder, label};
use docmill_crds::records::units::units_index;
use docmill_crds::template::Template;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::client_cache::StoreClients;
use super::context::SourceContext;
use super::observation::{LedgerCounts, QueueCounts, SourceObservation, ledger_query, read_ledger};
use super::plan::{active_count, latest_failure};
use super::{poll, shared_queue, worker};
use crate::circuit_breaker::EndpointClient;
use crate::conditions::{self, condition_type};
use crate::not_ready::NotReady;
use crate::stores::{ask_elastic, ledger_cluster, queue_fault};
use crate::telemetry::metrics::{Metrics, Target};
use crate::workers::order::ingest_order;
use crate::workers::worker_pod::encode_order;
use crate::workers::worker_status;

/// Time limit for a queue to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Observes a source with the addresses of its connections; `connected` tells whether all of them are known. Also
/// returns the encoded work order for its workers.
pub async fn observe(
    source: &IngestSource,
    connected: Result<(), NotReady>,
    context: &SourceContext,
) -> (SourceObservation, String) {
    let (jobs, pods) = context.workers_of(source, label::SOURCE);
    let now = Timestamp::now();
    let mut seen = SourceObservation {
        now,
        ready: Ok(()),
        revision: None,
        has_queue: source.spec.trigger.sqs.is_some(),
        has_index: source.spec.index.is_some(),
        queue: None,
        poll_runs: poll::read(source, &context.poll_runs.state()),
        ledger: None,
        workers: worker::read(&jobs, &pods, now),
        throttled_by: source.status.as_ref().and_then(|status| throttled_by(&status.conditions)),
    };
    let urls = worker::urls(&seen.workers, &pods);
    for (position, status) in worker_status::ask(urls, &context.worker_http, &context.metrics).await {
        seen.workers[position].status = Some(status);
    }
    let order = match look(source, connected, context, &mut seen).await {
        Ok(order) => order,
        Err(fault) => {
            seen.ready = Err(fault);
            String::new()
        }
    };
    (seen, order)
}

async fn look(
    source: &IngestSource,
    connected: Result<(), NotReady>,
    context: &SourceContext,
    seen: &mut SourceObservation,
) -> Result<String, NotReady> {
    let order = ingest_order(source, &context.cluster_uid);
    let checked = check_spec(source, order.clone());
    if let Ok((revision, _)) = &checked {
        seen.revision = Some(revision.clone());
    }
    let (_, encoded) = checked?;
    connected?;
    let template = &source.spec.workers.pod_template;
    context.reader.rules.pods.check("spec.workers.podTemplate", template)?;
    let metrics = &context.metrics;
    let conditions = source.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let endpoint_client = context.endpoint_client(source, conditions);
    let clients = context
        .clients
        .reach(&context.reader, source, &order, in_trouble(seen), &endpoint_client, metrics)
        .await?;
    if seen.has_queue {
        metrics.request(Target::Queue);
    }
    let queue = queue_counts(source, &clients, &endpoint_client).await;
    let is_idle = queue.as_ref().is_ok_and(|queue| queue.is_none_or(|queue| queue.pending() == 0));
    let busy = !is_idle
        || active_count(&seen.workers) > 0
        || seen.poll_runs.iter().any(|run| run.complete.is_none());
    let ledger = remembered_counts(source, &clients, busy, &endpoint_client, metrics).await;
    seen.queue = queue.as_ref().ok().copied().flatten();
    seen.ledger = ledger.as_ref().ok().cloned();
    // Its Secret may have changed.
    let forget = |_: &NotReady| context.clients.forget(&source.uid().unwrap_or_default());
    queue.map(drop).inspect_err(forget)?;
    // After the queue, so that its result also implies that the queue was reached.
    shared_queue::check(source, &context.sources.state(), |source| context.connections.queue_url(source))?;
    ledger.map(drop).inspect_err(forget)?;
    Ok(encoded)
}

/// Whether workers fail, wait for a store, or do not start: the cause is likely to be visible from here.
fn in_trouble(seen: &SourceObservation) -> bool {
    let workers = &seen.workers;
    let is_late = workers.iter().any(|worker| worker.late);
    let has_store_problem = worker::worker_statuses(workers).any(|status| !status.store_problems.is_empty());
    is_late || latest_failure(workers).is_some() || has_store_problem
}

/// What follows from the spec alone: the revision of its conversion, and the encoded work order.
fn check_spec(source: &IngestSource, order: IngestOrder) -> Result<(String, String), NotReady> {
    let spec = &source.spec;
    let revision = spec
        .conversion
        .revision()
        .map_err(|error| NotReady::user("InvalidConversion", format!("spec.conversion: {error}")))?;
    let templates = |index: &Index| [("name", index.name.clone()), ("id", index.id.clone())];
    for (field, text) in spec.index.as_ref().into_iter().flat_map(templates) {
        Template::parse(&text)
            .map_err(|error| NotReady::user("InvalidTemplate", format!("spec.index.{field}: {error}")))?;
    }
    if let Some(Err(error)) = spec.index.as_ref().map(|index| index.window.first_day()) {
        return Err(NotReady::user("InvalidTemplate", format!("spec.index.window.from: {error}")));
    }
    Ok((revision, encode_order(&WorkOrder::Ingest(Box::new(order)))?))
}

/// The counts of the queue; `None` if the source has none.
async fn queue_counts(
    source: &IngestSource,
    clients: &StoreClients,
    endpoint_client: &EndpointClient,
) -> Result<Option<QueueCounts>, NotReady> {
    let (Some(url), Some(sqs)) = (source.spec.trigger.queue_url(), &clients.sqs) else { return Ok(None) };
    let request = sqs
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(Attribute::ApproximateNumberOfMessages)
        .attribute_names(Attribute::ApproximateNumberOfMessagesNotVisible)
        .attribute_names(Attribute::ApproximateNumberOfMessagesDelayed);
    let timeout_fault = NotReady::transient("QueueUnreachable", format!("the queue {url} does not answer"));
    let request = async {
        let fault = |error| queue_fault(&StoreError::from_sdk(format!("check the queue {url}"), &error));
        request.send().await.map_err(fault)
    };
    let answer = endpoint_client.ask(url, TIMEOUT, timeout_fault, request).await?;
    let attributes = answer.attributes.unwrap_or_default();
    let count = |name| attributes.get(&name).and_then(|text| text.parse().ok()).unwrap_or(0_i64);
    Ok(Some(QueueCounts {
        waiting: count(Attribute::ApproximateNumberOfMessages),
        in_hand: count(Attribute::ApproximateNumberOfMessagesNotVisible),
        delayed: count(Attribute::ApproximateNumberOfMessagesDelayed),
    }))
}

/// The counts of the ledger, or the last ones if nothing has happened since.
async fn remembered_counts(
    source: &IngestSource,
    clients: &StoreClients,
    busy: bool,
    endpoint_client: &EndpointClient,
    metrics: &Metrics,
) -> Result<LedgerCounts, NotReady> {
    let memory = || clients.ledger_memory.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = memory().known(busy, Instant::now()) {
        return Ok(known);
    }
    metrics.request(Target::Elasticsearch);
    let requested_at = Instant::now();
    let counts = ledger_counts(source, clients, endpoint_client).await?;
    memory().remember(counts.clone(), requested_at);
    Ok(counts)
}

/// What throttled the workers, according to the status.
fn throttled_by(conditions: &[Condition]) -> Option<String> {
    let throttled = conditions::find(conditions, condition_type::THROTTLED)?;
    (throttled.status == "True").then(|| throttled.reason.clone())
}

async fn ledger_counts(
    source: &IngestSource,
    clients: &StoreClients,
    endpoint_client: &EndpointClient,
) -> Result<LedgerCounts, NotReady> {
    let cluster = ledger_cluster(&source.spec)?;
    let index = units_index(&source.namespace().unwrap_or_default(), &source.name_any());
    let query = ledger_query();
    let answer = ask_elastic(endpoint_client, cluster, clients.ledger_cluster.search(&index, &query)).await?;
    Ok(read_ledger(&answer))
}
