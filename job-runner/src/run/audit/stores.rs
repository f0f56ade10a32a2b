//! Queries the stores: listings of a range of keys, and single look-ups where listings do not suffice.

use std::collections::{BTreeMap, BTreeSet};

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::elastic::{Address, Elastic, ElasticError};
use docmill_convert::Addressing;
use docmill_crds::api::storage::BucketLocation;
use docmill_crds::records::units::{EXPIRED_ID, UnitState, units_index};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use super::inventory::{AuditScope, Inventory, LookupKeys, LookupResults, Record};
use super::window::{self, FirstPage};
use crate::ingest::bucket::head_object::head;
use crate::ingest::bucket::locations;
use crate::ingest::error::IngestError;
use crate::ingest::snapshot;
use crate::ingest::source::listing::{self, ListedObject, Listing};
use crate::ingest::unit::object_version::ObjectVersion;
use crate::run::context::RunContext;
use crate::run::error::RunError;

/// Records per page.
const PAGE_RECORDS: usize = 1000;
/// Maximum hits of a search (`index.max_result_window`). For a key with more versions than that, only the
/// newest of them are examined.
const MOST_RECORDS: usize = 10_000;
/// Records looked up by their ids, or keys by their names, per request.
const NAMES_AT_A_TIME: usize = 500;
/// Single objects that are looked up concurrently.
const OBJECTS_AT_A_TIME: usize = 8;
/// The requested fields of a record.
const RECORD_FIELDS: [&str; 6] = ["unit", "state", "reason", "snapshot", "documentCount", "lastModified"];

/// The stores of a source.
pub struct Stores<'a> {
    /// The run.
    pub context: &'a RunContext,
    /// The locations, and what is known before anything is examined.
    pub scope: AuditScope,
    /// Where the documents are; `None` if there are none.
    pub articles: Option<ArticleIndices>,
    versioned: bool,
}

/// Where the documents of a source are.
pub struct ArticleIndices {
    /// The cluster.
    pub elastic: Elastic,
    /// Pattern of the indices.
    pub pattern: String,
}

/// What was found of a range, up to the key at which it had to be cut.
pub struct KeyWindow {
    /// What the stores hold.
    pub inventory: Inventory,
    /// The last key of the window; `None` if it extends to the end of all keys.
    pub until: Option<String>,
    /// Whether the range continues after it.
    pub has_more: bool,
}

impl<'a> Stores<'a> {
    /// Finds out what has to be known of a source before its first range.
    pub async fn open(context: &'a RunContext) -> Result<Self, RunError> {
        let (order, spec) = (&context.order, context.source());
        let addressing = Addressing::of_index(spec.index.as_ref()).map_err(IngestError::from)?;
        let articles = context.clusters.index.clone().zip(addressing.pattern());
        let ledger_index = units_index(&order.ingest.namespace, &order.ingest.source);
        let is_to_expire = spec.ledger.as_ref().is_some_and(|ledger| ledger.retention.is_some());
        let has_expired_records =
            is_to_expire || context.clusters.ledger.get(&ledger_index, EXPIRED_ID).await?.is_some();
        let scope = AuditScope {
            raw: spec.raw.clone(),
            snapshots: locations::of_source(&spec.snapshots.location(), &context.source_name()),
            errors: locations::of_source(&spec.errors, &context.source_name()),
            ledger_index,
            source: context.source_name(),
            success_state: UnitState::of_success(spec),
            created_millis: order.created_millis,
            has_expired_records,
        };
        let versioned = listing::is_versioned(&context.s3, &spec.raw.bucket).await?;
        let articles = articles.map(|(elastic, pattern)| ArticleIndices { elastic, pattern });
        Ok(Self { context, scope, articles, versioned })
    }

    /// Whether the raw bucket keeps versions.
    pub const fn is_versioned(&self) -> bool {
        self.versioned
    }

    /// Makes earlier writes visible to searches.
    pub async fn refresh(&self) -> Result<(), RunError> {
        self.context.clusters.ledger.refresh(&self.scope.ledger_index).await?;
        if let Some(ArticleIndices { elastic, pattern }) = &self.articles {
            elastic.refresh(pattern).await?;
        }
        Ok(())
    }

    /// What the stores hold of the keys after `after`, as far as one page of each listing covers.
    pub async fn window(&self, after: Option<&str>, until: Option<&str>) -> Result<KeyWindow, RunError> {
        let AuditScope { snapshots, errors, .. } = &self.scope;
        let refused = locations::objects(errors);
        let (mut raw, mut records, mut snapshots, mut errors) = tokio::try_join!(
            self.raw_page(after),
            self.record_page(after, until),
            self.object_page(&snapshots.bucket, &snapshots.prefix, after),
            self.object_page(&errors.bucket, &refused, after),
        )?;
        let ends = [raw.end.clone(), records.end.clone(), snapshots.end.clone(), errors.end.clone()];
        let (cut, has_more) = window::end(ends.iter().map(Option::as_deref), until);
        raw.cut(cut);
        records.cut(cut);
        snapshots.cut(cut);
        errors.cut(cut);
        let mut inventory = Inventory {
            raw: raw.entries,
            records: records.entries.into_values().flatten().collect(),
            snapshots: snapshots.entries.into_keys().collect(),
            errors: errors.entries.into_keys().collect(),
            lookup_results: LookupResults::default(),
        };
        self.look_up_all(&mut inventory).await?;
        Ok(KeyWindow { inventory, until: cut.map(str::to_owned), has_more })
    }

    /// Looks up single things until nothing is left to look up.
    async fn look_up_all(&self, inventory: &mut Inventory) -> Result<(), RunError> {
        loop {
            let lookup_keys = inventory.open_lookups(&self.scope);
            if lookup_keys.is_empty() {
                return Ok(());
            }
            self.look_up(lookup_keys, &mut inventory.lookup_results).await?;
        }
    }

    async fn raw_page(&self, after: Option<&str>) -> Result<FirstPage<ObjectVersion>, RunError> {
        let raw = &self.scope.raw;
        let after = after.map(str::to_owned);
        let (objects, end) = self.page(&raw.bucket, self.versioned, &raw.prefix, after).await?;
        let covered = objects.into_iter().filter(|object| raw.covers(&raw.bucket, &object.key));
        let entries = covered.map(|object| (object.key, object.version)).collect();
        Ok(FirstPage { entries, end })
    }

    /// Objects of another bucket, by what their keys say about the raw key.
    async fn object_page(
        &self,
        bucket: &str,
        folder: &str,
        after: Option<&str>,
    ) -> Result<FirstPage<()>, RunError> {
        let prefix = format!("{folder}{}", self.scope.raw.prefix);
        let after = after.map(|after| format!("{folder}{after}"));
        let (objects, end) = self.page(bucket, false, &prefix, after).await?;
        let own = |key: &str| key.strip_prefix(folder).map(str::to_owned);
        let entries = objects.iter().filter_map(|object| Some((own(&object.key)?, ()))).collect();
        Ok(FirstPage { entries, end: end.as_deref().and_then(own) })
    }

    /// The next objects of a bucket, and the last key of these if there are more.
    async fn page(
        &self,
        bucket: &str,
        versioned: bool,
        prefix: &str,
        after: Option<String>,
    ) -> Result<(Vec<ListedObject>, Option<String>), StoreError> {
        let mut listing = Listing::new(self.context.s3.clone(), bucket, versioned, prefix, after);
        loop {
            let Some(objects) = listing.next_page().await? else { return Ok((Vec::new(), None)) };
            // A page of versions that are all gone has no key to continue from.
            if objects.is_empty() && listing.has_more() {
                continue;
            }
            let end = objects.iter().map(|object| &object.key).max().filter(|_| listing.has_more()).cloned();
            return Ok((objects, end));
        }
    }

    /// The records of the next keys, all of each key.
    async fn record_page(
        &self,
        after: Option<&str>,
        until: Option<&str>,
    ) -> Result<FirstPage<Vec<(String, Record)>>, RunError> {
        let query = self.record_query(&json!({"range": {"unit.key": bounds(after, until)}}));
        for size in [PAGE_RECORDS, MOST_RECORDS] {
            let hits = self.records(&query, size).await?;
            let is_full = hits.len() == size;
            let mut entries: BTreeMap<String, Vec<_>> = BTreeMap::new();
            for (id, record) in hits {
                entries.entry(record.unit.key.clone()).or_default().push((id, record));
            }
            let mut end = None;
            if is_full && (entries.len() > 1 || size == MOST_RECORDS) {
                // The last key may have more records than fit.
                let cut = if entries.len() > 1 { entries.pop_last() } else { None };
                end = entries.keys().last().cloned();
                debug_assert!(cut.is_some() || entries.len() == 1);
            } else if is_full {
                continue;
            }
            let raw = &self.scope.raw;
            entries.retain(|key, _| raw.covers(&raw.bucket, key));
            return Ok(FirstPage { entries, end });
        }
        Ok(FirstPage::default())
    }

    fn record_query(&self, keys: &Value) -> Value {
        json!({"bool": {"filter": [{"term": {"unit.bucket": self.scope.raw.bucket}}, keys]}})
    }

    async fn records(&self, query: &Value, size: usize) -> Result<Vec<(String, Record)>, RunError> {
        let sort = json!([{"unit.key": "asc"}, {"recordedTime": "desc"}]);
        let body = json!({"size": size, "query": query, "sort": sort, "_source": RECORD_FIELDS});
        let mut answer = self.context.clusters.ledger.search(&self.scope.ledger_index, &body).await?;
        let Some(Value::Array(hits)) = answer.pointer_mut("/hits/hits").map(Value::take) else {
            return Err(ElasticError::Unreadable("a search without hits".into()).into());
        };
        hits.into_iter().map(|hit| self.read_record(hit)).collect()
    }

    fn read_record(&self, mut hit: Value) -> Result<(String, Record), RunError> {
        let id = hit.get("_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let record = serde_json::from_value(hit["_source"].take());
        let record = record.map_err(|_| self.unreadable())?;
        Ok((id, record))
    }

    fn unreadable(&self) -> RunError {
        ElasticError::Unreadable(format!("a record of {} is not of its form", self.scope.ledger_index)).into()
    }

    async fn look_up(
        &self,
        lookup_keys: LookupKeys,
        lookup_results: &mut LookupResults,
    ) -> Result<(), RunError> {
        let LookupKeys { raw, records, snapshots, packed, errors, snapshot_owners, uncopied } = lookup_keys;
        let (s3, scope) = (&self.context.s3, &self.scope);
        lookup_results.raw.extend(
            each(raw, async |key: &str| {
                Ok(listing::head(s3, &scope.raw.bucket, key).await?.map(|found| found.version))
            })
            .await?,
        );
        lookup_results.snapshots.extend(
            each(snapshots, async |key: &str| {
                Ok(listing::head(s3, &scope.snapshots.bucket, key).await?.is_some())
            })
            .await?,
        );
        lookup_results.packed.extend(self.packed_units(packed).await?);
        lookup_results.errors.extend(
            each(errors, async |key: &str| Ok(listing::head(s3, &scope.errors.bucket, key).await?.is_some()))
                .await?,
        );
        lookup_results
            .snapshot_owners
            .extend(each(snapshot_owners, async |key: &str| self.snapshot_owner(key).await).await?);
        lookup_results.uncopied.extend(each(uncopied, async |key: &str| self.is_uncopied(key).await).await?);
        for digests in chunks(records) {
            let found = self.records_by_digest(&digests).await?;
            lookup_results.records.extend(digests.into_iter().zip(found));
        }
        Ok(())
    }

    /// Records by the digests of their units.
    pub async fn records_by_digest(&self, digests: &[String]) -> Result<Vec<Option<Record>>, RunError> {
        let fields = RECORD_FIELDS.map(str::to_owned);
        let index = &self.scope.ledger_index;
        let addresses: Vec<_> = digests.iter().map(|id| Address { index, id }).collect();
        let found = self.context.clusters.ledger.mget(&addresses, &fields).await?;
        let records = found.into_iter().map(|found| {
            let record = found.map(|found| serde_json::from_value(found.source.into())).transpose();
            record.map_err(|_| self.unreadable())
        });
        records.collect()
    }

    async fn snapshot_owner(&self, key: &str) -> Result<Option<String>, StoreError> {
        let BucketLocation { bucket, prefix } = &self.scope.snapshots;
        let head = head(&self.context.s3, bucket, &format!("{prefix}{key}")).await?;
        Ok(head.and_then(|head| head.metadata()?.get(snapshot::SOURCE).cloned()))
    }

    /// Whether an error record says that its object could not be copied.
    async fn is_uncopied(&self, key: &str) -> Result<bool, StoreError> {
        let bucket = &self.scope.errors.bucket;
        let action = || format!("read s3://{bucket}/{key}");
        let object = match self.context.s3.get_object().bucket(bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) => {
                let error = StoreError::from_sdk(action(), &error);
                return if error.fault() == Some(StoreFault::NoSuchKey) { Ok(false) } else { Err(error) };
            }
        };
        let body = object.body.collect().await.map_err(|error| StoreError::unavailable(action(), &error))?;
        let record: Value = serde_json::from_slice(&body.into_bytes()).unwrap_or_default();
        Ok(record.get("copied") == Some(&Value::Bool(false)))
    }
}

/// A range of keys, either end of which may be open.
pub fn bounds(after: Option<&str>, until: Option<&str>) -> Value {
    let mut bounds = serde_json::Map::new();
    bounds.extend(after.map(|after| ("gt".to_owned(), json!(after))));
    bounds.extend(until.map(|until| ("lte".to_owned(), json!(until))));
    bounds.into()
}

fn chunks(names: BTreeSet<String>) -> Vec<Vec<String>> {
    let names: Vec<_> = names.into_iter().collect();
    names.chunks(NAMES_AT_A_TIME).map(<[String]>::to_vec).collect()
}

/// Looks up each name, a few at a time.
pub(crate) async fn each<T>(
    names: BTreeSet<String>,
    look_up: impl AsyncFn(&str) -> Result<T, StoreError>,
) -> Result<Vec<(String, T)>, StoreError> {
    let look_up = &look_up;
    stream::iter(names)
        .map(|name| async move {
            let found = look_up(&name).await?;
            Ok((name, found))
        })
        .buffer_unordered(OBJECTS_AT_A_TIME)
        .try_collect()
        .await
}
