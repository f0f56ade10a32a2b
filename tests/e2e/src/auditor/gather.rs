//! Reads the whole of the stores that a source writes to.

use anyhow::Result;

use super::judge::{Evidence, RawObject};
use crate::elastic::Elastic;
use crate::s3::S3;

/// Where a source reads and writes. Its buckets and indices are its own.
#[derive(Clone)]
pub struct Place {
    /// The object store.
    pub s3: S3,
    /// The cluster with articles.
    pub elastic: Elastic,
    /// The cluster with the ledger.
    pub records: Elastic,
    /// The raw bucket; everything in it has to be accounted for.
    pub raw_bucket: String,
    /// The snapshot bucket.
    pub snapshots_bucket: String,
    /// What every snapshot's key begins with.
    pub snapshots_prefix: String,
    /// The errors bucket.
    pub errors_bucket: String,
    /// What every key of the errors bucket begins with.
    pub errors_prefix: String,
    /// `<namespace>/<name>` of the source.
    pub source: String,
    /// Pattern of the indices with articles.
    pub articles: String,
    /// The index with the ledger.
    pub ledger: String,
    /// The index with the heads, beside the ledger.
    pub heads: String,
}

/// Reads everything. Nothing may be at work meanwhile.
pub async fn gather(place: &Place) -> Result<Evidence> {
    let objects = place.s3.digests(&place.raw_bucket).await?;
    let raw = objects.into_iter().map(|(object, sha256)| RawObject {
        bucket: place.raw_bucket.clone(),
        key: object.key,
        version: object.etag,
        sha256,
    });
    Ok(Evidence {
        raw: raw.collect(),
        snapshots_prefix: place.snapshots_prefix.clone(),
        snapshots: place.s3.get_all(&place.snapshots_bucket).await?,
        errors_prefix: place.errors_prefix.clone(),
        source: place.source.clone(),
        errors: place.s3.get_all(&place.errors_bucket).await?,
        articles: place.elastic.all(&place.articles).await?,
        ledger: place.records.all(&place.ledger).await?,
        heads: place.records.all(&place.heads).await?,
        ledger_index: place.ledger.clone(),
        ledger_mark: place.records.mark(&place.ledger).await?,
    })
}
