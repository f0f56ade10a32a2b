//! Looks for what the stores hold of keys. What a look finds is erased; a look that finds nothing is the proof.

use std::collections::BTreeSet;

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::elastic::ElasticError;
use docmill_clients::retry;
use docmill_crds::records::units::UnitRecord;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::stores::{DocumentIndices, Stores};
use super::traces::{self, KeyTraces, StoredVersion, Traces};
use crate::ingest::bucket::locations::{self, ERROR_RECORD, EvidenceKeys};
use crate::ingest::snapshot::packed::Reference;
use crate::ingest::source::listing::Listing;
use crate::run::audit::keys::SnapshotName;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// Records per search: each can name a thousand documents.
const RECORDS_AT_A_TIME: usize = 50;
/// Messages that are read concurrently.
const MESSAGES_AT_A_TIME: usize = 8;

impl Stores<'_> {
    /// Looks at all stores.
    pub(super) async fn look(&self, keys: &BTreeSet<String>) -> Result<Traces, RunError> {
        self.refresh().await?;
        let mut traces = Traces::default();
        for key in keys {
            traces.by_key.insert(key.clone(), Box::pin(self.look_for(key)).await?);
        }
        traces.packs = Box::pin(self.find_packs(keys)).await?;
        traces.messages = Box::pin(self.find_messages(keys)).await?;
        Ok(traces)
    }

    async fn look_for(&self, key: &str) -> Result<KeyTraces, RunError> {
        let records = self.records(key).await?;
        let query = self.query(key);
        let mut enriched = 0;
        for target in &self.enriched {
            enriched += self.count(&target.indices, &query).await?;
        }
        Ok(KeyTraces {
            documents: match &self.articles {
                Some(articles) => self.count(articles, &query).await?,
                None => 0,
            },
            enriched,
            snapshots: Box::pin(self.find_snapshots(key, &records)).await?,
            evidence: Box::pin(self.find_evidence(key, &records)).await?,
            raw: if self.erases_raw() { Box::pin(self.find_raw(key)).await? } else { Vec::new() },
            records,
        })
    }

    /// The query for the documents of a key.
    pub(super) fn query(&self, key: &str) -> Value {
        traces::of_key(&self.recorder.source, &self.raw.location.bucket, key)
    }

    async fn count(&self, indices: &DocumentIndices, query: &Value) -> Result<i64, RunError> {
        let count = async || indices.elastic.count(&indices.pattern, query).await;
        let count = retry::retry_transient(PATIENCE, &self.context.stop.abort, count).await?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The records of all units of a key.
    async fn records(&self, key: &str) -> Result<Vec<UnitRecord>, RunError> {
        let (mut records, mut after) = (Vec::new(), None::<Value>);
        loop {
            let body = records_page(&self.raw.location.bucket, key, after.as_ref());
            let search = async || self.context.clusters.ledger.search(&self.ledger_index, &body).await;
            let mut answer = retry::retry_transient(PATIENCE, &self.context.stop.abort, search).await?;
            let Some(Value::Array(hits)) = answer.pointer_mut("/hits/hits").map(Value::take) else {
                return Err(ElasticError::Unreadable("a search without hits".into()).into());
            };
            let is_full = hits.len() == RECORDS_AT_A_TIME;
            after = hits.last().and_then(|hit| hit.get("sort").cloned());
            for mut hit in hits {
                let source = hit.get_mut("_source").map(Value::take).unwrap_or_default();
                records.push(read_record(source)?);
            }
            if !is_full || after.is_none() {
                return Ok(records);
            }
        }
    }

    /// Snapshots in objects of their own: those below the key, and where a long key is cut, those that records name.
    async fn find_snapshots(
        &self,
        key: &str,
        records: &[UnitRecord],
    ) -> Result<Vec<StoredVersion>, RunError> {
        let prefix = self.snapshots.location.prefix.as_str();
        let is_of_key = |found: &StoredVersion| {
            let name = found.key.strip_prefix(prefix).and_then(SnapshotName::parse);
            name.is_some_and(|name| name.raw_key == key)
        };
        let folder = format!("{prefix}{key}/");
        let mut found = self.versions(&self.snapshots, &folder).await?;
        found.retain(is_of_key);
        for reference in records.iter().filter_map(|record| record.snapshot.as_deref()) {
            let Reference::Object(object) = Reference::parse(reference) else { continue };
            // A record could name any object, and is believed for those of the source alone.
            if object.starts_with(prefix) && !found.iter().any(|found| found.key == object) {
                let named = self.versions(&self.snapshots, object).await?;
                found.extend(named.into_iter().filter(|found| found.key == object));
            }
        }
        Ok(found)
    }

    /// What the errors bucket has of refused objects: below the key, and where a long key is cut, by the units.
    async fn find_evidence(&self, key: &str, records: &[UnitRecord]) -> Result<Vec<StoredVersion>, RunError> {
        let location = &self.errors.location;
        let folder = format!("{}{key}/", locations::objects(location));
        let mut found = self.versions(&self.errors, &folder).await?;
        found.retain(|found| found.key.strip_prefix(&folder).is_some_and(traces::is_evidence));
        for record in records {
            let of_object = EvidenceKeys::of_object(location, &record.unit).copy;
            let of_members = EvidenceKeys::members_of(location, &record.unit);
            for prefix in [of_object, of_members].iter().filter(|prefix| !prefix.starts_with(&folder)) {
                let cut = self.versions(&self.errors, prefix).await?;
                found.extend(cut.into_iter().filter(|cut| cut.key.contains(&record.unit.digest())));
            }
        }
        found.sort_by(|a, b| (&a.key, &a.version_id).cmp(&(&b.key, &b.version_id)));
        found.dedup();
        Ok(found)
    }

    async fn find_raw(&self, key: &str) -> Result<Vec<StoredVersion>, RunError> {
        let mut found = self.versions(&self.raw, key).await?;
        found.retain(|found| found.key == key);
        Ok(found)
    }

    /// Messages that were set aside and name one of the keys.
    async fn find_messages(
        &self,
        keys: &BTreeSet<String>,
    ) -> Result<Vec<(String, Vec<StoredVersion>)>, RunError> {
        let location = &self.errors.location;
        let folder = format!("{}messages/", location.prefix);
        let mut listing = Listing::new(self.context.s3.clone(), &location.bucket, false, &folder, None);
        let mut found = Vec::new();
        while let Some(page) = self.next_keys(&mut listing).await? {
            let messages = page.into_iter().filter(|key| !key.ends_with(ERROR_RECORD));
            let mut named = stream::iter(messages)
                .map(|message| async move {
                    let key = self.named_key(keys, &message).await?;
                    Ok::<_, RunError>((message, key))
                })
                .buffer_unordered(MESSAGES_AT_A_TIME);
            while let Some(answer) = named.next().await {
                if let (message, Some(key)) = answer? {
                    found.push((key, self.versions_of_message(&message).await?));
                }
            }
        }
        Ok(found)
    }

    /// The first of the keys that a message names.
    async fn named_key(&self, keys: &BTreeSet<String>, message: &str) -> Result<Option<String>, RunError> {
        let Some(bytes) = self.read(&self.errors.location.bucket, message).await? else { return Ok(None) };
        Ok(keys.iter().find(|key| traces::names(&bytes, key)).cloned())
    }

    /// All versions of a message and of the error record beside it.
    async fn versions_of_message(&self, message: &str) -> Result<Vec<StoredVersion>, RunError> {
        let mut found = self.versions(&self.errors, message).await?;
        found.retain(|found| {
            found.key.strip_prefix(message).is_some_and(|end| ["", ERROR_RECORD].contains(&end))
        });
        Ok(found)
    }

    /// Reads an object; `None` if it is gone.
    async fn read(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, RunError> {
        let action = || format!("read s3://{bucket}/{key}");
        let read = async || match self.context.s3.get_object().bucket(bucket).key(key).send().await {
            Ok(object) => {
                let body = object.body.collect().await;
                Ok(Some(body.map_err(|error| StoreError::unavailable(action(), &error))?.to_vec()))
            }
            Err(error) => match StoreError::from_sdk(action(), &error) {
                error if error.fault() == Some(StoreFault::NoSuchKey) => Ok(None),
                error => Err(error),
            },
        };
        Ok(retry::retry_transient(PATIENCE, &self.context.stop.abort, read).await?)
    }
}

fn records_page(bucket: &str, key: &str, after: Option<&Value>) -> Value {
    let mut body = json!({
        "size": RECORDS_AT_A_TIME,
        "track_total_hits": false,
        "query": {"bool": {"filter": [{"term": {"unit.bucket": bucket}}, {"term": {"unit.key": key}}]}},
        "sort": [{"unit.version": {"order": "asc", "unmapped_type": "keyword"}}],
    });
    if let Some(after) = after {
        body["search_after"] = after.clone();
    }
    body
}

/// A record that cannot be read could hide what it names.
fn read_record(source: Value) -> Result<UnitRecord, ElasticError> {
    serde_json::from_value(source).map_err(|error| {
        ElasticError::Unreadable(format!("a record of the ledger that another version wrote: {error}"))
    })
}
