//! Queries about packs: which unit's snapshot is where a record says, and which packs are orphaned.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use docmill_clients::aws::StoreError;
use docmill_clients::elastic::ElasticError;
use serde_json::{Value, json};

use super::difference::Difference;
use super::judge::strange_pack;
use super::stores::{Stores, each};
use crate::ingest::snapshot::packed::{self, PackEntry, Reference};
use crate::ingest::snapshot::read;
use crate::ingest::source::listing::{self, Listing};
use crate::run::error::RunError;

/// Packs per search.
const PACKS_AT_A_TIME: usize = 200;
/// Maximum orphaned packs that are held.
const MOST_STRANGE: usize = 1000;

impl Stores<'_> {
    /// The digests of the units whose snapshots are where these references point. One request per pack,
    /// whatever the number of references.
    pub(crate) async fn packed_units(
        &self,
        references: BTreeSet<String>,
    ) -> Result<Vec<(String, Option<String>)>, StoreError> {
        let keys = references.iter().map(|reference| Reference::parse(reference).key().to_owned()).collect();
        let (s3, bucket) = (&self.context.s3, &self.scope.snapshots.bucket);
        let wanted = by_pack(&references);
        let found = each(keys, async |key: &str| {
            let listed = read::list(s3, bucket, key).await?;
            let entries = listed.map(|listed| listed.entries).unwrap_or_default();
            Ok(units(&entries, wanted.get(key).map_or(&[][..], Vec::as_slice)))
        });
        Ok(found.await?.into_iter().flat_map(|(_, units)| units).collect())
    }

    /// The orphaned packs of this source, and whether there may be more than are returned. None where records expire: all
    /// units of an old pack may have been replaced since.
    pub async fn strange_packs(&self) -> Result<(Vec<Difference>, bool), RunError> {
        if self.scope.has_expired_records {
            return Ok((Vec::new(), false));
        }
        let folder = packed::folder(&self.context.source().snapshots.prefix);
        let bucket = &self.scope.snapshots.bucket;
        let mut listing = Listing::new(self.context.s3.clone(), bucket, false, &folder, None);
        let mut strange = Vec::new();
        while let Some(page) = listing.next_page().await? {
            for packs in page.chunks(PACKS_AT_A_TIME) {
                let keys: Vec<_> = packs.iter().map(|pack| pack.key.as_str()).collect();
                for key in self.unnamed_packs(&keys).await? {
                    strange.extend(self.judge_pack(key).await?);
                }
                if strange.len() >= MOST_STRANGE {
                    return Ok((strange, true));
                }
            }
        }
        Ok((strange, false))
    }

    /// Returns the packs that no record names.
    async fn unnamed_packs<'k>(&self, keys: &[&'k str]) -> Result<Vec<&'k str>, RunError> {
        let filters: Vec<_> =
            keys.iter().map(|key| json!({"prefix": {"snapshot": format!("{key}#")}})).collect();
        let body = json!({"size": 0, "aggs": {"packs": {"filters": {"filters": filters}}}});
        let answer = self.context.clusters.ledger.search(&self.scope.ledger_index, &body).await?;
        let buckets = answer.pointer("/aggregations/packs/buckets").and_then(Value::as_array);
        let buckets = buckets.filter(|buckets| buckets.len() == keys.len());
        let buckets =
            buckets.ok_or_else(|| ElasticError::Unreadable("an aggregation without its buckets".into()))?;
        let unnamed = keys.iter().zip(buckets).filter(|(_, bucket)| bucket["doc_count"] == 0);
        Ok(unnamed.map(|(key, _)| *key).collect())
    }

    /// Judges a pack that no record names. A pack that cannot be read, or that belongs to another source, is
    /// left alone.
    async fn judge_pack(&self, key: &str) -> Result<Option<Difference>, RunError> {
        let scope = &self.scope;
        let listed = read::list(&self.context.s3, &scope.snapshots.bucket, key).await?;
        let own = listed.filter(|listed| listed.source.as_deref() == Some(&scope.source));
        let Some(entries) = own.map(|listed| listed.entries) else { return Ok(None) };
        if self.has_record(&entries).await? || self.has_object(&entries).await? {
            return Ok(None);
        }
        Ok(strange_pack(scope, key, &entries))
    }

    async fn has_record(&self, entries: &[PackEntry]) -> Result<bool, RunError> {
        let digests: Vec<_> = entries.iter().map(|entry| entry.unit.clone()).collect();
        Ok(self.records_by_digest(&digests).await?.iter().any(Option::is_some))
    }

    async fn has_object(&self, entries: &[PackEntry]) -> Result<bool, RunError> {
        let bucket = &self.scope.raw.bucket;
        let keys = entries.iter().map(|entry| entry.key.clone()).collect();
        let found = each(keys, async |key: &str| {
            Ok(listing::head(&self.context.s3, bucket, key).await?.map(|found| found.version))
        });
        let found: HashMap<_, _> = found.await?.into_iter().collect();
        Ok(entries.iter().any(|entry| {
            let object = found.get(&entry.key).and_then(Option::as_ref);
            object.is_some_and(|object| object.unit_id(bucket, &entry.key).digest() == entry.unit)
        }))
    }
}

fn by_pack(references: &BTreeSet<String>) -> BTreeMap<&str, Vec<&str>> {
    let mut by_pack: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for reference in references {
        by_pack.entry(Reference::parse(reference).key()).or_default().push(reference.as_str());
    }
    by_pack
}

/// The digest of the unit at each of the positions in a pack, where there is one.
fn units(entries: &[PackEntry], references: &[&str]) -> Vec<(String, Option<String>)> {
    let units_by_position: HashMap<_, _> =
        entries.iter().map(|entry| ((entry.offset, entry.length), &entry.unit)).collect();
    let unit = |reference: &str| match Reference::parse(reference) {
        Reference::Packed(position) => {
            units_by_position.get(&(position.offset, position.length)).map(|unit| (*unit).clone())
        }
        Reference::Object(_) => None,
    };
    references.iter().map(|reference| ((*reference).to_owned(), unit(reference))).collect()
}
