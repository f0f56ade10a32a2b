//! Commits a batch of units: index, refuse, record — in this order, so that a step that is interrupted is
//! repeated and nothing is lost. Only then is whoever reported a unit notified of its outcome.

use std::collections::BTreeMap;
use std::time::Duration;

use docmill_clients::elastic::{Address, BulkBody, ConcurrencyToken, ItemOutcome};
use docmill_clients::retry::RetryPolicy;
use docmill_clients::{clock, store_health};
use docmill_crds::api::storage::{BucketLocation, OnDelete};
use docmill_crds::contract::IndexTrouble;
use docmill_crds::error_class::Classify as _;
use docmill_crds::records::units::{UnitId, UnitRecord, UnitState};
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::commit_request::CommitRequest;
use super::ledger_update::{self, EarlierRecords, LedgerUpdate, RecordOutcome};
use crate::ingest::clusters::Clusters;
use crate::ingest::counts::UnitCounts;
use crate::ingest::index::bulk_policy::SendMode;
use crate::ingest::index::heads::{CommitError, unless_held};
use crate::ingest::index::index_creation_limit::{IndexCreationLimit, sift};
use crate::ingest::index::indexer::Indexer;
use crate::ingest::ledger::errors_bucket;
use crate::ingest::ledger::record::Recorder;
use crate::ingest::prepare::address::Addressing;
use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::indexing::{HeldByIndex, IndexRequest, PATIENCE};
use crate::ingest::unit::prepared::{ConvertedDocuments, Prepared};
use crate::ingest::unit::refusal::deletion_blocked;
use crate::ingest::unit::task::UnitOutcome;
use crate::telemetry;

/// Refusals that are written concurrently.
const REFUSALS_AT_A_TIME: usize = 8;

/// A unit, and what has to be written for it.
pub type UnitCommit = (CommitRequest, LedgerUpdate);

/// What remains to be done for units of a batch.
#[derive(Debug, Default)]
pub struct BatchRemainder {
    /// Units with evidence, for [`Committer::settle`].
    pub with_evidence: Vec<UnitCommit>,
    /// Units of a slow index, to be finished in another attempt, separately.
    pub slow: Vec<CommitRequest>,
}

/// What committing needs, shared by all batches of a worker.
#[derive(Debug)]
pub struct Committer {
    /// The clusters of ledger and articles.
    pub clusters: Clusters,
    /// Stores documents where they belong.
    pub indexer: Indexer,
    /// Limits how many new indices are created; `None` without an index.
    pub index_creation_limit: Option<IndexCreationLimit>,
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// The source's own location for snapshots.
    pub snapshots: BucketLocation,
    /// How documents are addressed.
    pub addressing: Addressing,
    /// The source's own location for refused objects.
    pub errors: BucketLocation,
    /// How long a unit waits for an index that will not accept writes again by itself.
    pub blocked_patience: Duration,
    /// What happens to documents that a newer version of their object no longer has.
    pub on_delete: OnDelete,
    /// Name of the ledger index.
    pub ledger_index: String,
    /// Source, revision and runner.
    pub recorder: Recorder,
    /// What was done so far.
    pub counts: UnitCounts,
}

impl Committer {
    /// Finishes a batch, and notifies those who wait. Returns the units that need further work, so that the
    /// others do not wait for them.
    pub async fn finish(
        &self,
        mut batch: Vec<CommitRequest>,
        mode: SendMode,
        stop: &CancellationToken,
    ) -> BatchRemainder {
        if self.place(&mut batch, mode, stop).await.is_err() {
            self.give_up(batch, mode);
            return BatchRemainder::default();
        }
        let (held, batch): (Vec<_>, _) = batch.into_iter().partition(|request| request.held.is_some());
        let mut slow = self.release_held(held, mode);
        let Ok(commits) = self.plan_updates(batch, stop).await else {
            return BatchRemainder { slow, ..BatchRemainder::default() };
        };
        let (held, commits): (Vec<_>, _) =
            commits.into_iter().partition(|(request, _)| request.held.is_some());
        slow.extend(self.release_held(held.into_iter().map(|(request, _)| request).collect(), mode));
        let (plain, with_evidence) =
            commits.into_iter().partition(|(_, update)| update.evidence.is_settled());
        self.conclude(plain, stop).await;
        BatchRemainder { with_evidence, slow }
    }

    /// Handles a batch of which nothing could be stored. If a slow index caused that, its units wait for that
    /// index and for nothing else.
    fn give_up(&self, batch: Vec<CommitRequest>, mode: SendMode) {
        let outcome =
            if mode.is_alone() { UnitOutcome::Held(IndexTrouble::Slow) } else { UnitOutcome::Unfinished };
        for request in batch {
            self.answer(request, outcome.clone());
        }
    }

    /// Releases units that wait for an index. Returns those for which a slow index is to be tried separately.
    fn release_held(&self, held: Vec<CommitRequest>, mode: SendMode) -> Vec<CommitRequest> {
        let mut held_by_index: BTreeMap<String, (usize, String)> = BTreeMap::new();
        let mut slow = Vec::new();
        for request in held {
            let Some(HeldByIndex { index, trouble, fault }) = &request.held else { continue };
            if *trouble == IndexTrouble::Slow && !mode.is_alone() && !request.is_large() {
                slow.push(request);
                continue;
            }
            held_by_index.entry(index.clone()).or_insert_with(|| (0, fault.for_records())).0 += 1;
            let trouble = *trouble;
            self.answer(request, UnitOutcome::Held(trouble));
        }
        for (index, (units, fault)) in held_by_index {
            tracing::warn!(
                index,
                units,
                fault,
                "an index takes no writes; its units wait while others go on"
            );
        }
        slow
    }

    /// Whether a unit that has waited this long fails because an index takes no writes. Units of a run count
    /// as having waited for as long as their worker has known about the index, so that not every file of the
    /// run starts waiting from zero.
    pub fn patience_is_over(&self, redelivered_for: Duration, held: &HeldByIndex) -> bool {
        let articles = self.indexer.articles.as_ref().filter(|_| self.recorder.run.is_some());
        let refusing_for =
            articles.map_or(Duration::ZERO, |articles| articles.index_health.refusing_for(&held.index));
        held.trouble.fails_in_the_end() && redelivered_for.max(refusing_for) >= self.blocked_patience
    }

    /// The slow index that one of the unit's documents belongs to, if any.
    pub fn slow_index(&self, request: &CommitRequest) -> Option<String> {
        let articles = self.indexer.articles.as_ref().filter(|articles| articles.index_health.has_slow())?;
        let documents = request.index_request()?.documents;
        let index = documents.iter().map(|document| &document.recorded.index);
        index.into_iter().find(|index| articles.index_health.is_slow(index)).cloned()
    }

    /// Settles the evidence of units, records them, and notifies those who wait.
    pub async fn settle(&self, units: Vec<UnitCommit>, stop: &CancellationToken) {
        let mut settled = Vec::with_capacity(units.len());
        for units in units.chunks(REFUSALS_AT_A_TIME) {
            let settling = units.iter().map(|(request, update)| self.settle_evidence(request, update, stop));
            settled.extend(join_all(settling).await);
        }
        let (settled, unsettled): (Vec<_>, Vec<_>) =
            units.into_iter().zip(settled).partition(|(_, is_settled)| *is_settled);
        for ((request, _), _) in unsettled {
            self.answer(request, UnitOutcome::Unfinished);
        }
        self.conclude(settled.into_iter().map(|(unit, _)| unit).collect(), stop).await;
    }

    /// Decides what to write for units whose documents are stored, and deletes the documents that they no
    /// longer have. Marks units for which an index prevents that.
    async fn plan_updates(
        &self,
        mut batch: Vec<CommitRequest>,
        stop: &CancellationToken,
    ) -> Result<Vec<UnitCommit>, Unfinished> {
        let updates = match self.earlier_records(&batch, stop).await {
            Ok(earlier) => self.retire_all(&mut batch, &earlier, stop).await,
            Err(unfinished) => Err(unfinished),
        };
        match updates {
            Ok(updates) => Ok(batch.into_iter().zip(updates).collect()),
            Err(unfinished) => {
                self.give_up(batch, SendMode::with_others());
                Err(unfinished)
            }
        }
    }

    async fn retire_all(
        &self,
        batch: &mut [CommitRequest],
        earlier: &EarlierRecords,
        stop: &CancellationToken,
    ) -> Result<Vec<LedgerUpdate>, Unfinished> {
        let now = clock::now_millis();
        let mut updates = Vec::with_capacity(batch.len());
        for request in batch {
            let update = ledger_update::plan_update(request, earlier, &self.recorder, now);
            let Some(held) = self.retire(request, &update, stop).await? else {
                updates.push(update);
                continue;
            };
            if self.patience_is_over(request.redelivered_for, &held) {
                request.refuse(deletion_blocked(&held));
            } else {
                request.held = Some(held);
            }
            updates.push(ledger_update::plan_update(request, earlier, &self.recorder, now));
        }
        Ok(updates)
    }

    /// Records units, and notifies those who wait.
    async fn conclude(&self, units: Vec<UnitCommit>, stop: &CancellationToken) {
        if units.is_empty() {
            return;
        }
        let record_outcomes = self.record(&units, stop).await;
        let record_outcomes =
            record_outcomes.unwrap_or_else(|Unfinished| vec![RecordOutcome::Unfinished; units.len()]);
        for ((request, update), mut record_outcome) in units.into_iter().zip(record_outcomes) {
            if record_outcome == RecordOutcome::Superseded && self.withdraw(&request, stop).await.is_err() {
                record_outcome = RecordOutcome::Unfinished;
            }
            count(&update, record_outcome);
            self.drop_evidence(&request, &update, record_outcome, stop).await;
            self.answer(request, update.outcome(record_outcome));
        }
    }

    /// Sends a unit's outcome to whoever waits for it.
    pub(crate) fn answer(&self, request: CommitRequest, outcome: UnitOutcome) {
        if let UnitOutcome::Final { state, .. } = outcome {
            self.counts.add(state);
            if let (Prepared::Converted(converted), false) = (&request.prepared, state == UnitState::Skipped)
            {
                let overwritten = converted.overwritten.count();
                self.counts.add_overwritten(overwritten);
                telemetry::worker().metrics.overwritten(overwritten);
            }
        }
        // Nobody waits any more when the worker is about to end.
        let _ = request.reply_to.send(outcome);
    }

    /// Stores all documents that are in memory. Documents that Elasticsearch rejects become refusals of their
    /// units.
    async fn place(
        &self,
        batch: &mut [CommitRequest],
        mode: SendMode,
        stop: &CancellationToken,
    ) -> Result<(), Unfinished> {
        self.keep_out(batch, stop).await?;
        let positions: Vec<usize> =
            (0..batch.len()).filter(|position| batch[*position].index_request().is_some()).collect();
        let requests: Vec<IndexRequest<'_>> =
            positions.iter().filter_map(|position| batch[*position].index_request()).collect();
        // On the heap, since it is large.
        let attempt = || Box::pin(self.indexer.place(&requests, mode, stop));
        let outcomes = if mode.is_alone() {
            let result = stop.run_until_cancelled(attempt()).await.ok_or(Unfinished)?;
            result.map_err(|error| {
                tracing::warn!(%error, "a slow index accepted nothing");
                Unfinished
            })?
        } else {
            retry_step("index", stop, attempt).await?
        };
        for (position, outcome) in positions.into_iter().zip(outcomes) {
            let redelivered_for = batch[position].redelivered_for;
            batch[position].record_outcome(outcome, |held| self.patience_is_over(redelivered_for, held));
        }
        Ok(())
    }

    /// Takes out the documents whose indices may not be created now: they are refused.
    async fn keep_out(
        &self,
        batch: &mut [CommitRequest],
        stop: &CancellationToken,
    ) -> Result<(), Unfinished> {
        let Some(limit) = &self.index_creation_limit else { return Ok(()) };
        let documents =
            batch.iter().filter_map(CommitRequest::index_request).flat_map(|request| request.documents);
        let names = documents.map(|document| document.recorded.index.as_str());
        let refused = limit.refused(names, stop).await?;
        for request in batch.iter_mut().filter(|_| !refused.is_empty()) {
            if let Prepared::Converted(converted) = &mut request.prepared
                && let ConvertedDocuments::InMemory(documents) = &mut converted.content
            {
                converted.refusals.extend(sift(documents, &refused, limit.max_per_hour));
            }
        }
        Ok(())
    }

    /// Fetches the records of the units that the batch replaces.
    async fn earlier_records(
        &self,
        batch: &[CommitRequest],
        stop: &CancellationToken,
    ) -> Result<EarlierRecords, Unfinished> {
        let ids: Vec<UnitId> = batch.iter().flat_map(CommitRequest::earlier).collect();
        let digests: Vec<String> = ids.iter().map(UnitId::digest).collect();
        let addresses: Vec<_> = digests.iter().map(|id| Address { index: &self.ledger_index, id }).collect();
        let records = retry_step("look up", stop, || self.clusters.ledger.mget(&addresses, &[])).await?;
        Ok(ids.into_iter().zip(records).collect())
    }

    /// Keeps the evidence of a refusal, or removes what an earlier one left. Returns whether that is done.
    async fn settle_evidence(
        &self,
        request: &CommitRequest,
        update: &LedgerUpdate,
        stop: &CancellationToken,
    ) -> bool {
        let (Prepared::Converted(converted), errors) = (&request.prepared, &self.errors) else { return true };
        if let Some(record) = &update.evidence.keep {
            tracing::warn!(unit = ?converted.unit.id, reason = record.reason, message = record.message, "a unit is refused");
            let keep = || errors_bucket::refuse(&self.s3, errors, &converted.unit, record);
            if retry_step("refuse", stop, keep).await.is_err() {
                return false;
            }
        }
        for unit in &update.evidence.remove {
            let remove = || errors_bucket::remove(&self.s3, errors, unit);
            if retry_step("remove what is refused no more", stop, remove).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Removes the evidence of a unit whose failure was not recorded because another version of its key has
    /// replaced it meanwhile. Leftover evidence is not held against the unit; an audit finds it.
    async fn drop_evidence(
        &self,
        request: &CommitRequest,
        update: &LedgerUpdate,
        record_outcome: RecordOutcome,
        stop: &CancellationToken,
    ) {
        let (Prepared::Converted(converted), Some(_), RecordOutcome::Superseded) =
            (&request.prepared, &update.evidence.keep, record_outcome)
        else {
            return;
        };
        let unit = &converted.unit.id;
        let attempt = || async { self.clusters.ledger.get(&self.ledger_index, &unit.digest()).await };
        let Ok(stored) = retry_step("look up", stop, attempt).await else { return };
        // Another worker may have recorded the same failure, with the same evidence.
        if stored.is_some_and(|stored| stored.source.get("state") != Some(&UnitState::Failed.as_str().into()))
        {
            let remove = || errors_bucket::remove(&self.s3, &self.errors, unit);
            // If the evidence stays, the log says so.
            let _ = retry_step("remove what is refused no more", stop, remove).await;
        }
    }

    /// Deletes the documents that the unit no longer has, and what an attempt left behind whose worker died.
    /// Returns the index that keeps some of them, if any.
    async fn retire(
        &self,
        request: &CommitRequest,
        update: &LedgerUpdate,
        stop: &CancellationToken,
    ) -> Result<Option<HeldByIndex>, Unfinished> {
        if let Some(held) = self.clear_up(request, stop).await? {
            return Ok(Some(held));
        }
        let Some(head) = request.head() else { return Ok(None) };
        for deletion in update.deletion_requests(self.on_delete) {
            let retire = || async {
                unless_held(self.take_back(&deletion.documents, head, deletion.below, stop).await)
            };
            if let Some(held) = retry_step("retire", stop, retire).await? {
                return Ok(Some(held));
            }
        }
        Ok(None)
    }

    /// Writes the records, and returns what became of each unit's own record.
    async fn record(
        &self,
        units: &[UnitCommit],
        stop: &CancellationToken,
    ) -> Result<Vec<RecordOutcome>, Unfinished> {
        let records = || {
            let records = units.iter().flat_map(|(_, update)| &update.records);
            records.map(|(record, version)| (record, Some(*version)))
        };
        let send = || self.clusters.ledger.bulk_all(self.ledger_body(records()), PATIENCE, stop);
        let mut outcomes = retry_step("record", stop, send).await?.into_iter();
        let outcome_of_record = |(_, update): &UnitCommit| {
            let own: Vec<ItemOutcome> = outcomes.by_ref().take(update.records.len()).collect();
            let id = update.records.first().map(|(record, _)| record.unit.digest()).unwrap_or_default();
            self.outcome_of_record(&id, &own)
        };
        Ok(units.iter().map(outcome_of_record).collect())
    }

    fn outcome_of_record(&self, id: &str, outcomes: &[ItemOutcome]) -> RecordOutcome {
        let refused = outcomes.iter().find_map(|outcome| match outcome {
            ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault) => Some(fault),
            ItemOutcome::Done | ItemOutcome::Superseded => None,
        });
        if let Some(fault) = refused {
            let (index, id) = (self.ledger_index.clone(), id.to_owned());
            let error = CommitError::Refused { index, id, fault: fault.clone() };
            // The problem stays reported for a while, and this worker goes on.
            store_health::global().held_up().set(error.store_problem(), &error.to_string());
            tracing::error!(%error, "the ledger refuses a record; its unit will be retried later");
            return RecordOutcome::Unfinished;
        }
        match outcomes.first() {
            Some(ItemOutcome::Superseded) => RecordOutcome::Superseded,
            _ => RecordOutcome::Stored,
        }
    }

    /// Writes one record by itself. With a version, a record that is older than the stored one is dropped.
    pub async fn write_record(
        &self,
        record: &UnitRecord,
        version: Option<u64>,
        patience: RetryPolicy,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let body = self.ledger_body(std::iter::once((record, version)));
        for outcome in self.clusters.ledger.bulk_all(body, patience, stop).await? {
            CommitError::written(outcome, &self.ledger_index, &record.unit.digest())?;
        }
        Ok(())
    }

    /// Replaces a record that was read. Returns an error if it was written since.
    pub(crate) async fn replace_record(
        &self,
        record: &UnitRecord,
        if_unchanged: ConcurrencyToken,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let (index, id) = (&self.ledger_index, &record.unit.digest());
        let mut body = BulkBody::default();
        let source = serde_json::to_vec(record).unwrap_or_default();
        body.push_compare_and_set(Address { index, id }, Some(if_unchanged), &source);
        for outcome in self.clusters.ledger.bulk_all(body, RetryPolicy::once(), stop).await? {
            if !CommitError::written(outcome, index, id)? {
                return Err(CommitError::Contended { index: index.clone() });
            }
        }
        Ok(())
    }

    fn ledger_body<'a>(&self, records: impl Iterator<Item = (&'a UnitRecord, Option<u64>)>) -> BulkBody {
        let mut body = BulkBody::default();
        for (record, version) in records {
            let id = record.unit.digest();
            let source = serde_json::to_vec(record).unwrap_or_default();
            body.push_index(Address { index: &self.ledger_index, id: &id }, version, &source);
        }
        body
    }
}

/// Counts the documents of a unit that is now indexed, and the time since its object landed.
fn count(update: &LedgerUpdate, record_outcome: RecordOutcome) {
    let indexed = update.records.first().filter(|(record, _)| record.state == UnitState::Indexed);
    if let (Some((record, _)), RecordOutcome::Stored) = (indexed, record_outcome) {
        telemetry::worker().metrics.searchable(record.document_count, record.lag_millis);
    }
}
