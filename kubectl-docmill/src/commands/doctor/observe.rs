//! Reads what the doctor judges, and has a probe made.

use std::time::{Duration, Instant};

use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::contract::label;
use docmill_crds::{EnrichmentRun, IngestRun, IngestRunSpec, IngestSource};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, ListParams, ObjectMeta};
use kube::{Api, Resource as _, ResourceExt as _};
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::doctor::source::{condition, is_true};
use crate::doctor::start::{Obstacle, obstacles};
use crate::doctor::{Facts, Leader, Operator, ProbeFacts, SourceFacts};
use crate::failure::Failure;

/// The labels of an operator's Deployment.
const OPERATORS: &str = "app.kubernetes.io/part-of=docmill,app.kubernetes.io/component=operator";
/// The Lease of the operators of a release.
const LEASE: &str = "docmill-operator";
/// How often a probe is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A run that is not Ready for this long waits for something that has to be mended.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// How long a probe whose answer was not seen stays to be looked at.
const KEPT_SECONDS: i32 = 600;

/// Reads everything. `source` is examined by a probe that may take `probe_seconds`, if both are given.
pub(super) async fn facts(
    cluster: &Cluster,
    source: Option<&str>,
    probe_seconds: Option<u32>,
) -> Result<Facts, Failure> {
    let (resources, operators) = tokio::join!(resources(cluster), operators(cluster));
    let has_sources =
        resources.as_ref().is_ok_and(|served| served.iter().any(|name| name == "ingestsources"));
    let sources = match (has_sources, source) {
        (false, _) => Ok(Vec::new()),
        (true, None) => Box::pin(sources(cluster, None, None)).await.map_err(|error| error.to_string()),
        (true, Some(_)) => Ok(Box::pin(sources(cluster, source, probe_seconds)).await?),
    };
    Ok(Facts { resources, operators, sources })
}

async fn resources(cluster: &Cluster) -> Result<Vec<String>, String> {
    let served = cluster.client().list_api_group_resources(&IngestSource::api_version(&())).await;
    let served =
        served.map_err(|error| Failure::of_api("list the resources of docmill.io", &error).to_string())?;
    let names = served.resources.into_iter().map(|resource| resource.name);
    Ok(names.filter(|name| !name.contains('/')).collect())
}

async fn operators(cluster: &Cluster) -> Result<Vec<Operator>, String> {
    let deployments = Api::<Deployment>::all(cluster.client().clone());
    let found = deployments.list(&ListParams::default().labels(OPERATORS)).await;
    let found = found.map_err(|error| Failure::of_api("list Deployments", &error).to_string())?;
    let mut operators = Vec::new();
    for deployment in found {
        let leader = leader(cluster, &deployment.namespace().unwrap_or_default()).await;
        operators.push(operator(&deployment, leader));
    }
    Ok(operators)
}

fn operator(deployment: &Deployment, leader: Result<Option<Leader>, String>) -> Operator {
    let version = deployment.labels().get("app.kubernetes.io/version").cloned();
    Operator {
        namespace: deployment.namespace().unwrap_or_default(),
        name: deployment.name_any(),
        version: version.unwrap_or_else(|| "unknown".to_owned()),
        ready: deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0),
        desired: deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
        leader,
    }
}

async fn leader(cluster: &Cluster, namespace: &str) -> Result<Option<Leader>, String> {
    let leases = Api::<Lease>::namespaced(cluster.client().clone(), namespace);
    let lease = leases.get_opt(LEASE).await;
    let lease =
        lease.map_err(|error| Failure::of_api(&format!("read the Lease {LEASE}"), &error).to_string())?;
    Ok(lease.and_then(|lease| lease.spec).and_then(holder))
}

fn holder(lease: LeaseSpec) -> Option<Leader> {
    let holder = lease.holder_identity.filter(|holder| !holder.is_empty())?;
    Some(Leader { holder, renewed: lease.renew_time?.0 })
}

/// The source, or all of the namespace; a probe is made of the one that is named.
async fn sources(
    cluster: &Cluster,
    named: Option<&str>,
    probe_seconds: Option<u32>,
) -> Result<Vec<SourceFacts>, Failure> {
    let found = match named {
        Some(name) => vec![cluster.get::<IngestSource>(name).await?],
        None => cluster.list::<IngestSource>().await?,
    };
    let enrichments = cluster.list::<EnrichmentRun>().await?;
    let mut sources = Vec::new();
    for source in found {
        let name = source.name_any();
        let own = enrichments.iter().filter(|run| enriches(run, &name)).cloned().collect();
        let probe = match probe_seconds.filter(|_| named.is_some()) {
            Some(seconds) => Some(Box::pin(probe(cluster, &name, seconds)).await),
            None => None,
        };
        sources.push(SourceFacts { source, enrichments: own, probe });
    }
    Ok(sources)
}

fn enriches(run: &EnrichmentRun, source: &str) -> bool {
    run.spec.from.source_ref.as_ref().is_some_and(|reference| reference.name == source)
}

/// Has a pod with the identity of a worker ask the stores, and waits for its answer.
async fn probe(cluster: &Cluster, source: &str, seconds: u32) -> ProbeFacts {
    let started = Instant::now();
    let run = match cluster.create(&request(source, seconds)).await {
        Ok(created) => answer(cluster, created, Duration::from_secs(seconds.into())).await,
        Err(error) => Err(error),
    };
    let (pods, events) = match &run {
        Ok(run) if !is_complete(run) => traces(cluster, &run.name_any()).await,
        _ => (Vec::new(), Vec::new()),
    };
    if let Ok(run) = &run
        && (is_complete(run) || !is_ready(run))
    {
        // If that fails, the run goes by its TTL.
        let runs = Api::<IngestRun>::namespaced(cluster.client().clone(), cluster.namespace());
        let _ = runs.delete(&run.name_any(), &DeleteParams::default()).await;
    }
    let waited_seconds = started.elapsed().as_secs();
    ProbeFacts { run: run.map_err(|error| error.to_string()), pods, events, waited_seconds }
}

fn request(source: &str, seconds: u32) -> IngestRun {
    let spec = IngestRunSpec {
        backoff_limit: 0,
        active_deadline_seconds: Some(seconds.into()),
        ttl_seconds_after_finished: Some(KEPT_SECONDS),
        ..IngestRunSpec::of(source.to_owned(), IngestMode::Probe)
    };
    let mut run = IngestRun::new("", spec);
    run.metadata = ObjectMeta { generate_name: Some("doctor-".to_owned()), ..ObjectMeta::default() };
    run
}

/// Looks at a run until it has an answer or a reason for having none.
async fn answer(cluster: &Cluster, created: IngestRun, limit: Duration) -> Result<IngestRun, Failure> {
    let (name, started) = (created.name_any(), Instant::now());
    let mut run = created;
    loop {
        let waited = started.elapsed();
        let is_over = is_complete(&run) || is_true(conditions(&run), "Failed");
        if is_over || waited >= limit || (waited >= READY_WITHIN && !is_ready(&run)) {
            return Ok(run);
        }
        if waited >= READY_WITHIN && is_stuck(cluster, &name).await {
            return Ok(run);
        }
        sleep(LOOK_EVERY).await;
        run = cluster.get::<IngestRun>(&name).await?;
    }
}

/// Whether the pod will not start, however long one waits.
async fn is_stuck(cluster: &Cluster, run: &str) -> bool {
    let (pods, events) = traces(cluster, run).await;
    obstacles(&pods, &events).iter().any(Obstacle::is_lasting)
}

fn conditions(run: &IngestRun) -> &[Condition] {
    run.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default()
}

fn is_complete(run: &IngestRun) -> bool {
    is_true(conditions(run), "Complete")
}

/// Whether nothing is known that keeps a run from starting.
fn is_ready(run: &IngestRun) -> bool {
    condition(conditions(run), "Ready").is_none_or(|ready| ready.status == "True")
}

/// The pods of a run, and what Kubernetes says of them and of its Job. Who may not read them does without.
async fn traces(cluster: &Cluster, run: &str) -> (Vec<Pod>, Vec<Event>) {
    let (client, namespace) = (cluster.client(), cluster.namespace());
    let selector = format!("{}={run}", label::INGEST_RUN);
    let pods = Api::<Pod>::namespaced(client.clone(), namespace);
    let pods = pods.list(&ListParams::default().labels(&selector)).await;
    let pods = pods.map(|list| list.items).unwrap_or_default();
    // Its Job has this name; those of its pods begin with it.
    let job = format!("{run}-plan");
    let events = Api::<Event>::namespaced(client.clone(), namespace);
    let events = events.list(&ListParams::default().limit(500)).await;
    let events = events.map(|list| list.items).unwrap_or_default();
    let is_own = |event: &Event| {
        event.involved_object.name.as_ref().is_some_and(|name| name.starts_with(job.as_str()))
    };
    (pods, events.into_iter().filter(is_own).collect())
}
