//! What a run has to process: the current models, the bounds, the slices.

use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_crds::EnrichmentRun;
use docmill_crds::api::enrichment_run::{DocumentState, EnrichmentMode};
use docmill_crds::records::enrichment_query::DocumentQuery;
use docmill_crds::records::enrichments::{WatermarkRecord, enrichments_index, pipeline_digest, target_key};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::observation::{Origin, Selection};
use super::{models, slices, vectors};
use crate::context::Context;
use crate::controllers::request_limits;
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::EndpointClient;
use crate::stores::elastic_fault;

/// Computes the selection. First refreshes the index, so that all documents indexed before the run was
/// created are visible.
pub async fn select(
    run: &EnrichmentRun,
    created: Timestamp,
    origin: Origin,
    source: &Elastic,
    target: &Elastic,
    context: &Context,
    endpoint_client: &EndpointClient,
) -> Result<Selection, NotReady> {
    let versions = models::versions(run, context, endpoint_client).await?;
    let key = target_key(&origin.index, &run.spec);
    let pipeline_digest = pipeline_digest(&run.spec, &versions);
    let completed = completed_until(run, &key, &pipeline_digest, target).await?;
    let bounds = slices::bounds(&run.spec, created, completed);
    let enrichments = enrichments_index(&run.namespace().unwrap_or_default());
    let (document_query, cluster, address) = if run.spec.select.state == DocumentState::Failed {
        (DocumentQuery::failures_to_retry(&enrichments, &key), target, &run.spec.to.elasticsearch)
    } else {
        let (from, select) = (&run.spec.from, &run.spec.select);
        let document_query =
            DocumentQuery::articles(&origin.index, &from.time_field, from.query.as_ref(), select);
        (document_query, source, &origin.cluster)
    };
    let fault = |error: ElasticError| elastic_fault(address, &error);
    cluster.refresh(&document_query.index).await.map_err(fault)?;
    let documents =
        cluster.count(&document_query.index, &document_query.within(&bounds)).await.map_err(fault)?;
    let cuts = match slices::slice_count(documents, run.spec.parallelism) {
        1 => Vec::new(),
        count => {
            let query = slices::cuts_query(&document_query, &bounds, count);
            slices::read_cuts(&cluster.search(&document_query.index, &query).await.map_err(fault)?)
        }
    };
    let slices = if documents == 0 { Vec::new() } else { slices::cut(&bounds, &cuts) };
    let stores_results = run.spec.mode == EnrichmentMode::Enrich && !run.spec.dry_run;
    let has_stale_vectors = stores_results
        && documents > 0
        && vectors::any_vectors_of_other_models(run, &versions, target).await?;
    Ok(Selection {
        origin,
        target: key,
        pipeline_digest,
        versions,
        bounds,
        documents,
        slices,
        has_stale_vectors,
        limits: request_limits::of_enrichment(run, context),
    })
}

/// The watermark: until when everything was already enriched with this pipeline.
async fn completed_until(
    run: &EnrichmentRun,
    target_key: &str,
    pipeline_digest: &str,
    target: &Elastic,
) -> Result<Option<Timestamp>, NotReady> {
    let index = enrichments_index(&run.namespace().unwrap_or_default());
    let stored = target.get(&index, &WatermarkRecord::id(target_key)).await;
    let stored = stored.map_err(|error| elastic_fault(&run.spec.to.elasticsearch, &error))?;
    let text = |name: &str| stored.as_ref()?.source.get(name)?.as_str();
    if text("way") != Some(pipeline_digest) {
        return Ok(None);
    }
    Ok(text("completedUntil").and_then(|text| text.parse().ok()))
}
