//! Erases what a look found. What leads to the rest, the heads of documents and the records of the ledger, comes last.

use std::collections::{BTreeMap, BTreeSet};

use docmill_clients::aws::StoreError;
use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody, Elastic, ElasticError, ItemOutcome, search_hits};
use docmill_clients::retry;
use docmill_crds::records::enrichments::{FailureRecord, enrichments_index};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::stores::{DocumentIndices, Stores};
use super::traces::{KeyTraces, Traces, named_ids};
use crate::ingest::commit::ledger_update::own_record_version;
use crate::ingest::index::heads::CommitError;
use crate::ingest::snapshot::read::{self, OpenedSnapshot};
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// Documents that are deleted at a time.
const DOCUMENTS_AT_A_TIME: usize = 1000;

/// Ids of documents.
type Ids = BTreeSet<String>;

impl Stores<'_> {
    /// Erases what was found. Idempotent.
    pub(super) async fn erase(&self, keys: &BTreeSet<String>, traces: &Traces) -> Result<(), RunError> {
        // Before anything that has ids is gone.
        let mut ids = Box::pin(self.ids(traces)).await?;
        for (key, of_key) in &traces.by_key {
            let of_documents = self.erase_documents(key).await?;
            let ids = ids.entry(key.clone()).or_default();
            ids.extend(of_documents);
            self.erase_failures(ids).await?;
            self.delete_versions(&self.snapshots, &of_key.snapshots).await?;
            self.delete_versions(&self.errors, &of_key.evidence).await?;
            self.delete_versions(&self.raw, &of_key.raw).await?;
        }
        for pack in &traces.packs {
            Box::pin(self.erase_pack(keys, pack)).await?;
        }
        for (_, versions) in &traces.messages {
            self.delete_versions(&self.errors, versions).await?;
        }
        for (key, of_key) in &traces.by_key {
            let stop = &self.context.stop.abort;
            let ids = ids.remove(key).unwrap_or_default();
            let forget = async || self.heads.forget(key, &ids, stop).await;
            retry::retry_transient(PATIENCE, stop, forget).await?;
            self.blank_records(key, of_key).await?;
        }
        Ok(())
    }

    /// The ids of all documents of the keys, as records and snapshots name them.
    async fn ids(&self, traces: &Traces) -> Result<BTreeMap<String, Ids>, RunError> {
        let mut ids: BTreeMap<String, Ids> = BTreeMap::new();
        for (key, of_key) in &traces.by_key {
            let of_key_ids = ids.entry(key.clone()).or_default();
            of_key_ids.extend(of_key.telling_records().flat_map(named_ids));
            for snapshot in of_key.snapshots.iter().filter(|snapshot| snapshot.is_latest) {
                self.ids_of_snapshot(&snapshot.key, of_key_ids).await?;
            }
        }
        for pack in &traces.packs {
            for (key, lines) in self.lines_of_pack(pack).await? {
                let lines = lines.split(|byte| *byte == b'\n');
                ids.entry(key).or_default().extend(lines.filter_map(|line| self.id_of_line(line)));
            }
        }
        Ok(ids)
    }

    async fn ids_of_snapshot(&self, key: &str, ids: &mut Ids) -> Result<(), RunError> {
        let bucket = &self.snapshots.location.bucket;
        let open = async || read::open(&self.context.s3, bucket, key).await;
        let opened = retry::retry_transient(PATIENCE, &self.context.stop.abort, open).await?;
        let Some(lines) = opened.and_then(OpenedSnapshot::lines) else { return Ok(()) };
        let mut lines = BufReader::new(lines);
        loop {
            let mut line = Vec::new();
            let read = lines.read_until(b'\n', &mut line).await;
            let action = || format!("read s3://{bucket}/{key}");
            if read.map_err(|error| StoreError::unavailable(action(), &error))? == 0 {
                return Ok(());
            }
            ids.extend(self.id_of_line(&line));
        }
    }

    /// The id of the document of a line; `None` without an index, or if the line is none.
    fn id_of_line(&self, line: &[u8]) -> Option<String> {
        let address = self.addressing.of_line(line).ok()?;
        Some(address.id).filter(|id| !id.is_empty())
    }

    /// Deletes the documents and enriched copies of a key. Returns their ids.
    async fn erase_documents(&self, key: &str) -> Result<Ids, RunError> {
        let (query, mut ids) = (self.query(key), Ids::new());
        for DocumentIndices { elastic, pattern } in self.indices() {
            loop {
                let deleted = self.delete_some(elastic, pattern, &query).await?;
                let is_last = deleted.len() < DOCUMENTS_AT_A_TIME;
                ids.extend(deleted);
                if is_last {
                    break;
                }
                let refresh = async || elastic.refresh(pattern).await;
                retry::retry_transient(PATIENCE, &self.context.stop.abort, refresh).await?;
            }
        }
        Ok(ids)
    }

    /// Deletes the first documents that a query finds, unless they were written since. Returns their ids.
    async fn delete_some(
        &self,
        elastic: &Elastic,
        pattern: &str,
        query: &Value,
    ) -> Result<Vec<String>, RunError> {
        let body = json!({"size": DOCUMENTS_AT_A_TIME, "query": query, "version": true, "_source": false,
            "track_total_hits": false});
        let search = async || elastic.search(pattern, &body).await;
        let answer = retry::retry_transient(PATIENCE, &self.context.stop.abort, search).await?;
        let hits = search_hits(&answer);
        let mut deletions = BulkBody::default();
        let mut ids = Vec::with_capacity(hits.len());
        for hit in hits {
            let text = |name: &str| hit.get(name).and_then(Value::as_str);
            let (Some(index), Some(id)) = (text("_index"), text("_id")) else { continue };
            deletions.push_delete(Address { index, id }, hit.get("_version").and_then(Value::as_u64));
            ids.push(id.to_owned());
        }
        if !deletions.is_empty() {
            let outcomes = elastic.bulk_all(deletions, PATIENCE, &self.context.stop.abort).await?;
            outcomes.into_iter().try_for_each(accepted)?;
        }
        Ok(ids)
    }

    /// Deletes what is recorded of documents that could not be enriched.
    async fn erase_failures(&self, ids: &Ids) -> Result<(), RunError> {
        let index = enrichments_index(&self.context.order.ingest.namespace);
        for enriched in &self.enriched {
            let elastic = &enriched.indices.elastic;
            let failures: Vec<String> = enriched
                .target_keys
                .iter()
                .flat_map(|target| ids.iter().map(move |id| FailureRecord::id(target, id)))
                .collect();
            for failures in failures.chunks(DOCUMENTS_AT_A_TIME) {
                let addresses: Vec<_> = failures.iter().map(|id| Address { index: &index, id }).collect();
                let fields = ["kind".to_owned()];
                let read = async || elastic.mget(&addresses, &fields).await;
                let stored = retry::retry_transient(PATIENCE, &self.context.stop.abort, read).await?;
                let found = failures.iter().zip(stored).filter(|(_, stored)| stored.is_some());
                let found: Vec<&str> = found.map(|(id, _)| id.as_str()).collect();
                let delete = async || elastic.delete_docs(&index, found.iter().copied()).await;
                retry::retry_transient(PATIENCE, &self.context.stop.abort, delete).await?;
            }
        }
        Ok(())
    }

    /// Leaves of the records of a key which units there were. A record that a worker writes afterwards is older.
    async fn blank_records(&self, key: &str, of_key: &KeyTraces) -> Result<(), RunError> {
        let Some(tombstone) = self.tombstone(key).await? else { return Ok(()) };
        let (now, version) = (clock::now_millis(), own_record_version(&tombstone));
        let mut body = BulkBody::default();
        for record in of_key.telling_records() {
            let blank = self.recorder.of_forgotten(record.unit.clone(), record.last_modified.clone(), now);
            let (id, source) = (blank.unit.digest(), json!(blank).to_string());
            let address = Address { index: &self.ledger_index, id: &id };
            body.push_index(address, Some(version), source.as_bytes());
        }
        if body.is_empty() {
            return Ok(());
        }
        let outcomes =
            self.context.clusters.ledger.bulk_all(body, PATIENCE, &self.context.stop.abort).await?;
        outcomes.into_iter().try_for_each(|outcome| {
            CommitError::written(outcome, &self.ledger_index, key).map(drop).map_err(RunError::from)
        })
    }
}

/// Whether a deletion was accepted; one of a document that is gone or newer is.
fn accepted(outcome: ItemOutcome) -> Result<(), ElasticError> {
    match outcome {
        ItemOutcome::Done | ItemOutcome::Superseded => Ok(()),
        ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault) => Err(ElasticError::Refused(fault)),
    }
}
