//! What the operator stores next to the enriched documents: the watermark up to which they are complete, and
//! the budget of a run.

use docmill_clients::elastic::{Address, ElasticError, ItemOutcome};
use docmill_crds::EnrichmentRun;
use docmill_crds::api::enrichment_run::Bounds;
use docmill_crds::records::enrichments::{LimitsRecord, WatermarkRecord, enrichments, limits_id};
use docmill_crds::records::own_index::Owner;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::observe;
use super::plan::Watermark;
use crate::context::Context;
use crate::outcome::not_ready::NotReady;
use crate::stores::{claim_fault, elastic_fault};

/// Stores the watermark of a completed run. A later one that is already stored stays.
pub async fn store_watermark(
    run: &EnrichmentRun,
    watermark: &Watermark,
    bounds: &Bounds,
    context: &Context,
) -> Result<(), NotReady> {
    let until = bounds.until.0;
    let record = json!(WatermarkRecord {
        kind: "bound".to_owned(),
        run: run.uid().unwrap_or_default(),
        pipeline_digest: watermark.pipeline_digest.clone(),
        completed_until: until.to_string(),
    });
    store_record(
        run,
        &WatermarkRecord::id(&watermark.target),
        &record,
        u64::try_from(until.as_millisecond()).ok(),
        context,
    )
    .await
}

/// Stores the budget of a run, where its pods read it.
pub async fn store_limits(run: &EnrichmentRun, context: &Context) -> Result<(), NotReady> {
    let uid = run.uid().unwrap_or_default();
    let record = json!(LimitsRecord { kind: "limits".to_owned(), run: uid.clone(), budget: run.spec.budget });
    store_record(run, &limits_id(&uid), &record, None, context).await
}

async fn store_record(
    run: &EnrichmentRun,
    id: &str,
    record: &Value,
    version: Option<u64>,
    context: &Context,
) -> Result<(), NotReady> {
    let target = observe::connect_target(run, context).await?;
    let namespace = run.namespace().unwrap_or_default();
    let records = enrichments(&namespace);
    let index = &records.name;
    let owner = Owner::of_enrichments(&context.cluster_uid, &namespace);
    let claimed = target.claim(&records, &owner, run.spec.to.adopt).await;
    claimed.map_err(|error| claim_fault(&run.spec.to.elasticsearch, error))?;
    let fault = |error: ElasticError| elastic_fault(&run.spec.to.elasticsearch, &error);
    let address = Address { index, id };
    match target.index_doc(address, record, version).await.map_err(fault)? {
        ItemOutcome::Done | ItemOutcome::Superseded => Ok(()),
        ItemOutcome::Rejected(refusal) | ItemOutcome::Held(_, refusal) => {
            Err(NotReady::user("IndexRefused", format!("the index {index} rejected a record: {refusal}")))
        }
    }
}
