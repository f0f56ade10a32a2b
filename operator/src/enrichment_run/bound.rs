//! Keeps beside the enriched documents until when they are complete.

use docmill_crds::EnrichmentRun;
use docmill_crds::enrichment_ledger::{
    BoundRecord, ENRICHMENTS_PATTERN, enrichment_key, enrichments_index, enrichments_index_body,
};
use docmill_crds::enrichment_run::Bounds;
use job_runner::elastic::{Address, ElasticError, Outcome};
use kube::ResourceExt as _;
use serde_json::json;

use super::observe;
use crate::context::Context;
use crate::not_ready::NotReady;
use crate::stores::elastic_fault;

/// Stores the bound of a completed run. A later one that is stored already stays.
pub async fn keep(
    run: &EnrichmentRun,
    from_index: &str,
    bounds: &Bounds,
    context: &Context,
) -> Result<(), NotReady> {
    let target = observe::connect_target(run, context).await?;
    let index = enrichments_index(&run.namespace().unwrap_or_default());
    let id = BoundRecord::id(&enrichment_key(from_index, &run.spec));
    let until = bounds.until.0;
    let record = json!(BoundRecord {
        kind: "bound".to_owned(),
        run: run.uid().unwrap_or_default(),
        completed_until: until.to_string(),
    });
    let fault = |error: ElasticError| elastic_fault(&run.spec.to.elasticsearch, &error);
    let ensured = target.ensure_own_index(&index, ENRICHMENTS_PATTERN, &enrichments_index_body()).await;
    ensured.map_err(fault)?;
    let version = u64::try_from(until.as_millisecond()).ok();
    let address = Address { index: &index, id: &id };
    match target.index_doc(address, &record, version).await.map_err(fault)? {
        Outcome::Done | Outcome::Superseded => Ok(()),
        Outcome::Rejected(refusal) => {
            Err(NotReady::user("IndexRefused", format!("the index {index} refuses the bound: {refusal}")))
        }
    }
}
