//! What deleted `IngestRun`s of a source left.

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::elastic::ElasticError;
use docmill_crds::records::own_index::Ownership;
use docmill_crds::records::runs::{RUN_KINDS, RunRecord, run_folder, runs_index};
use docmill_crds::{IngestRun, IngestSource};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::Value;

use super::files;
use super::records::IndexRecords;
use super::sweep::{SweepError, deleted, known};
use crate::controllers::ingest_source::client_cache::StoreClients;
use crate::controllers::ingest_source::context::SourceContext;
use crate::workers::order::ingest_order;

/// Removes what deleted runs of a source left, and returns the number of runs. A source that was not reached
/// recently is skipped, and so are records that belong to another owner.
pub async fn sweep(
    source: &IngestSource,
    context: &SourceContext,
    before: Timestamp,
) -> Result<usize, SweepError> {
    let Some(clients) = context.clients.known(&source.uid().unwrap_or_default()) else { return Ok(0) };
    let order = ingest_order(source, &context.cluster_uid);
    let index = runs_index(&order.namespace, &order.source);
    let elastic = &clients.ledger_cluster;
    if elastic.ownership(&index, &order.owner()).await? != Some(Ownership::Own) {
        return Ok(0);
    }
    let records = IndexRecords { elastic, index: &index, kinds: RUN_KINDS };
    let known = known(&context.metrics.resources.ingest_runs, &order.namespace);
    let left = records.runs(&known, before).await?;
    let gone = deleted::<IngestRun>(&context.client, &order.namespace, left).await?;
    for run in &gone {
        remove_files(source, &clients, &index, run).await?;
        // Last, because the files are found through them.
        records.remove(run).await?;
    }
    Ok(gone.len())
}

/// Removes the files of a run from where they were written, which may differ from where the source writes
/// now.
async fn remove_files(
    source: &IngestSource,
    clients: &StoreClients,
    index: &str,
    run: &str,
) -> Result<(), SweepError> {
    let current = &source.spec.snapshots;
    let written = location(clients, index, run).await?;
    let (bucket, prefix) = written.unwrap_or_else(|| (current.bucket.clone(), current.prefix.clone()));
    let removed = files::remove(&clients.s3, &bucket, &run_folder(&prefix, run)).await;
    match removed {
        Err(error) if bucket != current.bucket && is_beyond_reach(&error) => {
            tracing::warn!(%error, run, "failed to remove the files of a deleted run from a bucket that the source no longer uses; they stay");
            Ok(())
        }
        removed => Ok(removed?),
    }
}

/// Whether a bucket that the source no longer uses is out of its reach for good: it is gone, denied, or in another region
/// than the buckets of today. If its files were waited for, they would keep those of all later runs.
fn is_beyond_reach(error: &StoreError) -> bool {
    matches!(error.fault(), Some(StoreFault::NotFound | StoreFault::AccessDenied | StoreFault::Refused))
}

/// Bucket and prefix of the snapshots at the start of the run.
async fn location(
    clients: &StoreClients,
    index: &str,
    run: &str,
) -> Result<Option<(String, String)>, ElasticError> {
    let stored = clients.ledger_cluster.get(index, &RunRecord::id(run)).await?;
    let record = stored.and_then(|stored| serde_json::from_value(Value::Object(stored.source)).ok());
    Ok(record.map(|record: RunRecord| (record.bucket, record.prefix)))
}

#[cfg(test)]
mod tests {
    use docmill_clients::aws::{StoreError, StoreFault};

    use super::is_beyond_reach;

    #[test]
    fn a_bucket_that_is_gone_denied_or_elsewhere_is_not_waited_for() {
        let failed = |fault| StoreError::Request {
            action: "list s3://old/".into(),
            detail: "PermanentRedirect".into(),
            said: "use the other endpoint".to_owned().into(),
            fault,
        };
        for (fault, expected) in [
            (StoreFault::NotFound, true),
            (StoreFault::AccessDenied, true),
            (StoreFault::Refused, true),
            (StoreFault::Throttled, false),
            (StoreFault::Unreachable, false),
            (StoreFault::Unavailable, false),
            (StoreFault::Untrusted, false),
        ] {
            assert_eq!(is_beyond_reach(&failed(fault)), expected, "{fault:?}");
        }
    }
}
