//! The records of documents that could not be enriched or stored, beside the enriched ones: written when a
//! document fails, removed when it is enriched after all.

use std::sync::atomic::{AtomicBool, Ordering};

use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody, Elastic, ElasticError, ItemOutcome, StoredDocument};
use docmill_clients::retry::retry_transient;
use docmill_crds::contract::EnrichStep;
use docmill_crds::records::enrichments::FailureRecord;
use jiff::Timestamp;
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
        let outcomes = self.cluster.bulk_all(body, PATIENCE, stop).await.map_err(EnrichError::target)?;
        outcomes.into_iter().try_for_each(written)
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
        FailureRecord {
            kind: "failure".to_owned(),
            target: self.slice_plan.target_key.clone(),
            run: self.slice_plan.run.clone(),
            document: article.id.clone(),
            article_time: article_time(article, self.slice_plan).to_string(),
            stage: "Enrich".to_owned(),
            reason: failure.reason.as_str().to_owned(),
            message: failure.message.clone(),
            attempts: attempts + i64::from(!same_run),
            updated_time: clock::rfc3339(clock::now_millis()),
        }
    }
}

/// When a document was indexed. What is no RFC 3339 (a number, several times, a format of the index's own, no `_source` at
/// all) would keep the record out of its index, and the document from ever being retried: it gets the upper bound of the
/// slice, so that it is within the bounds of each later run.
fn article_time(article: &Article, slice_plan: &SlicePlan) -> Timestamp {
    let time = at_path(&article.source, &slice_plan.time_field).and_then(Value::as_str);
    time.and_then(|time| time.parse().ok()).unwrap_or(slice_plan.bounds.until.0)
}

/// Without its record, a document that failed would be lost to the runs after this one.
fn written(outcome: ItemOutcome) -> Result<(), EnrichError> {
    match outcome {
        ItemOutcome::Done | ItemOutcome::Superseded => Ok(()),
        ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault) => {
            Err(EnrichError::target(ElasticError::Refused(fault)))
        }
    }
}

#[cfg(test)]
mod tests {
    use docmill_clients::elastic::{ErrorCause, ItemOutcome};
    use serde_json::{Value, json};

    use super::{Article, article_time, written};
    use crate::enrich::slice_plan::tests::slice_plan;

    #[test]
    fn each_record_of_a_failure_has_a_time_by_which_the_document_is_found_again() {
        let time_of = |docmill: Value| {
            let source = json!({"_docmill": docmill}).as_object().cloned().unwrap();
            let article = Article { id: "a".into(), version: 5, source, has_source: true };
            article_time(&article, &slice_plan()).to_string()
        };
        assert_eq!(time_of(json!({"indexedTime": "2026-01-02T03:04:05.5+01:00"})), "2026-01-02T02:04:05.5Z");
        for strange in [
            json!({}),
            json!({"indexedTime": 1_767_322_800_000_i64}),
            json!({"indexedTime": ["2026-01-02T00:00:00Z"]}),
            json!({"indexedTime": "02/01/2026"}),
            json!({"indexedTime": ""}),
        ] {
            assert_eq!(time_of(strange.clone()), "2026-02-01T00:00:00Z", "{strange}");
        }
    }

    #[test]
    fn a_record_that_is_not_taken_is_an_error() {
        assert!(written(ItemOutcome::Done).is_ok() && written(ItemOutcome::Superseded).is_ok());
        let fault = ErrorCause::of_answer(400, b"{}");
        assert!(written(ItemOutcome::Rejected(fault)).is_err());
    }
}
