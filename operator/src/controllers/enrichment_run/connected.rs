//! The addresses of a run: those of its connections until it starts, and those that its pods have from then on. Pure.

use docmill_crds::EnrichmentRun;
use docmill_crds::contract::{EnrichOrder, WorkOrder, label};
use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt as _;

use super::job::enrich_name;
use crate::context::Context;
use crate::outcome::not_ready::NotReady;
use crate::workers::worker_pod;

/// The run with its addresses; and if one cannot be known, the run as it is, and why. A connection that changes, or is
/// deleted, while the pods of the run work does not lead the operator to other records than theirs.
pub fn resolve(run: &EnrichmentRun, context: &Context) -> (EnrichmentRun, Result<(), NotReady>) {
    let (resolved, connected) = context.connections.try_resolve(run);
    let (jobs, _) = context.workers_of(run, label::RUN);
    let job = jobs.iter().find(|job| job.name_any() == enrich_name(run));
    match job.and_then(|job| order(job)) {
        Some(order) => (as_started(resolved, order), Ok(())),
        None => (resolved, connected.map(drop)),
    }
}

fn order(job: &Job) -> Option<EnrichOrder> {
    match worker_pod::decode_order(job.spec.as_ref()?.template.spec.as_ref()?)? {
        WorkOrder::Enrich(order) => Some(*order),
        WorkOrder::Ingest(_) | WorkOrder::Run(_) => None,
    }
}

fn as_started(mut run: EnrichmentRun, order: EnrichOrder) -> EnrichmentRun {
    let spec = &mut run.spec;
    spec.to = order.to;
    spec.enrichers = order.enrichers;
    if let Some(cluster) = &mut spec.from.elasticsearch {
        *cluster = order.from;
    }
    run
}
