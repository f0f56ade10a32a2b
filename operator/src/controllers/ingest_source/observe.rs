//! Observes a source: its spec, the stores, the queue, the ledger, its workers.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use docmill_clients::aws::StoreError;
use docmill_clients::elastic::mapping::template_name;
use docmill_crds::api::ingest_source::Index;
use docmill_crds::contract::{IngestOrder, RequestLimits, WorkOrder, label};
use docmill_crds::records::applied_mapping::AppliedMapping;
use docmill_crds::records::units::units_index;
use docmill_crds::template::Template;
use docmill_crds::{IngestSource, IngestSourceStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::client_cache::{Checked, StoreClients};
use super::context::SourceContext;
use super::ledger_memory::LedgerMemory;
use super::observation::{
    LedgerCounts, QueueCounts, SourceObservation, ledger_query, read_count, read_ledger,
};
use super::plan::{active_count, latest_failure};
use super::rest::pace::Pace;
use super::{job, poll, shared_queue, worker};
use crate::controllers::conversion_model::{fault_place, lookup};
use crate::controllers::run_status::active_runs_of;
use crate::index::conflicts;
use crate::outcome::conditions::{self, condition_type};
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::EndpointClient;
use crate::stores::{ask_elastic, ledger_cluster, queue_fault};
use crate::telemetry::metrics::{Metrics, Target};
use crate::workers::order::ingest_order;
use crate::workers::worker_pod::encode_order;
use crate::workers::worker_status;

/// Time limit for a queue to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Observes a source with the addresses of its connections, by the pace of all sources. `connected` is the digest of what
/// its connections state, or why one cannot be used; `limits` are those of its connections. Also returns the encoded work
/// order for its workers.
pub async fn observe(
    source: &IngestSource,
    connected: Result<Option<String>, NotReady>,
    limits: BTreeMap<String, RequestLimits>,
    context: &SourceContext,
    pace: &Pace,
) -> (SourceObservation, String) {
    let (jobs, pods) = context.workers_of(source, label::SOURCE);
    let now = Timestamp::now();
    let mut seen = SourceObservation {
        now,
        ready: Ok(()),
        revision: None,
        bucket: Some(source.spec.raw.bucket.clone()).filter(|bucket| !bucket.is_empty()),
        connections_digest: connected.as_ref().ok().cloned().flatten(),
        has_queue: source.spec.trigger.sqs.is_some(),
        has_index: source.spec.index.is_some(),
        queue: None,
        poll_runs: poll::read(source, &context.ingest_runs.state()),
        ledger: None,
        mapping_conflicts: None,
        workers: worker::read(&jobs, &pods, now),
        throttled_by: source.status.as_ref().and_then(|status| throttled_by(&status.conditions)),
        known_rate: source.status.as_ref().and_then(known_rate),
    };
    let urls = worker::urls(&seen.workers, &pods);
    for (position, status) in worker_status::ask(urls, &context.worker_http, &context.metrics).await {
        seen.workers[position].status = Some(status);
    }
    let order = match look(source, connected.map(drop), limits, context, pace, &mut seen).await {
        Ok(order) => order,
        Err(fault) => {
            seen.ready = Err(fault);
            String::new()
        }
    };
    if seen.ready.is_ok() {
        for worker in &mut seen.workers {
            worker.outdated = job::is_outdated(worker, source, &context.image);
        }
    }
    (seen, order)
}

async fn look(
    source: &IngestSource,
    connected: Result<(), NotReady>,
    limits: BTreeMap<String, RequestLimits>,
    context: &SourceContext,
    pace: &Pace,
    seen: &mut SourceObservation,
) -> Result<String, NotReady> {
    let field = fault_place("spec.conversion", &source.spec.conversion);
    let stated = source;
    let with_model = lookup::with_model(source, context).await?;
    let source = &*with_model;
    let order = IngestOrder { limits, ..ingest_order(source, &context.cluster_uid) };
    let spec = check_spec(source, &field, order.clone());
    if let Ok((revision, _)) = &spec {
        seen.revision = Some(revision.clone());
    }
    let (_, encoded) = spec?;
    connected?;
    let template = &source.spec.workers.pod_template;
    context.reader.rules.pods.check("spec.workers.podTemplate", template)?;
    let metrics = &context.metrics;
    let conditions = source.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let endpoint_client = context.endpoint_client(source, conditions);
    let checked = Checked::of(stated, seen.connections_digest.as_deref(), in_trouble(seen), pace);
    // Without its model, another version of which needs no other clients.
    let clients =
        context.clients.reach(&context.reader, stated, &order, checked, &endpoint_client, metrics).await?;
    if seen.has_queue {
        metrics.request(Target::Queue);
    }
    let queue = queue_counts(source, &clients, &endpoint_client).await;
    let is_idle = queue.as_ref().is_ok_and(|queue| queue.is_none_or(|queue| queue.pending() == 0));
    let busy = !is_idle
        || active_count(&seen.workers) > 0
        // A run changes the ledger.
        || active_runs_of(source, &context.metrics.resources.ingest_runs.state()).next().is_some();
    let known = known_counts(&clients, busy, pace);
    let ledger = match known {
        Some(known) => Ok(known),
        None => ledger_counts(source, &clients, &endpoint_client, is_idle, metrics).await,
    };
    seen.queue = queue.as_ref().ok().copied().flatten();
    seen.ledger = ledger.as_ref().ok().cloned();
    seen.mapping_conflicts = mapping_conflicts(source, &clients, busy, &endpoint_client, metrics).await;
    // Its Secret may have changed.
    let forget = |_: &NotReady| context.clients.forget(&source.uid().unwrap_or_default());
    queue.map(drop).inspect_err(forget)?;
    // After the queue, so that its result also implies that the queue was reached.
    check_consumers(source, checked.was_ready, context)?;
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

/// What follows from the spec alone: the revision of its conversion, whose faults are at `place`, and the
/// encoded work order.
fn check_spec(source: &IngestSource, place: &str, order: IngestOrder) -> Result<(String, String), NotReady> {
    let spec = &source.spec;
    let revision = spec
        .conversion
        .revision()
        .map_err(|error| NotReady::user("InvalidConversion", format!("{place}: {error}")))?;
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

/// Checks that no other source takes from the queue of this one. A source that `was_ready` may go on for a few seconds
/// beside a new one, which takes nothing meanwhile, because it looks at all the others.
fn check_consumers(source: &IngestSource, was_ready: bool, context: &SourceContext) -> Result<(), NotReady> {
    let queue_url = |source: &IngestSource| context.connections.queue_url(source);
    let all = || context.sources.state();
    let Some(url) = queue_url(source) else { return Ok(()) };
    if was_ready && context.queue_consumers.has_one(&url, Instant::now(), all, queue_url) {
        return Ok(());
    }
    shared_queue::check(source, &all(), queue_url)
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
    let count = |name| attributes.get(&name).map_or(0, |text| read_count(text));
    Ok(Some(QueueCounts {
        waiting: count(Attribute::ApproximateNumberOfMessages),
        in_hand: count(Attribute::ApproximateNumberOfMessagesNotVisible),
        delayed: count(Attribute::ApproximateNumberOfMessagesDelayed),
    }))
}

/// The last counts of the ledger, if nothing has happened since.
fn known_counts(clients: &StoreClients, busy: bool, pace: &Pace) -> Option<LedgerCounts> {
    memory(clients).known(busy, pace.ledger, Instant::now())
}

fn memory(clients: &StoreClients) -> MutexGuard<'_, LedgerMemory> {
    clients.ledger_memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fields that existing indices map in another way, or what was read of them if no worker can have changed
/// it since; `None` if that is unknown.
async fn mapping_conflicts(
    source: &IngestSource,
    clients: &StoreClients,
    busy: bool,
    endpoint_client: &EndpointClient,
    metrics: &Metrics,
) -> Option<Vec<String>> {
    let memory = || clients.conflict_memory.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = memory().known(busy, Instant::now()) {
        return Some(known);
    }
    let spec = &source.spec;
    let (index, cluster, elastic) =
        (spec.index.as_ref()?, spec.index_cluster()?, clients.index_cluster.as_ref()?);
    let template = template_name(&index.pattern()?);
    let model = spec.conversion.resolve().ok()?;
    metrics.request(Target::Elasticsearch);
    let request = elastic.index_template_meta(&template);
    let meta = ask_elastic(endpoint_client, cluster, request).await.ok()?;
    let fields = conflicts::of_model(AppliedMapping::read(&meta), &model);
    memory().remember(fields.clone(), busy, Instant::now());
    Some(fields)
}

/// The throughput of one worker, according to the status.
fn known_rate(status: &IngestSourceStatus) -> Option<i32> {
    status.workers.as_ref()?.units_per_second
}

/// What throttled the workers, according to the status.
fn throttled_by(conditions: &[Condition]) -> Option<String> {
    let throttled = conditions::find(conditions, condition_type::THROTTLED)?;
    (throttled.status == "True").then(|| throttled.reason.clone())
}

/// Asks the ledger, together with other sources that ask the same cluster at this moment. While the queue has
/// something, the answer may be some seconds old; once it is empty (`is_idle`), the last records are made visible first,
/// so that the counts are complete when the work is.
async fn ledger_counts(
    source: &IngestSource,
    clients: &StoreClients,
    endpoint_client: &EndpointClient,
    is_idle: bool,
    metrics: &Metrics,
) -> Result<LedgerCounts, NotReady> {
    let cluster = ledger_cluster(&source.spec)?;
    let index = units_index(&source.namespace().unwrap_or_default(), &source.name_any());
    let query = ledger_query();
    let requested_at = Instant::now();
    let refreshes = is_idle && memory(clients).is_settling(requested_at);
    let asked = async {
        if refreshes {
            metrics.request(Target::Elasticsearch);
            clients.ledger_cluster.refresh(&index).await?;
        }
        clients.ledger_cluster.search_joined(&index, &query).await
    };
    let joined = ask_elastic(endpoint_client, cluster, asked).await;
    // A request is counted by the first of those that share it.
    let counts_request = match &joined {
        Ok(joined) => joined.is_first,
        Err(_) => true,
    };
    if counts_request {
        metrics.request(Target::Elasticsearch);
    }
    let counts = read_ledger(&joined?.answer);
    memory(clients).remember(counts.clone(), requested_at);
    Ok(counts)
}
