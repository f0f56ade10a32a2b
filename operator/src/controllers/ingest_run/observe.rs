//! Observes a run: its source, the stores, its Jobs, the records of its pods.

use std::collections::BTreeMap;
use std::time::Duration;

use docmill_clients::aws::s3_client;
use docmill_clients::cause::with_causes;
use docmill_clients::elastic::ElasticError;
use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::contract::{EnrichedTarget, IngestOrder, RequestLimits, RunOrder, label};
use docmill_crds::records::runs::runs_index;
use docmill_crds::{IngestRun, IngestSource};
use futures::FutureExt as _;
use k8s_openapi::jiff::Timestamp;
use kube::{Api, Resource, ResourceExt as _};

use super::observation::{IngestObservation, RunRecords, step};
use super::{forget, job, records, start};
use crate::context::Context;
use crate::controllers::conversion_model::lookup;
use crate::controllers::request_limits;
use crate::index::check;
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::EndpointClient;
use crate::stores::{
    check_buckets, check_pod_secrets, connect_elastic, connect_source, elastic_fault, ledger_cluster,
    open_source, read_credentials, storage_secrets, store_fault,
};
use crate::workers::worker_status;

/// Time limit for one observation.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Where the template of a run's pods is.
const TEMPLATE: &str = "spec.workers.podTemplate of the source";

/// Observes a run.
pub async fn observe(run: &IngestRun, context: &Context) -> IngestObservation {
    let (jobs, pods) = context.workers_of(run, label::INGEST_RUN);
    let now = Timestamp::now();
    let named =
        |name: String| jobs.iter().find(|job| job.name_any() == name).map(|job| step(job, &pods, now));
    let mut seen = IngestObservation {
        now,
        ready: Ok(()),
        start: None,
        selecting: named(job::plan_name(run)),
        working: named(job::work_name(run)),
        records: None,
        worker_statuses: worker_status::of_pods(&pods, &context.worker_http, &context.metrics).await,
    };
    let conditions = run.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let endpoint_client = context.endpoint_client(run, conditions);
    let seconds = TIMEOUT.as_secs();
    let timeout_fault =
        NotReady::transient("TimedOut", format!("the stores did not answer within {seconds} s"));
    seen.ready = endpoint_client
        .look(run, TIMEOUT, timeout_fault, look(run, context, &endpoint_client, &mut seen).boxed())
        .await;
    seen
}

async fn look(
    run: &IngestRun,
    context: &Context,
    endpoint_client: &EndpointClient,
    seen: &mut IngestObservation,
) -> Result<(), NotReady> {
    let is_probe = run.spec.mode == IngestMode::Probe;
    if seen.started() && is_probe {
        return Ok(());
    }
    if seen.started() {
        let Some(order) = seen.order().cloned() else {
            let text =
                "the Job of this run has no work order that this operator can read; create the run again";
            return Err(NotReady::user("OrderUnreadable", text));
        };
        seen.records = Some(read_records(&order, seen, context, endpoint_client).await?);
        return Ok(());
    }
    let (source, limits) = source(run, context).await?;
    let (run, source) = with_models(run, source, context).await?;
    let mut order = start::order(&run, &source, &context.cluster_uid)?;
    order.ingest.limits = limits;
    if run.spec.mode == IngestMode::Forget {
        check_turn(&run, context)?;
        order.enriched = Box::pin(enriched(&source, context, endpoint_client)).await?;
    }
    if is_probe {
        // Whether the stores can be reached is what its pod finds out.
        Box::pin(may_start(&order.ingest, context)).await?;
    } else {
        Box::pin(reach(&order.ingest, context, endpoint_client)).await?;
    }
    seen.start = Some(order);
    Ok(())
}

/// Lets one erasure of a source go on at a time.
fn check_turn(run: &IngestRun, context: &Context) -> Result<(), NotReady> {
    let runs = context.metrics.resources.ingest_runs.state();
    let runs = runs.iter().filter_map(|run| run.0.as_ref().ok());
    let Some(other) = forget::in_progress(run, runs) else { return Ok(()) };
    let text =
        format!("the IngestRun {other:?} forgets documents of the same source; this one starts after it");
    Err(NotReady::transient("ForgetInProgress", text))
}

/// The clusters with enriched copies of the documents of a source. All of them have to be reachable: what is left in one
/// that is not would not be forgotten.
async fn enriched(
    source: &IngestSource,
    context: &Context,
    endpoint_client: &EndpointClient,
) -> Result<Vec<EnrichedTarget>, NotReady> {
    let namespace = source.namespace().unwrap_or_default();
    let resources = &context.metrics.resources;
    let (runs, schedules) = (resources.enrichment_runs.state(), resources.enrichment_schedules.state());
    let mut specs = Vec::new();
    for run in runs.iter().filter_map(|run| run.0.as_ref().ok()) {
        if run.namespace().as_ref() == Some(&namespace) {
            let resolved = context.connections.resolve(run).map_err(|fault| of_enrichment(run, &fault))?;
            specs.push(resolved.spec);
        }
    }
    for schedule in schedules.iter().filter_map(|schedule| schedule.0.as_ref().ok()) {
        if schedule.namespace().as_ref() == Some(&namespace) {
            let resolved = context.connections.resolve(schedule);
            let resolved = resolved.map_err(|fault| of_enrichment(schedule, &fault))?;
            specs.push(resolved.spec.run_template.spec);
        }
    }
    let targets = forget::targets(&specs, source);
    for target in &targets {
        connect_elastic(&context.reader, &namespace, &target.elasticsearch, endpoint_client).await?;
    }
    Ok(targets)
}

fn of_enrichment<K: Resource<DynamicType = ()>>(resource: &K, fault: &NotReady) -> NotReady {
    let message = format!("the {} {:?}: {}", K::kind(&()), resource.name_any(), fault.message);
    NotReady { message, ..*fault }
}

/// The source as it works, but for its model; and the limits of its connections.
async fn source(
    run: &IngestRun,
    context: &Context,
) -> Result<(IngestSource, BTreeMap<String, RequestLimits>), NotReady> {
    let name = &run.spec.source_ref.name;
    let namespace = run.namespace().unwrap_or_default();
    let sources = Api::<IngestSource>::namespaced(context.client.clone(), &namespace);
    let found = sources.get_opt(name).await.map_err(|error| {
        let text = format!("failed to read the IngestSource {name:?}: {}", with_causes(&error));
        NotReady::transient("SourceUnreadable", text)
    })?;
    let found = found.ok_or_else(|| {
        let text = format!(
            "spec.sourceRef: there is no IngestSource {name:?} in {namespace:?}; the run starts once it exists"
        );
        NotReady::user("SourceNotFound", text)
    })?;
    let limits = request_limits::of_source(&found, context);
    Ok((context.connections.resolve_source(&found)?, limits))
}

/// The run and its source with the models that they refer to in the place of the references. The order of the
/// run's Job keeps them, whatever becomes of the `ConversionModel`s.
async fn with_models(
    run: &IngestRun,
    mut source: IngestSource,
    context: &Context,
) -> Result<(IngestRun, IngestSource), NotReady> {
    let (mut run, namespace) = (run.clone(), run.namespace().unwrap_or_default());
    let place = format!("the IngestSource {:?}: spec.conversion", source.name_any());
    let model = lookup::live(&place, &source.spec.conversion, &namespace, context).await?;
    source.spec.conversion = model.unwrap_or(source.spec.conversion);
    if let Some(proposed) = run.spec.conversion {
        let model = lookup::live("spec.conversion", &proposed, &namespace, context).await?;
        run.spec.conversion = Some(model.unwrap_or(proposed));
    }
    Ok((run, source))
}

/// Checks that everything the pods of a run need exists before they start. The queue is not part of it.
async fn reach(
    order: &IngestOrder,
    context: &Context,
    endpoint_client: &EndpointClient,
) -> Result<(), NotReady> {
    let IngestOrder { namespace, spec, .. } = order;
    let (path, template) = (TEMPLATE, &spec.workers.pod_template);
    context.reader.rules.pods.check(path, template)?;
    let secrets = storage_secrets(&context.reader, namespace, &spec.storage).await?;
    let unusable = |error| store_fault(&error, "InvalidStorage", "correct spec.storage of the source");
    let s3 = s3_client(&spec.storage, &secrets).await.map_err(unusable)?;
    let (buckets, elastic) = tokio::join!(
        check_buckets(&s3, spec, endpoint_client),
        connect_source(&context.reader, order, endpoint_client),
    );
    let clusters = buckets.and(elastic)?;
    check::check(spec, clusters.index.as_ref(), endpoint_client).await?;
    check_pod_secrets(&context.reader, namespace, path, template).await
}

/// Checks that the pod of a probe may be created, and that it may use the Secrets that it mounts. No store is asked.
async fn may_start(order: &IngestOrder, context: &Context) -> Result<(), NotReady> {
    let IngestOrder { namespace, spec, .. } = order;
    let (reader, template) = (&context.reader, &spec.workers.pod_template);
    reader.rules.pods.check(TEMPLATE, template)?;
    storage_secrets(reader, namespace, &spec.storage).await?;
    read_credentials(reader, namespace, &spec.queue_credentials()).await?;
    open_source(reader, namespace, spec).await?;
    check_pod_secrets(reader, namespace, TEMPLATE, template).await
}

async fn read_records(
    order: &RunOrder,
    seen: &IngestObservation,
    context: &Context,
    endpoint_client: &EndpointClient,
) -> Result<RunRecords, NotReady> {
    let cluster = ledger_cluster(&order.ingest.spec)?;
    let namespace = &order.ingest.namespace;
    let index = runs_index(namespace, &order.ingest.source);
    let fault = |error: ElasticError| elastic_fault(cluster, &error);
    let elastic = connect_elastic(&context.reader, namespace, cluster, endpoint_client).await?;
    if seen.newest_job().is_some_and(|step| step.end.is_some()) {
        // The last records were written a moment ago, and determine how the run continues.
        elastic.refresh(&index).await.map_err(fault)?;
    }
    let query = records::query(&order.run_uid, seen.parts());
    Ok(records::read(&elastic.search(&index, &query).await.map_err(fault)?, seen.parts()))
}
