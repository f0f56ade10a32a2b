//! What deleted `EnrichmentRun`s left in the clusters that enrichments write to.

use docmill_crds::EnrichmentRun;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enrichment_run::EnrichTo;
use docmill_crds::records::enrichments::{RUN_KINDS, enrichments_index};
use docmill_crds::records::own_index::{Owner, Ownership};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::records::IndexRecords;
use super::sweep::{SweepError, deleted, known};
use crate::context::Context;
use crate::stores::connect_elastic;

/// A cluster that the enrichments of a namespace write to.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepTarget {
    /// The namespace.
    pub namespace: String,
    /// The cluster.
    pub cluster: ElasticsearchCluster,
}

/// The clusters that runs and schedules write to, each once per namespace.
pub fn targets(context: &Context) -> Vec<SweepTarget> {
    let resources = &context.metrics.resources;
    let (runs, schedules) = (resources.enrichment_runs.state(), resources.enrichment_schedules.state());
    let connections = &context.connections;
    let of_runs = runs.iter().filter_map(|run| {
        let (run, _) = connections.try_resolve(run.0.as_ref().ok()?);
        Some(target(run.namespace(), &run.spec.to))
    });
    let of_schedules = schedules.iter().filter_map(|schedule| {
        let (schedule, _) = connections.try_resolve(schedule.0.as_ref().ok()?);
        Some(target(schedule.namespace(), &schedule.spec.run_template.spec.to))
    });
    // A cluster of a connection that is not known cannot be asked.
    let is_known = |target: &SweepTarget| target.cluster.connection_ref.is_none();
    let mut targets = Vec::new();
    for target in of_runs.chain(of_schedules).filter(is_known) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

fn target(namespace: Option<String>, to: &EnrichTo) -> SweepTarget {
    SweepTarget { namespace: namespace.unwrap_or_default(), cluster: to.elasticsearch.clone() }
}

/// Removes the records of deleted runs, and returns the number of runs. What the next run needs stays: the
/// watermark up to which documents are complete, and which of them failed.
pub async fn sweep(target: &SweepTarget, context: &Context, before: Timestamp) -> Result<usize, SweepError> {
    let SweepTarget { namespace, cluster } = target;
    let endpoint_client = context.circuit_breaker.client(namespace, true);
    let elastic = connect_elastic(&context.reader, namespace, cluster, &endpoint_client).await;
    let elastic = elastic.map_err(SweepError::Unreachable)?;
    let index = enrichments_index(namespace);
    if elastic.ownership(&index, &Owner::of_enrichments(&context.cluster_uid, namespace)).await?
        != Some(Ownership::Own)
    {
        return Ok(0);
    }
    let records = IndexRecords { elastic: &elastic, index: &index, kinds: RUN_KINDS };
    let known = known(&context.metrics.resources.enrichment_runs, namespace);
    let left = records.runs(&known, before).await?;
    let gone = deleted::<EnrichmentRun>(&context.client, namespace, left).await?;
    for run in &gone {
        records.remove(run).await?;
    }
    Ok(gone.len())
}
