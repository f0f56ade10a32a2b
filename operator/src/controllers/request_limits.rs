//! The limits of connections that workers have to keep, and how many of them share those. No I/O.
//!
//! A limit is divided by the pods that all users of the connection may have at a time, and not by those that they have now:
//! so it holds however many start later, and pods need not be told of each other. Whoever lets few pods do all the work sets
//! `workers.max` or `parallelism` to match.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use docmill_crds::api::connection_ref::{ConnectionKind, ConnectionRef};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enricher::Enricher;
use docmill_crds::api::enrichment_run::EnrichmentRunSpec;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::{RequestLimits, secret_mount};
use docmill_crds::{EnrichmentRun, IngestRun, IngestSource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;

use super::run_status::has_ended;
use crate::context::Context;

/// The limits for the workers of a source as it is written, by the names of their mounts.
pub fn of_source(source: &IngestSource, context: &Context) -> BTreeMap<String, RequestLimits> {
    limits(&source.namespace().unwrap_or_default(), &source_connections(&source.spec), context)
}

/// The same for the pods of an enrichment, which may have been resolved: the references are those that it is written with.
pub fn of_enrichment(run: &EnrichmentRun, context: &Context) -> BTreeMap<String, RequestLimits> {
    let namespace = run.namespace().unwrap_or_default();
    let (runs, sources) = (context.metrics.resources.enrichment_runs.state(), context.sources.state());
    let is_written =
        |written: &&EnrichmentRun| written.name_any() == run.name_any() && in_namespace(*written, &namespace);
    let written = runs.iter().filter_map(|run| run.0.as_ref().ok()).find(is_written).unwrap_or(run);
    let sources: Vec<&IngestSource> = sources.iter().filter_map(|source| source.0.as_ref().ok()).collect();
    let source = source_of_enrichment(written, &sources);
    limits(&namespace, &enrichment_connections(&written.spec, source), context)
}

fn limits(
    namespace: &str,
    used: &[(String, &ConnectionRef)],
    context: &Context,
) -> BTreeMap<String, RequestLimits> {
    let mut limits = BTreeMap::new();
    for (mount, named) in used {
        let Some(stated) = context.connections.stated(namespace, named) else { continue };
        if stated.limits.is_none() && stated.timeouts.is_none() {
            continue;
        }
        let (most, timeouts) = (stated.limits.unwrap_or_default(), stated.timeouts.unwrap_or_default());
        let limit = RequestLimits {
            requests_per_second: most.requests_per_second,
            concurrency: most.concurrency,
            request_seconds: timeouts.request_seconds,
            clients: clients(namespace, named, &users(context), context.max_workers),
        };
        limits.insert(mount.clone(), limit);
    }
    limits
}

/// Who uses connections.
struct User {
    namespace: String,
    /// How many pods it may have at a time.
    pods: i32,
    /// Whether its pods are workers of a source, of which there is a greatest number in all.
    is_source: bool,
    /// The connections, each as often as a pod connects to it.
    used: Vec<ConnectionRef>,
}

/// How many clients of a connection there may be at a time, at least one.
fn clients(namespace: &str, named: &ConnectionRef, users: &[User], max_workers: i32) -> i32 {
    let connects = |user: &User| {
        let is_here = named.kind == ConnectionKind::ClusterConnection || user.namespace == namespace;
        let count = user.used.iter().filter(|used| is_here && *used == named).count();
        i32::try_from(count).unwrap_or(i32::MAX)
    };
    let all = |is_source: bool| {
        let of_kind = users.iter().filter(move |user| user.is_source == is_source);
        of_kind.map(|user| user.pods.saturating_mul(connects(user))).fold(0, i32::saturating_add)
    };
    let sources = users.iter().filter(|user| user.is_source);
    let most_of_workers = max_workers.saturating_mul(sources.map(connects).max().unwrap_or(0));
    all(true).min(most_of_workers).saturating_add(all(false)).max(1)
}

/// All users of connections that may have pods now.
fn users(context: &Context) -> Vec<User> {
    let resources = &context.metrics.resources;
    let (sources, ingests, enrichments) =
        (context.sources.state(), resources.ingest_runs.state(), resources.enrichment_runs.state());
    let sources: Vec<&IngestSource> = sources.iter().filter_map(|source| source.0.as_ref().ok()).collect();
    let ingests = ingests.iter().filter_map(|run| run.0.as_ref().ok());
    let enrichments = enrichments.iter().filter_map(|run| run.0.as_ref().ok());
    let of_sources = sources.iter().copied().filter_map(source_user);
    let of_ingests = ingests.filter_map(|run| ingest_user(run, &sources));
    let of_enrichments = enrichments.filter_map(|run| enrichment_user(run, &sources));
    of_sources.chain(of_ingests).chain(of_enrichments).collect()
}

/// A source without a queue has no workers: its runs have their own pods.
fn source_user(source: &IngestSource) -> Option<User> {
    let spec = &source.spec;
    let is_at_work = !spec.suspend && spec.trigger.sqs.is_some();
    is_at_work.then(|| User {
        namespace: source.namespace().unwrap_or_default(),
        pods: spec.workers.max,
        is_source: true,
        used: names(source_connections(spec)),
    })
}

fn ingest_user(run: &IngestRun, sources: &[&IngestSource]) -> Option<User> {
    let conditions = run.status.as_ref().map(|status| status.conditions.as_slice());
    let source = named_source(run, &run.spec.source_ref.name, sources)?;
    is_at_work(run.spec.suspend, conditions).then(|| User {
        namespace: run.namespace().unwrap_or_default(),
        pods: run.spec.parallelism,
        is_source: false,
        used: names(source_connections(&source.spec)),
    })
}

fn enrichment_user(run: &EnrichmentRun, sources: &[&IngestSource]) -> Option<User> {
    let conditions = run.status.as_ref().map(|status| status.conditions.as_slice());
    is_at_work(run.spec.suspend, conditions).then(|| User {
        namespace: run.namespace().unwrap_or_default(),
        pods: run.spec.parallelism,
        is_source: false,
        used: names(enrichment_connections(&run.spec, source_of_enrichment(run, sources))),
    })
}

fn is_at_work(suspend: bool, conditions: Option<&[Condition]>) -> bool {
    !suspend && !has_ended(conditions.unwrap_or_default())
}

/// The connections that the pods of a source use, by the names of their mounts.
fn source_connections(spec: &IngestSourceSpec) -> Vec<(String, &ConnectionRef)> {
    let sqs = spec.trigger.sqs.as_ref();
    let places = [
        (secret_mount::STORAGE, spec.storage.connection_ref.as_ref()),
        (secret_mount::QUEUE, sqs.and_then(|sqs| sqs.connection_ref.as_ref())),
        (secret_mount::INDEX, spec.index_cluster().and_then(of_cluster)),
        (secret_mount::LEDGER, spec.own_ledger_cluster().and_then(of_cluster)),
    ];
    places.into_iter().filter_map(|(mount, named)| Some((mount.to_owned(), named?))).collect()
}

/// The same for the pods of an enrichment, which read the index of `source` if they name no cluster.
fn enrichment_connections<'a>(
    spec: &'a EnrichmentRunSpec,
    source: Option<&'a IngestSource>,
) -> Vec<(String, &'a ConnectionRef)> {
    let (from, source) = (&spec.from, source.map(|source| &source.spec));
    let cluster = from.elasticsearch.as_ref().or_else(|| source?.index_cluster());
    let storage = from.storage.as_ref().or_else(|| source.map(|source| &source.storage));
    let storage = storage.filter(|_| spec.enrichers.iter().any(Enricher::takes_objects));
    let places = [
        (secret_mount::FROM, cluster.and_then(of_cluster)),
        (secret_mount::TO, of_cluster(&spec.to.elasticsearch)),
        (secret_mount::STORAGE, storage.and_then(|storage| storage.connection_ref.as_ref())),
    ];
    let stores = places.into_iter().map(|(mount, named)| (mount.to_owned(), named));
    let models = spec.enrichers.iter().enumerate();
    let models =
        models.map(|(place, enricher)| (secret_mount::enricher(place), enricher.connection_ref.as_ref()));
    stores.chain(models).filter_map(|(mount, named)| Some((mount, named?))).collect()
}

fn of_cluster(cluster: &ElasticsearchCluster) -> Option<&ConnectionRef> {
    cluster.connection_ref.as_ref()
}

fn names(used: Vec<(String, &ConnectionRef)>) -> Vec<ConnectionRef> {
    used.into_iter().map(|(_, named)| named.clone()).collect()
}

/// The source that an enrichment reads.
fn source_of_enrichment<'a>(run: &EnrichmentRun, sources: &[&'a IngestSource]) -> Option<&'a IngestSource> {
    named_source(run, &run.spec.from.source_ref.as_ref()?.name, sources)
}

fn named_source<'a>(
    run: &impl kube::Resource,
    name: &str,
    sources: &[&'a IngestSource],
) -> Option<&'a IngestSource> {
    let namespace = run.namespace().unwrap_or_default();
    sources.iter().copied().find(|source| source.name_any() == name && in_namespace(*source, &namespace))
}

fn in_namespace(resource: &impl kube::Resource, namespace: &str) -> bool {
    resource.meta().namespace.as_deref().unwrap_or_default() == namespace
}
