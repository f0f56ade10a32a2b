//! How far a slice is, kept beside the enriched documents, where the operator reads it.

use docmill_clients::clock;
use docmill_clients::elastic::{Address, Elastic};
use docmill_clients::retry::persist;
use docmill_crds::records::enrichments::SliceRecord;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::counts::Counts;
use crate::enrich::error::EnrichError;
use crate::enrich::patience::PATIENCE;
use crate::enrich::slice_plan::Recipe;
use crate::enrich::target::compare::Comparison;

/// Where the counts of a slice are kept.
pub(crate) struct Progress<'a> {
    cluster: &'a Elastic,
    recipe: &'a Recipe,
    id: String,
}

impl<'a> Progress<'a> {
    /// Begins a slice, or begins it again: what an earlier pod spent is kept, since it was spent.
    pub(crate) async fn resume(
        recipe: &'a Recipe,
        cluster: &'a Elastic,
        stop: &CancellationToken,
    ) -> Result<(Self, Counts), EnrichError> {
        let index = &recipe.enrichments_index;
        let id = SliceRecord::id(&recipe.run, recipe.slice);
        let earlier = persist(PATIENCE, stop, async || cluster.get(index, &id).await);
        let earlier = earlier.await.map_err(EnrichError::target)?;
        let record = earlier.and_then(|record| serde_json::from_value(Value::Object(record.source)).ok());
        let counts = record.as_ref().map_or_else(Counts::default, Counts::resumed);
        Ok((Self { cluster, recipe, id }, counts))
    }

    /// Writes how far the slice is. `finished`: it was gone through to its end.
    pub(crate) async fn write(
        &self,
        counts: &Counts,
        finished: bool,
        stop: &CancellationToken,
    ) -> Result<(), EnrichError> {
        let now = clock::now_millis();
        let record = json!(counts.record(self.recipe, finished, clock::rfc3339(now)));
        let address = Address { index: &self.recipe.enrichments_index, id: &self.id };
        // By its time as version, so that a pod that was thought dead sets nothing back.
        let version = u64::try_from(now).ok();
        persist(PATIENCE, stop, async || self.cluster.index_doc(address, &record, version).await)
            .await
            .map(drop)
            .map_err(EnrichError::target)
    }

    /// Writes what a comparison found, with examples.
    pub(crate) async fn report(
        &self,
        comparison: &Comparison,
        stop: &CancellationToken,
    ) -> Result<(), EnrichError> {
        let Recipe { run, slice, enrichments_index: index, .. } = self.recipe;
        let record = json!({"kind": "comparison", "run": run, "slice": slice, "fields": comparison.report()});
        let id = format!("comparison-{run}-{slice}");
        let address = Address { index, id: &id };
        persist(PATIENCE, stop, async || self.cluster.index_doc(address, &record, None).await)
            .await
            .map(drop)
            .map_err(EnrichError::target)
    }
}
