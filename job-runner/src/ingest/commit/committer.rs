//! Commits a batch of units: index, refuse, record — in this order, so that a step that is interrupted is
//! repeated and nothing is lost. Only then is whoever reported a unit notified of its outcome.

use std::collections::BTreeMap;
use std::time::Duration;

use docmill_clients::clock;
use docmill_clients::elastic::Address;
use docmill_convert::Addressing;
use docmill_crds::api::storage::{BucketLocation, OnDelete};
use docmill_crds::contract::IndexTrouble;
use docmill_crds::records::units::{UnitId, UnitState};
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::commit_request::CommitRequest;
use super::ledger_update::{self, EarlierRecords, LedgerUpdate, RecordOutcome};
use crate::ingest::clusters::Clusters;
use crate::ingest::counts::UnitCounts;
use crate::ingest::index::bulk_policy::SendMode;
use crate::ingest::index::heads::unless_held;
use crate::ingest::index::index_creation_limit::{IndexCreationLimit, sift};
use crate::ingest::index::indexer::Indexer;
use crate::ingest::ledger::member_evidence::MemberEvidence;
use crate::ingest::ledger::record::Recorder;
use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::duplicates::UnitDuplicates;
use crate::ingest::unit::indexing::{HeldByIndex, IndexRequest};
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
    /// Keeps refused members of archives; `None` if objects are none.
    pub archives: Option<MemberEvidence>,
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
                if let Some(duplicates) = UnitDuplicates::of(converted) {
                    telemetry::worker().metrics.overwritten(duplicates.documents);
                    self.counts.add_overwritten(duplicates);
                }
                telemetry::worker().metrics.repairs(&converted.repairs);
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
}

/// Counts the documents of a unit that is now indexed, and the time since its object landed.
fn count(update: &LedgerUpdate, record_outcome: RecordOutcome) {
    let indexed = update.records.first().filter(|(record, _)| record.state == UnitState::Indexed);
    if let (Some((record, _)), RecordOutcome::Stored) = (indexed, record_outcome) {
        telemetry::worker().metrics.searchable(record.document_count, record.lag_millis);
    }
}
