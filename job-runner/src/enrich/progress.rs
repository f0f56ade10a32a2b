//! How far a slice is, kept beside the enriched documents, where the operator reads it.

use docmill_crds::enrichment_ledger::{ENRICHMENTS_PATTERN, SliceRecord, enrichments_index_body};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::counts::Counts;
use super::recipe::Recipe;
use super::{EnrichError, PATIENCE};
use crate::clock;
use crate::elastic::{Address, Elastic};
use crate::retry::persist;

/// The counts of a slice and where they are kept.
pub(super) struct Progress {
    /// What became of the documents so far.
    pub(super) counts: Counts,
    cluster: Elastic,
    recipe: Recipe,
}

impl Progress {
    /// Begins a slice, or begins it again: the calls of the earlier pod are kept, since they were made.
    pub(super) async fn resume(
        recipe: &Recipe,
        cluster: &Elastic,
        stop: &CancellationToken,
    ) -> Result<Self, EnrichError> {
        let index = &recipe.enrichments_index;
        let id = SliceRecord::id(&recipe.run, recipe.slice);
        let earlier = persist(PATIENCE, stop, async || {
            cluster.ensure_own_index(index, ENRICHMENTS_PATTERN, &enrichments_index_body()).await?;
            cluster.get(index, &id).await
        });
        let earlier = earlier.await.map_err(EnrichError::target)?;
        let calls =
            earlier.and_then(|record| record.source.get("calls").and_then(Value::as_u64)).unwrap_or(0);
        Ok(Self {
            counts: Counts { calls, ..Counts::default() },
            cluster: cluster.clone(),
            recipe: recipe.clone(),
        })
    }

    /// The slice is gone over from its start again.
    pub(super) fn start_over(&mut self) {
        self.counts.start_over();
    }

    /// Writes how far the slice is.
    pub(super) async fn write(&self, stop: &CancellationToken) -> Result<(), EnrichError> {
        self.store(false, stop).await
    }

    /// Writes that the slice was gone through to its end.
    pub(super) async fn finish(self, stop: &CancellationToken) -> Result<Counts, EnrichError> {
        self.store(true, stop).await?;
        Ok(self.counts)
    }

    async fn store(&self, finished: bool, stop: &CancellationToken) -> Result<(), EnrichError> {
        let now = clock::now_millis();
        let record = self.counts.record(&self.recipe, finished, clock::rfc3339(now));
        let id = SliceRecord::id(&self.recipe.run, self.recipe.slice);
        let address = Address { index: &self.recipe.enrichments_index, id: &id };
        // By its time as version, so that a pod that was thought dead sets nothing back.
        let version = u64::try_from(now).ok();
        let record = json!(record);
        persist(PATIENCE, stop, async || self.cluster.index_doc(address, &record, version).await)
            .await
            .map(drop)
            .map_err(EnrichError::target)
    }
}
