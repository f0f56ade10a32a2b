//! Takes back documents that have to be deleted: those of a removed key, or those that a newer version of
//! their key no longer has.
//!
//! The head of each document decides about it: a document that a later unit of the key claimed stays. So
//! callers may name too many documents, and any number of them is taken back in batches.

use std::io;

use docmill_clients::clock;
use docmill_clients::elastic::{Elastic, ElasticError, Pit};
use docmill_clients::retry::RetryPolicy;
use docmill_crds::api::storage::OnDelete;
use docmill_crds::reason::SkipReason;
use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::UnitId;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use super::commit_request::CommitRequest;
use super::committer::Committer;
use super::ledger_update;
use super::removed_documents::DocumentsToDelete;
use crate::ingest::index::heads::{CommitError, unless_held};
use crate::ingest::index::indexer;
use crate::ingest::retry::retry_step;
use crate::ingest::snapshot;
use crate::ingest::snapshot::read::{self, OpenedSnapshot, SnapshotLines};
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::indexing::HeldByIndex;
use crate::ingest::unit::prepared::{Converted, ConvertedDocuments, Prepared};

/// Documents that are taken back per batch.
const DOCUMENTS_AT_A_TIME: usize = 1000;

impl Committer {
    /// Takes back documents of a key, except those claimed by a unit that took the key with the version
    /// `below` or a later one. `head` is that of the key. Idempotent.
    pub(crate) async fn take_back(
        &self,
        to_delete: &DocumentsToDelete,
        head: &KeyHead,
        below: u64,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        if self.indexer.articles.is_none() {
            return Ok(());
        }
        let raw_key = &head.unit.key;
        match to_delete {
            DocumentsToDelete::Named(documents) => {
                let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
                self.indexer.take_back(raw_key, below, &ids, stop).await?;
            }
            DocumentsToDelete::InSnapshot { unit, reference, count } => {
                let taken_back = self.take_back_of_snapshot(reference, raw_key, below, stop).await?;
                // Some are not where they should be, or have other ids than the current templates give.
                if i64::try_from(taken_back).is_ok_and(|taken_back| taken_back < *count) {
                    self.take_back_of_index(&self.of_unit(unit), raw_key, below, stop).await?;
                }
            }
            DocumentsToDelete::Unrecorded(unit) => {
                self.foreclose(unit, head, below, stop).await?;
                // Whichever unit they belong to: a document that was claimed but never written is still there
                // as an earlier unit stored it.
                self.take_back_of_index(&self.of_key(unit), raw_key, below, stop).await?;
            }
        }
        Ok(())
    }

    /// Ensures that the record of any attempt still in progress on a unit is refused, so that it takes back
    /// what it stored; and takes back what a snapshot of the unit names.
    async fn foreclose(
        &self,
        unit: &UnitId,
        head: &KeyHead,
        below: u64,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let reason = if head.gone { SkipReason::ObjectGone } else { SkipReason::ObjectReplaced };
        let record = self.recorder.of_skipped(unit.clone(), reason, 0, clock::now_millis());
        self.write_record(
            &record,
            Some(ledger_update::replaced_record_version(head)),
            RetryPolicy::once(),
            stop,
        )
        .await?;
        let reference = snapshot::key(&self.snapshots, unit, &self.recorder.revision);
        self.take_back_of_snapshot(&reference, &unit.key, below, stop).await.map(drop)
    }

    /// Takes back what a unit has stored from its snapshot after it lost its key to `head`.
    pub(crate) async fn take_back_lost(
        &self,
        reference: &str,
        key: &str,
        head: &KeyHead,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        if self.on_delete == OnDelete::Keep || self.indexer.articles.is_none() {
            return Ok(());
        }
        self.take_back_of_snapshot(reference, key, head.version, stop).await.map(drop)
    }

    /// Takes back by the lines of a snapshot; nothing if it is not there. Returns how many places belonged to
    /// them.
    async fn take_back_of_snapshot(
        &self,
        reference: &str,
        key: &str,
        below: u64,
        stop: &CancellationToken,
    ) -> Result<usize, CommitError> {
        let opened = read::open(&self.s3, &self.snapshots.bucket, reference).await?;
        let Some(mut lines) = opened.and_then(OpenedSnapshot::lines).map(BufReader::new) else {
            return Ok(0);
        };
        let mut taken_back = 0;
        loop {
            let ids = match self.next_ids(&mut lines).await {
                Ok(ids) => ids,
                Err(error) => {
                    tracing::warn!(%error, reference, "failed to read a snapshot to its end; searching the index instead");
                    return Ok(0);
                }
            };
            if ids.is_empty() {
                return Ok(taken_back);
            }
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            taken_back += self.indexer.take_back(key, below, &ids, stop).await?;
        }
    }

    async fn next_ids(&self, lines: &mut BufReader<SnapshotLines>) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        while ids.len() < DOCUMENTS_AT_A_TIME {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line).await? == 0 {
                break;
            }
            ids.push(self.addressing.of_line(&line).map_err(io::Error::other)?.id);
        }
        Ok(ids)
    }

    /// A query for the documents of a key.
    fn of_key(&self, unit: &UnitId) -> Value {
        json!({"bool": {"filter": [
            {"term": {"_docmill.source": self.recorder.source}},
            {"term": {"_docmill.unit.bucket": unit.bucket}},
            {"term": {"_docmill.unit.key": unit.key}},
        ]}})
    }

    /// A query for the documents that name this unit.
    fn of_unit(&self, unit: &UnitId) -> Value {
        let version = json!({"term": {"_docmill.unit.version": unit.version}});
        json!({"bool": {"filter": [self.of_key(unit), version]}})
    }

    /// Takes back by a search of the index.
    async fn take_back_of_index(
        &self,
        query: &Value,
        key: &str,
        below: u64,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let Some(articles) = &self.indexer.articles else { return Ok(()) };
        let (elastic, pattern) = (&articles.elastic, articles.pattern());
        elastic.refresh(pattern).await?;
        // Also because OpenSearch has no view of a pattern that matches no index.
        if elastic.count(pattern, query).await? == 0 {
            return Ok(());
        }
        let mut pit = elastic.open_pit(pattern).await?;
        let result = self.take_back_found(elastic, query, &mut pit, (key, below), stop).await;
        if let Err(error) = elastic.close_pit(pit).await {
            tracing::debug!(%error, "failed to close a point in time; it will expire");
        }
        result
    }

    async fn take_back_found(
        &self,
        elastic: &Elastic,
        query: &Value,
        pit: &mut Pit,
        (key, below): (&str, u64),
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let mut last = None::<Value>;
        loop {
            let mut body = json!({"size": DOCUMENTS_AT_A_TIME, "query": query, "_source": false,
                "sort": pit.sort_by_keyword("_docmill.unit.key"), "track_total_hits": false});
            if let Some(last) = last.take() {
                body["search_after"] = last;
            }
            let response = elastic.search_pit(pit, body).await?;
            let Some(hits) = response.pointer("/hits/hits").and_then(Value::as_array) else {
                return Err(ElasticError::Unreadable("a search without hits".to_owned()).into());
            };
            let ids: Vec<&str> = hits.iter().filter_map(|hit| hit.get("_id")?.as_str()).collect();
            self.indexer.take_back(key, below, &ids, stop).await?;
            last = hits.last().and_then(|hit| hit.get("sort").cloned());
            if last.is_none() {
                return Ok(());
            }
        }
    }

    /// Takes back what was stored of a unit whose record was refused, because its key was removed or a newer
    /// version was completed meanwhile. [`Unfinished`]: to be tried again later.
    pub(crate) async fn withdraw(
        &self,
        request: &CommitRequest,
        stop: &CancellationToken,
    ) -> Result<(), Unfinished> {
        let Prepared::Converted(converted) = &request.prepared else { return Ok(()) };
        if self.on_delete == OnDelete::Keep || request.head().is_none() {
            return Ok(());
        }
        retry_step("withdraw", stop, || self.withdraw_now(converted, stop)).await
    }

    async fn withdraw_now(&self, converted: &Converted, stop: &CancellationToken) -> Result<(), CommitError> {
        let id = &converted.unit.id;
        let Some((head, _)) = self.indexer.heads.key(&id.bucket, &id.key).await? else { return Ok(()) };
        if !head.gone && head.unit == *id {
            return Ok(());
        }
        match (&converted.content, &converted.snapshot) {
            (ConvertedDocuments::InMemory(documents), _) => {
                self.indexer.take_back(&id.key, head.version, &indexer::ids(documents), stop).await?;
            }
            (ConvertedDocuments::InSnapshot, Some(reference)) => {
                self.take_back_of_snapshot(reference, &id.key, head.version, stop).await?;
            }
            (ConvertedDocuments::InSnapshot | ConvertedDocuments::Unchanged, _) => {}
        }
        if head.gone && !converted.refusals.is_empty() {
            self.remove_evidence(id).await?;
        }
        Ok(())
    }

    /// Takes back what an attempt left behind whose worker died, for a unit that can no longer be read. Only
    /// if its key was completed since: otherwise whoever completes it will find the leftovers. Returns the
    /// index that keeps them, if any. [`Unfinished`]: to be tried again later.
    pub(crate) async fn clear_up(
        &self,
        request: &CommitRequest,
        stop: &CancellationToken,
    ) -> Result<Option<HeldByIndex>, Unfinished> {
        let Prepared::Skipped(unit, _) = &request.prepared else { return Ok(None) };
        // There is no attempt before the first one.
        if self.on_delete == OnDelete::Keep || request.attempts < 2 {
            return Ok(None);
        }
        retry_step("clear up", stop, || async { unless_held(self.clear_up_now(unit, stop).await) }).await
    }

    async fn clear_up_now(&self, unit: &UnitId, stop: &CancellationToken) -> Result<(), CommitError> {
        let Some((head, _)) = self.indexer.heads.key(&unit.bucket, &unit.key).await? else { return Ok(()) };
        let held_its_key = (head.gone && head.unit == *unit) || head.earlier.contains(&unit.version);
        if !held_its_key {
            return Ok(());
        }
        if head.gone {
            self.take_back(&DocumentsToDelete::Unrecorded(unit.clone()), &head, head.version, stop).await?;
        } else {
            self.foreclose(unit, &head, head.version, stop).await?;
            // Others of the key may be the last good ones.
            self.take_back_of_index(&self.of_unit(unit), &unit.key, head.version, stop).await?;
        }
        Ok(self.remove_evidence(unit).await?)
    }
}
