//! Brings a batch of units to its end: index, refuse, record, acknowledge — in this order, so that whatever breaks
//! off in between is done again and nothing is lost.

use std::sync::Arc;
use std::time::Duration;

use docmill_crds::ledger::{DocumentAddress, UnitRecord};
use docmill_crds::reason::Reason;
use docmill_crds::storage::BucketLocation;
use futures::future::join_all;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::counts::Counts;
use super::persist::persist;
use super::prepare::{Converted, Prepared, RefusedPart};
use super::provenance::indexed_source;
use super::queue::Queue;
use super::record::Recorder;
use super::refuse::{self, ErrorRecord, Stage};
use super::unit::{Delivery, Settled};
use crate::clock;
use crate::elastic::{Address, BulkBody, Elastic, ElasticError, Outcome};
use crate::retry::Patience;

/// How long one call waits for Elasticsearch; `persist` around it waits for as long as the outage lasts.
const BULK_PATIENCE: Patience = Patience::lasting(Duration::from_mins(1));
/// When a message that could not be finished is tried again.
const RELEASE_DELAY: Duration = Duration::from_secs(10);
/// How many refusals are written at a time.
const UNITS_AT_A_TIME: usize = 8;

/// A unit on its way to the end.
#[derive(Debug)]
pub struct Work {
    /// What it became; `None` if it has to go back to the queue.
    pub prepared: Option<Prepared>,
    /// The message that told of it.
    pub delivery: Arc<Delivery>,
}

/// What finishing needs to know, the same for all batches of a worker.
#[derive(Debug)]
pub struct Finish {
    /// The cluster of articles and ledger.
    pub elastic: Elastic,
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// Where refused objects go.
    pub errors: BucketLocation,
    /// Name of the ledger's index.
    pub ledger: String,
    /// Source, revision and runner.
    pub recorder: Recorder,
    /// The queue.
    pub queue: Queue,
    /// What was done so far.
    pub counts: Counts,
}

impl Finish {
    /// Finishes a batch. Units that cannot be finished go back to the queue.
    pub async fn finish(&self, mut batch: Vec<Work>, stop: &CancellationToken) {
        let records = match self.index(&mut batch, stop).await {
            Some(stored) => self.keep_refusals_and_record(&batch, stored, stop).await,
            None => vec![None; batch.len()],
        };
        let recorded = self.record(&records, stop).await;
        let mut acknowledged = Vec::new();
        for (work, record) in batch.iter().zip(&records) {
            let nothing_to_record = matches!(work.prepared, Some(Prepared::Nothing));
            let is_final = nothing_to_record || (recorded && record.is_some());
            if let (true, Some(record)) = (is_final, record) {
                self.counts.add(record.state);
            }
            match work.delivery.settle(is_final) {
                Some(Settled::Acknowledge) => acknowledged.push(work.delivery.receipt.clone()),
                Some(Settled::Release) => self.queue.release(&work.delivery.receipt, RELEASE_DELAY).await,
                None => {}
            }
        }
        self.queue.acknowledge(&acknowledged).await;
    }

    /// Indexes all documents of a batch. Documents that Elasticsearch refuses become refusals of their units. Gives
    /// the addresses of the stored documents, unit by unit.
    async fn index(&self, batch: &mut [Work], stop: &CancellationToken) -> Option<Vec<Vec<DocumentAddress>>> {
        let send = || self.bulk(articles_body(batch), stop);
        let outcomes = persist("index", stop, send).await?;
        let mut outcomes = outcomes.into_iter();
        let stored = batch.iter_mut().map(|work| match &mut work.prepared {
            Some(Prepared::Converted(converted)) => take_outcomes(converted, &mut outcomes),
            _ => Vec::new(),
        });
        Some(stored.collect())
    }

    async fn bulk(&self, body: BulkBody, stop: &CancellationToken) -> Result<Vec<Outcome>, ElasticError> {
        self.elastic.bulk_all(body, BULK_PATIENCE, stop).await
    }

    /// Writes the evidence of each refused unit, and makes the records; `None` for a unit that is not final.
    async fn keep_refusals_and_record(
        &self,
        batch: &[Work],
        stored: Vec<Vec<DocumentAddress>>,
        stop: &CancellationToken,
    ) -> Vec<Option<UnitRecord>> {
        let mut stored = stored.into_iter();
        let mut records = Vec::with_capacity(batch.len());
        for works in batch.chunks(UNITS_AT_A_TIME) {
            let closing =
                works.iter().zip(stored.by_ref()).map(|(work, stored)| self.close(work, stored, stop));
            records.extend(join_all(closing).await);
        }
        records
    }

    async fn close(
        &self,
        work: &Work,
        stored: Vec<DocumentAddress>,
        stop: &CancellationToken,
    ) -> Option<UnitRecord> {
        let now = clock::now_millis();
        let attempts = work.delivery.attempts;
        match work.prepared.as_ref()? {
            Prepared::Nothing => None,
            Prepared::Skipped(unit, reason) => {
                // An object that was ingested and deleted since, told of once more: its record stays as it is.
                let digest = unit.digest();
                let known = persist("look up", stop, || self.elastic.get(&self.ledger, &digest));
                match known.await? {
                    Some(stored) => serde_json::from_value(stored.source.into()).ok(),
                    None => Some(self.recorder.of_skipped(unit.clone(), *reason, attempts, now)),
                }
            }
            Prepared::Converted(converted) => {
                if !converted.refusals.is_empty() {
                    self.keep_refusal(converted, attempts, stop).await?;
                }
                Some(self.recorder.of_converted(converted, stored, attempts, now))
            }
        }
    }

    async fn keep_refusal(
        &self,
        converted: &Converted,
        attempts: i64,
        stop: &CancellationToken,
    ) -> Option<()> {
        let first = converted.refusals.first()?;
        let unit = &converted.unit;
        tracing::warn!(unit = ?unit.id, reason = %first.reason, message = first.message, "refused");
        let record = ErrorRecord {
            source: self.recorder.source.clone(),
            unit: unit.id.clone(),
            stage: first.stage,
            reason: first.reason.to_string(),
            message: first.message.clone(),
            refusals: converted.refusals.iter().map(|refusal| refusal.detail.clone()).collect(),
            attempts,
            revision: self.recorder.revision.clone(),
            time: clock::rfc3339(clock::now_millis()),
            runner: self.recorder.runner.clone(),
        };
        persist("refuse", stop, || refuse::refuse(&self.s3, &self.errors, unit, &record)).await
    }

    /// Writes the records; only when all of them are stored are their units final.
    async fn record(&self, records: &[Option<UnitRecord>], stop: &CancellationToken) -> bool {
        let send = || self.bulk(self.ledger_body(records), stop);
        let outcomes = persist("record", stop, send).await;
        let Some(outcomes) = outcomes else { return false };
        let refused = outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Rejected(fault) => Some(fault),
            Outcome::Done | Outcome::Superseded => None,
        });
        if let Some(fault) = refused {
            tracing::error!(%fault, index = self.ledger, "the ledger refuses records; the batch goes back to the queue");
        }
        refused.is_none()
    }

    fn ledger_body(&self, records: &[Option<UnitRecord>]) -> BulkBody {
        let mut body = BulkBody::default();
        for record in records.iter().flatten() {
            let id = record.unit.digest();
            let source = serde_json::to_vec(record).unwrap_or_default();
            body.push_index(Address { index: &self.ledger, id: &id }, None, &source);
        }
        body
    }
}

/// The documents of a batch, indexed now.
fn articles_body(batch: &[Work]) -> BulkBody {
    let indexed_time = clock::rfc3339(clock::now_millis());
    let mut body = BulkBody::default();
    for work in batch {
        let Some(Prepared::Converted(converted)) = &work.prepared else { continue };
        let version = u64::try_from(converted.unit.last_modified_millis).unwrap_or(0);
        for document in &converted.documents {
            let DocumentAddress { index, id } = &document.address;
            let source = indexed_source(&document.line, &indexed_time);
            body.push_index(Address { index, id }, Some(version), &source);
        }
    }
    body
}

/// Takes the outcomes of a unit's documents, as many as it has: the stored ones' addresses are given, the refused
/// ones join the unit's refusals.
fn take_outcomes(
    converted: &mut Converted,
    outcomes: &mut impl Iterator<Item = Outcome>,
) -> Vec<DocumentAddress> {
    let mut stored = Vec::with_capacity(converted.documents.len());
    for (document, outcome) in converted.documents.iter().zip(outcomes) {
        match outcome {
            Outcome::Done | Outcome::Superseded => stored.push(document.address.clone()),
            Outcome::Rejected(fault) => {
                let DocumentAddress { index, id } = &document.address;
                let message = format!("Elasticsearch refuses document {id:?} of index {index:?}: {fault}");
                let detail =
                    json!({"reason": Reason::IndexRejected, "message": message, "index": index, "id": id});
                let reason = Reason::IndexRejected;
                converted.refusals.push(RefusedPart { stage: Stage::Index, reason, message, detail });
            }
        }
    }
    stored
}
