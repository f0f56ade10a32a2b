//! Repairs what an audit found. Every repair is idempotent, and nothing is deleted that is newer than what
//! was seen.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use docmill_clients::aws::StoreError;
use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody, Elastic, ItemOutcome, SkipBlocked};
use docmill_clients::retry::RetryPolicy;
use docmill_crds::audit::DifferenceKind as Kind;
use docmill_crds::records::units::{UnitId, UnitRecord, UnitState};
use futures::{StreamExt as _, stream};
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::difference::{Difference, Target};
use super::keys;
use super::stores::Stores;
use crate::ingest::clusters::Clusters;
use crate::ingest::commit::removal::{Removal, remove};
use crate::ingest::index::bulk_policy::SendMode;
use crate::ingest::index::heads::CommitError;
use crate::ingest::prepare::snapshot_document::document_of_line;
use crate::ingest::processor::Processor;
use crate::ingest::retry::retry_step;
use crate::ingest::snapshot::read::{self, OpenedSnapshot, SnapshotLines};
use crate::ingest::source::listing::{self, ListedObject};
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::Unit;
use crate::ingest::unit::document::AddressedDocument;
use crate::ingest::unit::indexing::{IndexOutcome, IndexRequest};
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::overwritten::leave_last;
use crate::ingest::unit::task::{Reprocess, UnitTask};
use crate::run::context::RunContext;
use crate::run::error::RunError;

/// Units that are repaired concurrently.
const UNITS_AT_A_TIME: usize = 64;
/// Documents that are stored at a time.
const DOCUMENTS_AT_A_TIME: usize = 500;
/// Items per bulk of deletions.
const DELETIONS_AT_A_TIME: usize = 1000;
/// How long one bulk waits for Elasticsearch; the next check finds what it could not do.
const PATIENCE: RetryPolicy = RetryPolicy::lasting(std::time::Duration::from_mins(1));

/// Repairs the stores of a source.
pub struct Repairer<'a> {
    stores: &'a Stores<'a>,
    processor: &'a Arc<Processor>,
}

/// What has to be done about the units of differences.
#[derive(Debug, Default)]
struct Plan<'a> {
    /// Units to be processed, by digest: the key, and whether everything has to be written again.
    process: BTreeMap<&'a str, (&'a str, Reprocess)>,
    /// Units some of whose documents have to be stored again, by digest.
    restore: BTreeMap<&'a str, HashSet<(&'a str, &'a str)>>,
    /// Records of what is no longer in the bucket, by digest: the key, and whether its documents may go.
    retire: BTreeMap<&'a str, (&'a str, bool)>,
    /// Objects to be deleted from the snapshot bucket.
    snapshots: BTreeSet<&'a str>,
    /// Objects to be deleted from the errors bucket.
    errors: BTreeSet<&'a str>,
    /// Documents to be deleted, with the version that they were seen with.
    documents: Vec<(Address<'a>, Option<u64>)>,
    /// The same of records.
    records: Vec<(Address<'a>, Option<u64>)>,
}

impl<'a> Plan<'a> {
    fn new(differences: &'a [Difference]) -> Self {
        let mut plan = Self::default();
        for difference in differences {
            plan.add(difference);
        }
        plan
    }

    fn add(&mut self, difference: &'a Difference) {
        let Difference { kind, key, unit, target, .. } = difference;
        let digest = unit.as_deref().unwrap_or_default();
        match (kind, target) {
            (Kind::Unaccounted, _) => {
                self.process.entry(digest).or_insert((key, Reprocess::Rewrite));
            }
            (Kind::SnapshotMissing | Kind::EvidenceMissing, _) => {
                self.process.insert(digest, (key, Reprocess::Rewrite));
            }
            (Kind::DocumentMissing | Kind::DocumentOfOlderUnit, Target::Document { index, id, .. }) => {
                self.restore.entry(digest).or_default().insert((index, id));
            }
            (Kind::RecordWithoutObject, target) => {
                self.retire.insert(digest, (key, *target == Target::Removal));
            }
            (Kind::SnapshotOrphaned, Target::Object(key) | Target::Pack { key, .. }) => {
                self.snapshots.insert(key);
            }
            (Kind::EvidenceLeft, Target::Object(key)) => {
                self.errors.insert(key);
                self.errors.extend(keys::copy_of(key));
            }
            (Kind::DocumentOrphaned, Target::Document { index, id, version }) => {
                self.documents.push((Address { index, id }, *version));
            }
            (Kind::RecordTwice, Target::Document { index, id, version }) => {
                self.records.push((Address { index, id }, *version));
            }
            _ => {}
        }
    }
}

impl<'a> Repairer<'a> {
    /// Prepares for processing units.
    pub async fn new(stores: &'a Stores<'a>) -> Result<Self, RunError> {
        let processor = stores.context.processor().await?;
        Ok(Self { stores, processor })
    }

    /// Does what can be done about the differences. The next check determines whether it helped.
    pub async fn repair(&self, differences: &[Difference]) -> Result<(), RunError> {
        let mut plan = Plan::new(differences);
        let Clusters { ledger, index } = &self.context().clusters;
        self.delete(ledger, &plan.records).await?;
        if let Some(index) = index {
            self.delete(index, &plan.documents).await?;
        }
        let scope = &self.stores.scope;
        self.delete_objects(&scope.snapshots.bucket, &plan.snapshots).await?;
        self.delete_objects(&scope.errors.bucket, &plan.errors).await?;
        self.retire_all(&plan.retire).await?;
        plan.restore.retain(|digest, _| !plan.process.contains_key(digest));
        let unrestored = self.restore_all(&plan.restore).await?;
        let keys: BTreeMap<_, _> =
            differences.iter().filter_map(|it| Some((it.unit.as_deref()?, it.key.as_str()))).collect();
        for digest in unrestored {
            if let Some(key) = keys.get(digest) {
                plan.process.insert(digest, (key, Reprocess::Rewrite));
            }
        }
        self.process_all(&plan.process).await
    }

    fn context(&self) -> &RunContext {
        self.stores.context
    }

    /// Processes units that are still what the bucket holds.
    async fn process_all(&self, units: &BTreeMap<&str, (&str, Reprocess)>) -> Result<(), RunError> {
        let mut results = stream::iter(units)
            .map(|(digest, (key, reprocess))| self.process(digest, key, *reprocess))
            .buffer_unordered(UNITS_AT_A_TIME);
        while let Some(result) = results.next().await {
            result?;
        }
        Ok(())
    }

    async fn process(&self, digest: &str, key: &str, reprocess: Reprocess) -> Result<(), RunError> {
        let Some(listed) = self.object(key).await? else { return Ok(()) };
        let bucket = self.stores.scope.raw.bucket.clone();
        let landed = listed.version.landed(&bucket, &listed.key);
        let outcome = self
            .processor
            .process(UnitTask { landed, attempts: 1, redelivered_for: Duration::ZERO, reprocess })
            .await;
        if !outcome.is_final() {
            tracing::warn!(
                unit = digest,
                "a unit could not be repaired yet; the next check will find it again"
            );
        }
        Ok(())
    }

    async fn object(&self, key: &str) -> Result<Option<ListedObject>, RunError> {
        Ok(listing::head(&self.context().s3, &self.stores.scope.raw.bucket, key).await?)
    }

    /// Stores documents again from the snapshots of their units, so that they are what they were, whatever
    /// the conversion is by now. Returns the units whose snapshot does not help.
    async fn restore_all<'d>(
        &self,
        units: &BTreeMap<&'d str, HashSet<(&'d str, &'d str)>>,
    ) -> Result<Vec<&'d str>, RunError> {
        let digests: Vec<&str> = units.keys().copied().collect();
        let mut unrestored = Vec::new();
        for digests in digests.chunks(DELETIONS_AT_A_TIME) {
            let ledger_index = &self.stores.scope.ledger_index;
            let addresses: Vec<_> = digests.iter().map(|id| Address { index: ledger_index, id }).collect();
            let fields = ["unit", "snapshot", "lastModified", "overwrittenCount"].map(str::to_owned);
            let records = self.context().clusters.ledger.mget(&addresses, &fields).await?;
            for (digest, record) in digests.iter().zip(records) {
                let restored = match record {
                    Some(record) => self.restore(&record.source, &units[digest]).await?,
                    None => false,
                };
                if !restored {
                    unrestored.push(*digest);
                }
            }
        }
        Ok(unrestored)
    }

    /// Stores the wanted documents of a unit again. Returns whether its snapshot has them all.
    async fn restore(
        &self,
        record: &Map<String, Value>,
        wanted: &HashSet<(&str, &str)>,
    ) -> Result<bool, RunError> {
        let Some((unit, key)) = self.unit(record) else { return Ok(false) };
        let Some(mut lines) = self.open_snapshot(&key).await? else { return Ok(false) };
        let (mut chunk, mut missing) = (Vec::new(), wanted.len());
        // Of documents with one id the last one wins, which can be anywhere in the snapshot.
        let read_to_end =
            record.get("overwrittenCount").and_then(Value::as_u64).is_some_and(|count| count > 0);
        let action = || format!("read s3://{}/{key}", self.stores.scope.snapshots.bucket);
        let mut found = HashSet::new();
        while read_to_end || missing > 0 {
            let mut line = Vec::new();
            let read = lines.read_until(b'\n', &mut line).await;
            if read.map_err(|error| StoreError::unavailable(action(), &error))? == 0 {
                break;
            }
            line.pop_if(|last| *last == b'\n');
            let Some(document) = self.addressed(line) else { continue };
            if wanted.contains(&(document.recorded.index.as_str(), document.recorded.id.as_str())) {
                missing -= usize::from(found.insert(document.recorded.id.clone()));
                chunk.push(document);
            }
            if chunk.len() == DOCUMENTS_AT_A_TIME {
                leave_last(&mut chunk);
                self.place(&unit, &std::mem::take(&mut chunk)).await?;
            }
        }
        leave_last(&mut chunk);
        self.place(&unit, &chunk).await?;
        Ok(missing == 0)
    }

    /// The unit of a record, and the reference of its snapshot.
    fn unit(&self, record: &Map<String, Value>) -> Option<(Unit, String)> {
        let id: UnitId = serde_json::from_value(record.get("unit")?.clone()).ok()?;
        let snapshot = record.get("snapshot")?.as_str()?.to_owned();
        let last_modified = record.get("lastModified")?.as_str()?.parse::<jiff::Timestamp>().ok()?;
        let version_id = self.stores.is_versioned().then(|| id.version.clone());
        Some((Unit { id, version_id, last_modified_millis: last_modified.as_millisecond() }, snapshot))
    }

    /// The lines of a snapshot; `None` if it is missing or damaged.
    async fn open_snapshot(&self, reference: &str) -> Result<Option<BufReader<SnapshotLines>>, StoreError> {
        let bucket = &self.stores.scope.snapshots.bucket;
        let opened = read::open(&self.context().s3, bucket, reference).await?;
        Ok(opened.and_then(OpenedSnapshot::lines).map(BufReader::new))
    }

    fn addressed(&self, line: Vec<u8>) -> Option<AddressedDocument> {
        document_of_line(&self.processor.preparation.addressing, line).ok()
    }

    async fn place(&self, unit: &Unit, documents: &[AddressedDocument]) -> Result<(), RunError> {
        if documents.is_empty() {
            return Ok(());
        }
        let stop = &self.context().stop.abort;
        let indexer = &self.processor.committer.indexer;
        let send_mode = SendMode::untimed();
        let place = || async {
            indexer.place(&[IndexRequest { unit, documents, renew: true }], send_mode, stop).await
        };
        let outcomes =
            retry_step("store documents again", stop, place).await.map_err(|Unfinished| RunError::Stopped)?;
        for held in outcomes.iter().flat_map(IndexOutcome::held) {
            tracing::warn!(
                index = held.index,
                fault = held.fault.for_records(),
                "documents could not be stored again; the next check will find them missing"
            );
        }
        Ok(())
    }

    /// Corrects the records of what is no longer in the bucket. An object that went away after it was seen is left to the
    /// next audit, which counts it before its documents go.
    async fn retire_all(&self, units: &BTreeMap<&str, (&str, bool)>) -> Result<(), RunError> {
        for (digest, (key, may_remove)) in units {
            match self.object(key).await? {
                Some(object) => self.supersede(digest, object).await?,
                None if *may_remove => self.remove(digest, key).await?,
                None => {}
            }
        }
        Ok(())
    }

    /// Does what the removal of the object would have done. A unit that no head knows has no documents that
    /// could be found in that way; once its record says that it is gone, the next check finds them as
    /// orphans.
    async fn remove(&self, digest: &str, key: &str) -> Result<(), RunError> {
        let bucket = self.stores.scope.raw.bucket.clone();
        let landed = ObjectRef { bucket, key: key.to_owned(), version_id: None, etag: None };
        let removal = remove(&self.processor.committer, &landed, &self.context().stop.abort).await;
        if let Removal::Holds(landed) = removal {
            self.processor
                .process(UnitTask {
                    landed,
                    attempts: 1,
                    redelivered_for: Duration::ZERO,
                    reprocess: Reprocess::Yes,
                })
                .await;
            return Ok(());
        }
        let Some((record, version)) = self.record(digest).await? else { return Ok(()) };
        if record.state == UnitState::Skipped {
            return Ok(());
        }
        let record = self.processor.committer.recorder.removed(record, clock::now_millis());
        self.write_record(&record, version).await
    }

    async fn record(&self, digest: &str) -> Result<Option<(UnitRecord, u64)>, RunError> {
        let stored = self.context().clusters.ledger.get(&self.stores.scope.ledger_index, digest).await?;
        Ok(stored
            .and_then(|stored| Some((serde_json::from_value(stored.source.into()).ok()?, stored.version))))
    }

    /// Writes a record with the version of the existing one, so that a record which somebody else writes
    /// meanwhile wins.
    async fn write_record(&self, record: &UnitRecord, version: u64) -> Result<(), RunError> {
        let stop = &self.context().stop.abort;
        let written = self.processor.committer.write_record(record, Some(version), PATIENCE, stop).await;
        written.map_err(|error| match error {
            CommitError::Elastic(error) => error.into(),
            CommitError::Store(error) => error.into(),
            refused => RunError::RecordRefused(refused.to_string()),
        })
    }

    /// Records that another unit has replaced this one.
    async fn supersede(&self, digest: &str, object: ListedObject) -> Result<(), RunError> {
        let Some((record, stored_version)) = self.record(digest).await? else { return Ok(()) };
        let successor = object.version.unit_id(&self.stores.scope.raw.bucket, &object.key);
        if successor == record.unit {
            return Ok(());
        }
        let unit = record.unit.clone();
        let record =
            self.processor.committer.recorder.superseded(unit, Some(record), &successor, clock::now_millis());
        self.write_record(&record, stored_version).await
    }

    async fn delete(
        &self,
        elastic: &Elastic,
        documents: &[(Address<'_>, Option<u64>)],
    ) -> Result<(), RunError> {
        for documents in documents.chunks(DELETIONS_AT_A_TIME) {
            let mut body = BulkBody::default();
            for (address, version) in documents {
                body.push_delete(*address, *version);
            }
            let outcomes =
                elastic.bulk_watched(body, &SkipBlocked, PATIENCE, &self.context().stop.abort).await?;
            if let Some(ItemOutcome::Held(_, fault)) =
                outcomes.iter().find(|outcome| matches!(outcome, ItemOutcome::Held(..)))
            {
                tracing::warn!(
                    fault = fault.for_records(),
                    "documents could not be deleted; the next check will find them again"
                );
            }
        }
        Ok(())
    }

    async fn delete_objects(&self, bucket: &str, keys: &BTreeSet<&str>) -> Result<(), RunError> {
        for key in keys {
            let sent = self.context().s3.delete_object().bucket(bucket).key(*key).send().await;
            sent.map_err(|error| StoreError::from_sdk(format!("delete s3://{bucket}/{key}"), &error))?;
        }
        Ok(())
    }
}
