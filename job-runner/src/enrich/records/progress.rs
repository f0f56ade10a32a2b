//! The progress of a slice, kept beside the enriched documents, where the operator reads it.

use std::sync::atomic::{AtomicU64, Ordering};

use docmill_clients::clock;
use docmill_clients::elastic::{Address, Elastic, ElasticError, ItemOutcome};
use docmill_clients::retry::retry_transient;
use docmill_crds::records::enrichments::SliceRecord;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::counts::SliceCounts;
use crate::enrich::error::EnrichError;
use crate::enrich::retry_policy::PATIENCE;
use crate::enrich::slice_plan::SlicePlan;
use crate::enrich::target::compare::SliceComparison;
use crate::record_version;

/// How often the last record of a slice is written, should another pod of the slice write at the same time.
const WRITES: usize = 8;

/// Where the counts of a slice are kept.
pub(crate) struct Progress<'a> {
    cluster: &'a Elastic,
    slice_plan: &'a SlicePlan,
    id: String,
    /// The newest version of the record that is known.
    newest: AtomicU64,
}

impl<'a> Progress<'a> {
    /// Starts a slice, or restarts it: what an earlier pod spent is kept, since it was spent.
    pub(crate) async fn resume(
        slice_plan: &'a SlicePlan,
        cluster: &'a Elastic,
        stop: &CancellationToken,
    ) -> Result<(Self, SliceCounts), EnrichError> {
        let index = &slice_plan.enrichments_index;
        let id = SliceRecord::id(&slice_plan.run, slice_plan.slice);
        let earlier = retry_transient(PATIENCE, stop, async || cluster.get(index, &id).await);
        let earlier = earlier.await.map_err(EnrichError::target)?;
        let newest = AtomicU64::new(earlier.as_ref().map_or(0, |earlier| earlier.version));
        let record = earlier.and_then(|record| serde_json::from_value(Value::Object(record.source)).ok());
        let counts = record.as_ref().map_or_else(SliceCounts::default, SliceCounts::resumed);
        Ok((Self { cluster, slice_plan, id, newest }, counts))
    }

    /// Writes the progress of the slice. `finished`: it was processed to its end.
    pub(crate) async fn write(
        &self,
        counts: &SliceCounts,
        finished: bool,
        stop: &CancellationToken,
    ) -> Result<(), EnrichError> {
        let now = clock::now_millis();
        let record = json!(counts.record(self.slice_plan, finished, clock::rfc3339(now)));
        let address = Address { index: &self.slice_plan.enrichments_index, id: &self.id };
        let mut version = record_version::next(now, self.newest.load(Ordering::Relaxed));
        for _ in 0..WRITES {
            let write = async || self.cluster.index_doc(address, &record, Some(version)).await;
            match retry_transient(PATIENCE, stop, write).await.map_err(EnrichError::target)? {
                // Without this record, the run would not know that the slice is done.
                ItemOutcome::Superseded if finished => {
                    version = record_version::next(now, self.stored_version(stop).await?);
                }
                ItemOutcome::Done | ItemOutcome::Superseded => break,
                ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault) => {
                    return Err(EnrichError::target(ElasticError::Refused(fault)));
                }
            }
        }
        self.newest.fetch_max(version, Ordering::Relaxed);
        Ok(())
    }

    async fn stored_version(&self, stop: &CancellationToken) -> Result<u64, EnrichError> {
        let index = &self.slice_plan.enrichments_index;
        let stored = retry_transient(PATIENCE, stop, async || self.cluster.get(index, &self.id).await).await;
        Ok(stored.map_err(EnrichError::target)?.map_or(0, |stored| stored.version))
    }

    /// Writes what a comparison found, with examples.
    pub(crate) async fn report(
        &self,
        comparison: &SliceComparison,
        stop: &CancellationToken,
    ) -> Result<(), EnrichError> {
        let SlicePlan { run, slice, enrichments_index: index, .. } = self.slice_plan;
        let record = json!({"kind": "comparison", "run": run, "slice": slice, "fields": comparison.report()});
        let id = format!("comparison-{run}-{slice}");
        let address = Address { index, id: &id };
        retry_transient(PATIENCE, stop, async || self.cluster.index_doc(address, &record, None).await)
            .await
            .map(drop)
            .map_err(EnrichError::target)
    }
}
