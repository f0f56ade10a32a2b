//! Queries the index: whether what records name exists, and whether what exists is named by a record.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use docmill_clients::elastic::{Address, Elastic, ElasticError, ErrorCause, Pit, StoredDocument};
use docmill_crds::records::heads::{DocumentHead, heads_index};
use docmill_crds::records::units::{MAX_RECORDED_DOCUMENTS, RecordedDocument, UnitId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::difference::Difference;
use super::inventory::{Inventory, Record, RecordsByDigest};
use super::judge::{Backing, Hit, IndexedDocument, judge_document, judge_hit, unreadable_document};
use super::stores::{ArticleIndices, Stores, bounds};
use crate::run::error::RunError;

/// Maximum documents that are held at a time.
const DOCUMENTS_AT_A_TIME: i64 = 5000;
/// Documents per search.
const PAGE_DOCUMENTS: usize = 1000;
/// Maximum differences of one range that are held.
pub const MOST_UNNAMED: usize = 20_000;
/// The requested field of a document.
const UNIT_FIELD: &str = "_docmill.unit";

/// A document that a search found.
struct FoundDocument {
    index: String,
    id: String,
    unit: UnitId,
    seen: IndexedDocument,
}

impl Stores<'_> {
    /// Whether the documents that the records of a window name exist.
    pub async fn named_documents(&self, inventory: &Inventory) -> Result<Vec<Difference>, RunError> {
        let Some(articles) = &self.articles else { return Ok(Vec::new()) };
        let records = inventory.proper().filter(|(_, record)| record.counts() && record.document_count > 0);
        let mut differences = Vec::new();
        for group in groups(records.collect()) {
            let digests: Vec<_> = group.iter().map(|(digest, _)| *digest).collect();
            let named = self.names(&digests).await?;
            let pairs: Vec<_> = group
                .iter()
                .zip(&named)
                .flat_map(|((digest, record), named)| {
                    named.iter().map(move |document| (*digest, *record, document))
                })
                .collect();
            let addresses: Vec<_> = pairs
                .iter()
                .map(|(_, _, RecordedDocument { index, id, .. })| Address { index, id })
                .collect();
            let seen = indexed_documents(&articles.elastic, &addresses).await?;
            differences.extend(pairs.iter().zip(&seen).filter_map(
                |((digest, record, named), seen)| match seen {
                    Ok(seen) => judge_document(digest, record, named, seen.as_ref()),
                    Err(fault) => Some(unreadable_document(digest, record, named, fault)),
                },
            ));
        }
        Ok(differences)
    }

    /// Whether records name the documents that the index has of a range of keys; returns the first
    /// [`MOST_UNNAMED`] that they do not name.
    pub async fn unnamed_documents(
        &self,
        inventory: &Inventory,
        after: Option<&str>,
        until: Option<&str>,
    ) -> Result<Vec<Difference>, RunError> {
        let Some(ArticleIndices { elastic, pattern }) = &self.articles else { return Ok(Vec::new()) };
        let query = self.documents_query(after, until);
        // Also because OpenSearch has no view of a pattern that matches no index.
        if elastic.count(pattern, &query).await? == 0 {
            return Ok(Vec::new());
        }
        let mut pit = elastic.open_pit(pattern).await?;
        let differences = self.search_all(elastic, inventory, &query, &mut pit).await;
        if let Err(error) = elastic.close_pit(pit).await {
            tracing::debug!(%error, "failed to close a point in time; it will expire");
        }
        differences
    }

    fn documents_query(&self, after: Option<&str>, until: Option<&str>) -> Value {
        let keys = bounds(after, until);
        json!({"bool": {"filter": [
            {"term": {"_docmill.source": self.scope.source}},
            {"term": {"_docmill.unit.bucket": self.scope.raw.bucket}},
            {"range": {"_docmill.unit.key": keys}},
        ]}})
    }

    async fn search_all(
        &self,
        elastic: &Elastic,
        inventory: &Inventory,
        query: &Value,
        pit: &mut Pit,
    ) -> Result<Vec<Difference>, RunError> {
        let index = inventory.index();
        let (mut differences, mut last) = (Vec::new(), None::<Value>);
        loop {
            let mut body = json!({"size": PAGE_DOCUMENTS, "query": query, "version": true, "_source": [UNIT_FIELD],
                "sort": pit.sort_by_keyword("_docmill.unit.key"), "track_total_hits": false});
            if let Some(last) = last.take() {
                body["search_after"] = last;
            }
            let mut answer = elastic.search_pit(pit, body).await?;
            let Some(Value::Array(hits)) = answer.pointer_mut("/hits/hits").map(Value::take) else {
                return Err(ElasticError::Unreadable("a search without hits".into()).into());
            };
            let is_full = hits.len() == PAGE_DOCUMENTS;
            last = hits.last().and_then(|hit| hit.get("sort").cloned());
            let found: Vec<_> = hits.iter().filter_map(read_hit).collect();
            differences.extend(self.judge_found(inventory, &index, &found).await?);
            if !is_full || last.is_none() || differences.len() >= MOST_UNNAMED {
                return Ok(differences);
            }
        }
    }

    async fn judge_found(
        &self,
        inventory: &Inventory,
        index: &RecordsByDigest<'_>,
        found: &[FoundDocument],
    ) -> Result<Vec<Difference>, RunError> {
        let found: Vec<_> =
            found.iter().filter(|found| self.scope.raw.covers(&found.unit.bucket, &found.unit.key)).collect();
        let unknown: BTreeSet<_> = found.iter().map(|found| found.seen.unit.as_str()).collect();
        let unknown: Vec<String> = unknown
            .into_iter()
            .filter(|unit| !index.by_digest.contains_key(unit))
            .map(str::to_owned)
            .collect();
        let looked_up = self.records_by_digest(&unknown).await?;
        let looked_up: HashMap<_, _> = unknown.iter().map(String::as_str).zip(&looked_up).collect();
        let record =
            |unit: &str| index.by_digest.get(unit).copied().or_else(|| looked_up.get(unit)?.as_ref());
        let unnamed = self.unnamed(&found, &record).await?;
        let newest = self.newest(&found, &record).await?;
        Ok(found
            .into_iter()
            .filter_map(|found| {
                let FoundDocument { index, id, unit, seen } = found;
                let object = inventory.raw.get(&unit.key);
                let backing = Backing {
                    record: record(&seen.unit),
                    named: record(&seen.unit)
                        .filter(|record| names_all(record))
                        .map(|_| !unnamed.contains(&(index.as_str(), id.as_str()))),
                    is_present: object.is_some_and(|object| object.unit_id(&unit.bucket, &unit.key) == *unit),
                    newest_index: newest.get(id.as_str()).map(String::as_str),
                };
                judge_hit(&self.scope, Hit { index, id, key: &unit.key, seen }, backing)
            })
            .collect())
    }

    /// Those of these documents that the records of their units do not name, if those name all that they
    /// have.
    async fn unnamed<'f, 'r>(
        &self,
        found: &[&'f FoundDocument],
        record: &impl Fn(&str) -> Option<&'r Record>,
    ) -> Result<HashSet<(&'f str, &'f str)>, RunError> {
        let mut by_unit: BTreeMap<&str, Vec<&FoundDocument>> = BTreeMap::new();
        for found in found {
            by_unit.entry(&found.seen.unit).or_default().push(found);
        }
        let units =
            by_unit.keys().filter_map(|unit| Some((*unit, record(unit).filter(|record| names_all(record))?)));
        let mut unnamed = HashSet::new();
        for group in groups(units.collect()) {
            let digests: Vec<_> = group.iter().map(|(digest, _)| *digest).collect();
            for (digest, named) in digests.iter().zip(self.names(&digests).await?) {
                let named: HashSet<_> = named.iter().map(|it| (it.index.as_str(), it.id.as_str())).collect();
                let found = by_unit.get(digest).into_iter().flatten();
                unnamed.extend(
                    found
                        .map(|it| (it.index.as_str(), it.id.as_str()))
                        .filter(|address| !named.contains(address)),
                );
            }
        }
        Ok(unnamed)
    }

    /// Where the newest versions of these documents are, for those whose units were skipped, or may have been.
    async fn newest<'r>(
        &self,
        found: &[&FoundDocument],
        record: &impl Fn(&str) -> Option<&'r Record>,
    ) -> Result<HashMap<String, String>, RunError> {
        let may_be_skipped =
            |unit: &str| record(unit).map_or(self.scope.has_expired_records, |record| !record.counts());
        let ids: BTreeSet<&str> = found
            .iter()
            .filter(|found| may_be_skipped(&found.seen.unit))
            .map(|found| found.id.as_str())
            .collect();
        let order = &self.context.order.ingest;
        let index = heads_index(&order.namespace, &order.source);
        let heads: Vec<_> = ids.iter().map(|id| DocumentHead::id(id)).collect();
        let addresses: Vec<_> = heads.iter().map(|id| Address { index: &index, id }).collect();
        let found = self.context.clusters.ledger.mget(&addresses, &["index".to_owned()]).await?;
        let newest = ids
            .into_iter()
            .zip(found)
            .filter_map(|(id, head)| Some((id.to_owned(), head?.source.get("index")?.as_str()?.to_owned())));
        Ok(newest.collect())
    }

    /// The documents that records name.
    pub async fn names(&self, digests: &[&str]) -> Result<Vec<Vec<RecordedDocument>>, RunError> {
        let index = &self.scope.ledger_index;
        let addresses: Vec<_> = digests.iter().map(|id| Address { index, id }).collect();
        let found = self.context.clusters.ledger.mget(&addresses, &["documents".to_owned()]).await?;
        let named = found.into_iter().map(|found| {
            let documents = found.and_then(|mut found| found.source.remove("documents")).unwrap_or(json!([]));
            let unreadable = |_: serde_json::Error| {
                RunError::from(ElasticError::Unreadable(format!(
                    "documents of a record of {index} are not of their form"
                )))
            };
            serde_json::from_value(documents).map_err(unreadable)
        });
        named.collect()
    }
}

/// Documents at their addresses, or what keeps their indices from being read.
async fn indexed_documents(
    elastic: &Elastic,
    addresses: &[Address<'_>],
) -> Result<Vec<Result<Option<IndexedDocument>, ErrorCause>>, RunError> {
    let fields = [UNIT_FIELD.to_owned()];
    let mut seen = Vec::with_capacity(addresses.len());
    for addresses in addresses.chunks(PAGE_DOCUMENTS) {
        let found = elastic.mget_each(addresses, &fields).await?;
        seen.extend(found.into_iter().map(|found| found.map(|found| found.as_ref().map(indexed_document))));
    }
    Ok(seen)
}

fn indexed_document(found: &StoredDocument) -> IndexedDocument {
    let unit = found.source.get("_docmill").and_then(|docmill| docmill.get("unit"));
    read_unit(unit, found.version).map_or_else(|| nobodys(found.version), |(_, seen)| seen)
}

/// A document that does not name its unit: older than every unit.
fn nobodys(version: u64) -> IndexedDocument {
    IndexedDocument { unit: String::new(), last_modified: None, version }
}

/// Whether a record names all documents that its unit has.
fn names_all(record: &Record) -> bool {
    record.counts()
        && usize::try_from(record.document_count).is_ok_and(|count| count <= MAX_RECORDED_DOCUMENTS)
}

/// Splits records into groups whose documents together are few enough to be held.
fn groups<'a>(records: Vec<(&'a str, &'a Record)>) -> Vec<Vec<(&'a str, &'a Record)>> {
    let max_documents = i64::try_from(MAX_RECORDED_DOCUMENTS).unwrap_or(i64::MAX);
    let (mut groups, mut documents) = (Vec::new(), i64::MAX);
    for (digest, record) in records {
        let count = record.document_count.clamp(1, max_documents);
        if documents.saturating_add(count) > DOCUMENTS_AT_A_TIME {
            groups.push(Vec::new());
            documents = 0;
        }
        documents += count;
        if let Some(group) = groups.last_mut() {
            group.push((digest, record));
        }
    }
    groups
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredUnit {
    #[serde(flatten)]
    id: UnitId,
    #[serde(default)]
    last_modified: Option<String>,
}

fn read_unit(unit: Option<&Value>, version: u64) -> Option<(UnitId, IndexedDocument)> {
    let StoredUnit { id, last_modified } = serde_json::from_value(unit?.clone()).ok()?;
    let unit = id.digest();
    Some((id, IndexedDocument { unit, last_modified, version }))
}

fn read_hit(hit: &Value) -> Option<FoundDocument> {
    let text = |name: &str| hit.get(name).and_then(Value::as_str).map(str::to_owned);
    let version = hit.get("_version").and_then(Value::as_u64).unwrap_or(0);
    let (unit, seen) = read_unit(hit.pointer("/_source/_docmill/unit"), version)?;
    Some(FoundDocument { index: text("_index")?, id: text("_id")?, unit, seen })
}
