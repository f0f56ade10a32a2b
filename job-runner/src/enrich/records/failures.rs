//! The records of documents that could not be enriched or stored, beside the enriched ones: written when a
//! document fails, removed when it is enriched after all.

use std::sync::atomic::{AtomicBool, Ordering};

use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody, Elastic, StoredDocument};
use docmill_clients::retry::retry_transient;
use docmill_crds::contract::EnrichStep;
use docmill_crds::records::enrichments::FailureRecord;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::enrich::article_work::DocumentFailure;
use crate::enrich::error::EnrichError;
use crate::enrich::retry_policy::PATIENCE;
use crate::enrich::selection::article_state::at_path;
use crate::enrich::selection::hits::Article;
use crate::enrich::slice_plan::SlicePlan;

/// The records of one target.
pub(crate) struct Failures<'a> {
    cluster: &'a Elastic,
    slice_plan: &'a SlicePlan,
    /// Whether there are any; as long as there are none, no look-up is needed.
    has_any: AtomicBool,
}

impl<'a> Failures<'a> {
    /// Looks whether there are any.
    pub(crate) async fn open(
        slice_plan: &'a SlicePlan,
        cluster: &'a Elastic,
        stop: &CancellationToken,
    ) -> Result<Self, EnrichError> {
        let index = &slice_plan.enrichments_index;
        let count = retry_transient(PATIENCE, stop, async || {
            cluster.refresh(index).await?;
            cluster.count(index, &slice_plan.failures().all()).await
        });
        let has_any = count.await.map_err(EnrichError::target)? > 0;
        Ok(Self { cluster, slice_plan, has_any: AtomicBool::new(has_any) })
    }

    /// Records what failed, unless this is a rehearsal, and removes the records of documents that are now
    /// enriched (or gone), by their ids.
    pub(crate) async fn record(
        &self,
        failed: &[(&Article, &DocumentFailure)],
        settled: &[&str],
        stop: &CancellationToken,
    ) -> Result<(), EnrichError> {
        if self.slice_plan.step != EnrichStep::Enrich {
            return Ok(());
        }
        let settled = if self.has_any.load(Ordering::Relaxed) { settled } else { &[] };
        let documents: Vec<&str> =
            failed.iter().map(|(article, _)| article.id.as_str()).chain(settled.iter().copied()).collect();
        if documents.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> =
            documents.iter().map(|id| FailureRecord::id(&self.slice_plan.target_key, id)).collect();
        let index = &self.slice_plan.enrichments_index;
        let addresses: Vec<Address<'_>> = ids.iter().map(|id| Address { index, id }).collect();
        let stored = retry_transient(PATIENCE, stop, async || self.cluster.mget(&addresses, &[]).await).await;
        let stored = stored.map_err(EnrichError::target)?;
        let mut body = BulkBody::default();
        for ((address, earlier), failure) in addresses.iter().zip(&stored).zip(failed) {
            let record = json!(self.failure(failure.0, failure.1, earlier.as_ref()));
            body.push_index(*address, None, record.to_string().as_bytes());
        }
        for (address, _) in
            addresses.iter().zip(&stored).skip(failed.len()).filter(|(_, stored)| stored.is_some())
        {
            body.push_delete(*address, None);
        }
        if !failed.is_empty() {
            self.has_any.store(true, Ordering::Relaxed);
        }
        self.cluster.bulk_all(body, PATIENCE, stop).await.map(drop).map_err(EnrichError::target)
    }

    fn failure(
        &self,
        article: &Article,
        failure: &DocumentFailure,
        earlier: Option<&StoredDocument>,
    ) -> FailureRecord {
        tracing::warn!(
            id = article.id,
            reason = failure.reason.as_str(),
            told = failure.message,
            "failed to enrich a document"
        );
        let earlier = earlier.map(|earlier| &earlier.source);
        let attempts = earlier.and_then(|earlier| earlier.get("attempts")?.as_i64()).unwrap_or(0);
        let same_run = earlier.and_then(|earlier| earlier.get("run")?.as_str()) == Some(&self.slice_plan.run);
        let time = at_path(&article.source, &self.slice_plan.time_field).and_then(Value::as_str);
        FailureRecord {
            kind: "failure".to_owned(),
            target: self.slice_plan.target_key.clone(),
            run: self.slice_plan.run.clone(),
            document: article.id.clone(),
            article_time: time.unwrap_or_default().to_owned(),
            stage: "Enrich".to_owned(),
            reason: failure.reason.as_str().to_owned(),
            message: failure.message.clone(),
            attempts: attempts + i64::from(!same_run),
            updated_time: clock::rfc3339(clock::now_millis()),
        }
    }
}
