//! Observes a run: what it refers to, the clusters, its Job, the records of its slices.

use std::time::Duration;

use docmill_clients::cause::with_causes;
use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_crds::api::enricher::Enricher;
use docmill_crds::api::enrichment_run::Budget;
use docmill_crds::contract::label;
use docmill_crds::records::enrichments::{
    LimitsRecord, SliceRecord, enrichments, enrichments_index, limits_id,
};
use docmill_crds::records::own_index::Owner;
use docmill_crds::template::Template;
use docmill_crds::{EnrichmentRun, IngestSource};
use futures::FutureExt as _;
use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, ResourceExt as _};
use serde_json::Value;

use super::conflicts::in_the_way;
use super::job::{clear_name, enrich_name};
use super::observation::{EnrichmentJob, EnrichmentObservation, Origin, read_job};
use super::select::select;
use super::{connected, records, slices};
use crate::context::Context;
use crate::controllers::run_status;
use crate::index::check;
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::EndpointClient;
use crate::stores::{check_pod_secrets, claim_fault, connect_elastic, elastic_fault, read_credentials};
use crate::workers::worker_status;

/// Time limit for one observation.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Observes a run with the addresses of its connections; `connected` tells whether all of them are known.
pub async fn observe(
    run: &EnrichmentRun,
    connected: Result<(), NotReady>,
    context: &Context,
) -> EnrichmentObservation {
    let (jobs, pods) = context.workers_of(run, label::RUN);
    let now = Timestamp::now();
    let named =
        |name: &str| jobs.iter().find(|job| job.name_any() == name).map(|job| read_job(job, &pods, now));
    let (job, clearing) = (named(&enrich_name(run)), named(&clear_name(run)));
    let mut seen = EnrichmentObservation {
        now,
        ready: Ok(()),
        job,
        clearing,
        selection: None,
        records: None,
        limits: None,
        worker_statuses: worker_status::of_pods(&pods, &context.worker_http, &context.metrics).await,
    };
    let endpoint_client = endpoint_client(run, context);
    let seconds = TIMEOUT.as_secs();
    let timeout_fault =
        NotReady::transient("TimedOut", format!("the clusters did not answer within {seconds} s"));
    seen.ready = match connected {
        Ok(()) => {
            let looking = look(run, context, &endpoint_client, &mut seen).boxed();
            endpoint_client.look(run, TIMEOUT, timeout_fault, looking).await
        }
        Err(fault) => Err(fault),
    };
    seen
}

/// The client for the endpoints that a run names.
fn endpoint_client(run: &EnrichmentRun, context: &Context) -> EndpointClient {
    let conditions = run.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    context.endpoint_client(run, conditions)
}

async fn look(
    run: &EnrichmentRun,
    context: &Context,
    endpoint_client: &EndpointClient,
    seen: &mut EnrichmentObservation,
) -> Result<(), NotReady> {
    let target = connect_target(run, context).await?;
    check_owner(run, &target, context).await?;
    seen.limits = read_limits(run, &target).await?;
    if let Some(job) = &seen.job {
        seen.records = Some(read_records(run, &target, job).await?);
        return if job.state.is_suspended_by_run() { others(run, context).await } else { Ok(()) };
    }
    let (path, template) = ("spec.podTemplate", &run.spec.pod_template);
    context.reader.rules.pods.check(path, template)?;
    let origin = origin(run, context).await?;
    let namespace = run.namespace().unwrap_or_default();
    check_pod_secrets(&context.reader, &namespace, path, template).await?;
    let source = connect_elastic(&context.reader, &namespace, &origin.cluster, endpoint_client).await?;
    others(run, context).await?;
    check::check_target(&run.spec, &target, endpoint_client).await?;
    let created = run.creation_timestamp().map_or(seen.now, |time| time.0);
    if !run.spec.suspend && seen.now.duration_since(slices::until(created)) >= to_signed(slices::SAFETY) {
        seen.selection =
            Some(select(run, created, origin, &source, &target, context, endpoint_client).await?);
    }
    Ok(())
}

/// Connects to the cluster that the run writes to.
pub async fn connect_target(run: &EnrichmentRun, context: &Context) -> Result<Elastic, NotReady> {
    Template::parse(&run.spec.to.index.name)
        .map_err(|error| NotReady::user("InvalidTemplate", format!("spec.to.index.name: {error}")))?;
    if let Err(error) = run.spec.to.index.window.first_day() {
        return Err(NotReady::user("InvalidTemplate", format!("spec.to.index.window.from: {error}")));
    }
    for enricher in &run.spec.enrichers {
        enricher.check().map_err(|fault| {
            NotReady::user("InvalidEnricher", format!("spec.enrichers {:?}: {fault}", enricher.name))
        })?;
    }
    let namespace = run.namespace().unwrap_or_default();
    connect_elastic(&context.reader, &namespace, &run.spec.to.elasticsearch, &endpoint_client(run, context))
        .await
}

/// Checks that the enrichment records belong to this namespace, or are to be taken over.
async fn check_owner(run: &EnrichmentRun, target: &Elastic, context: &Context) -> Result<(), NotReady> {
    let namespace = run.namespace().unwrap_or_default();
    if run.spec.to.adopt {
        return Ok(());
    }
    let owner = Owner::of_enrichments(&context.cluster_uid, &namespace);
    let checked = target.check_owner(&[enrichments(&namespace)], &owner).await;
    checked.map_err(|error| claim_fault(&run.spec.to.elasticsearch, error))
}

/// Checks that no other run on the same target is in the way.
async fn others(run: &EnrichmentRun, context: &Context) -> Result<(), NotReady> {
    let namespace = run.namespace().unwrap_or_default();
    let runs = Api::<DeserializeGuard<EnrichmentRun>>::namespaced(context.client.clone(), &namespace);
    let found = runs.list(&ListParams::default()).await.map_err(|error| {
        NotReady::transient(
            "RunsUnreadable",
            format!("failed to list EnrichmentRuns: {}", with_causes(&error)),
        )
    })?;
    let has_ended = |run: &EnrichmentRun| {
        run.status.as_ref().is_some_and(|status| run_status::has_ended(&status.conditions))
    };
    let others = found.items.into_iter().filter_map(|run| run.0.ok()).filter(|run| !has_ended(run));
    let others: Vec<EnrichmentRun> = others.map(|other| connected::resolve(&other, context).0).collect();
    match in_the_way(run, &others) {
        None => Ok(()),
        Some(other) => {
            let text = format!(
                "the EnrichmentRun {:?} works on the same documents and target; this run continues when that one \
                 has ended",
                other.name_any()
            );
            Err(NotReady::user("OtherRunAtWork", text))
        }
    }
}

/// Where the documents come from.
async fn origin(run: &EnrichmentRun, context: &Context) -> Result<Origin, NotReady> {
    let from = &run.spec.from;
    let takes_objects = run.spec.enrichers.iter().any(Enricher::takes_objects);
    let mut origin = match (&from.elasticsearch, &from.index, &from.source_ref) {
        (Some(cluster), Some(index), _) => {
            Origin { cluster: cluster.clone(), index: index.name.clone(), storage: None }
        }
        (_, _, Some(named)) => Origin::of_source(&source(run, &named.name, context).await?)?,
        _ => {
            return Err(NotReady::user(
                "InvalidSpec",
                "spec.from: set sourceRef, or elasticsearch and index",
            ));
        }
    };
    origin.storage = from.storage.clone().or(origin.storage).filter(|_| takes_objects);
    if takes_objects && origin.storage.is_none() {
        let text = "spec.from.storage is required: an enricher takes raw objects, and without sourceRef it is not \
                    known how to reach their bucket";
        return Err(NotReady::user("InvalidSpec", text));
    }
    // The pods access the bucket, and mount these Secrets. The operator never accesses the bucket, so the pods
    // use their own identity.
    if let Some(storage) = &origin.storage {
        let namespace = run.namespace().unwrap_or_default();
        read_credentials(&context.reader, &namespace, &storage.credentials()).await?;
    }
    Ok(origin)
}

/// The source as it works.
async fn source(run: &EnrichmentRun, name: &str, context: &Context) -> Result<IngestSource, NotReady> {
    let namespace = run.namespace().unwrap_or_default();
    let sources = Api::<IngestSource>::namespaced(context.client.clone(), &namespace);
    let found = sources.get_opt(name).await.map_err(|error| {
        let text = format!("failed to read the IngestSource {name:?}: {}", with_causes(&error));
        NotReady::transient("SourceUnreadable", text)
    })?;
    let found = found.ok_or_else(|| {
        let text = format!(
            "spec.from.sourceRef: there is no IngestSource {name:?} in {namespace:?}; create it, or correct the \
             name"
        );
        NotReady::user("SourceNotFound", text)
    })?;
    context.connections.resolve_source(&found)
}

/// The budget of the run, as its pods read it.
async fn read_limits(run: &EnrichmentRun, target: &Elastic) -> Result<Option<Budget>, NotReady> {
    if run.spec.budget.is_none() {
        return Ok(None);
    }
    let index = enrichments_index(&run.namespace().unwrap_or_default());
    let stored = target.get(&index, &limits_id(&run.uid().unwrap_or_default())).await;
    let stored = stored.map_err(|error| elastic_fault(&run.spec.to.elasticsearch, &error))?;
    let record = stored.and_then(|stored| serde_json::from_value(Value::Object(stored.source)).ok());
    Ok(record.and_then(|record: LimitsRecord| record.budget))
}

async fn read_records(
    run: &EnrichmentRun,
    target: &Elastic,
    job: &EnrichmentJob,
) -> Result<Vec<SliceRecord>, NotReady> {
    let index = enrichments_index(&run.namespace().unwrap_or_default());
    let fault = |error: ElasticError| elastic_fault(&run.spec.to.elasticsearch, &error);
    if job.end.is_some() {
        // The last records were written a moment ago, and determine how the run ends.
        target.refresh(&index).await.map_err(fault)?;
    }
    let query = records::query(&run.uid().unwrap_or_default(), job.slices.len());
    Ok(records::read(&target.search(&index, &query).await.map_err(fault)?, job.slices.len()))
}

fn to_signed(duration: Duration) -> k8s_openapi::jiff::SignedDuration {
    k8s_openapi::jiff::SignedDuration::try_from(duration).unwrap_or(k8s_openapi::jiff::SignedDuration::MAX)
}
