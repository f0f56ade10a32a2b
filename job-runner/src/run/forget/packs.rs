//! Packs: finds those with snapshots of keys, by the index at the end of each pack, and erases these snapshots in place.

use std::collections::{BTreeSet, HashMap};

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::retry;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::stores::Stores;
use super::traces::{PackTrace, StoredVersion};
use crate::ingest::snapshot::packed::erase::{ErasedPack, erase};
use crate::ingest::snapshot::{packed, read};
use crate::ingest::source::listing::Listing;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// Packs whose indices are read concurrently.
const PACKS_AT_A_TIME: usize = 16;

/// A pack with its metadata.
struct WholePack {
    bytes: Vec<u8>,
    metadata: Option<HashMap<String, String>>,
}

impl Stores<'_> {
    /// The packs of the source that hold something of the keys. One request for each pack there is.
    pub(super) async fn find_packs(&self, keys: &BTreeSet<String>) -> Result<Vec<PackTrace>, RunError> {
        let folder = packed::folder(&self.context.source().snapshots.prefix);
        let bucket = &self.snapshots.location.bucket;
        let mut listing = Listing::new(self.context.s3.clone(), bucket, false, &folder, None);
        let mut found = Vec::new();
        while let Some(page) = self.next_keys(&mut listing).await? {
            let traces: Vec<Option<PackTrace>> = stream::iter(page)
                .map(|pack| self.look_into(keys, pack))
                .buffer_unordered(PACKS_AT_A_TIME)
                .try_collect()
                .await?;
            found.extend(traces.into_iter().flatten());
        }
        Ok(found)
    }

    async fn look_into(&self, keys: &BTreeSet<String>, pack: String) -> Result<Option<PackTrace>, RunError> {
        let list = async || read::list(&self.context.s3, &self.snapshots.location.bucket, &pack).await;
        let listed = retry::retry_transient(PATIENCE, &self.context.stop.abort, list).await?;
        // A pack of another source is not this run's.
        let own = listed.filter(|listed| listed.source.as_ref() == Some(&self.recorder.source));
        let Some(listed) = own else { return Ok(None) };
        let entries: Vec<_> = listed.entries.into_iter().filter(|entry| keys.contains(&entry.key)).collect();
        let former = if listed.has_erased { self.former_versions(&pack).await? } else { Vec::new() };
        let is_trace = !entries.is_empty() || !former.is_empty();
        Ok(is_trace.then_some(PackTrace { key: pack, entries, former }))
    }

    /// The versions of a pack before something was erased from it.
    async fn former_versions(&self, pack: &str) -> Result<Vec<StoredVersion>, RunError> {
        if !self.snapshots.is_versioned {
            return Ok(Vec::new());
        }
        let mut versions = self.versions(&self.snapshots, pack).await?;
        versions.retain(|version| version.key == pack && !version.is_latest);
        Ok(versions)
    }

    /// The lines of the snapshots that are to be erased from a pack, with their keys.
    pub(super) async fn lines_of_pack(&self, trace: &PackTrace) -> Result<Vec<(String, Vec<u8>)>, RunError> {
        let Some(WholePack { bytes, .. }) = self.read_pack(&trace.key).await? else { return Ok(Vec::new()) };
        let mut lines = Vec::new();
        for entry in &trace.entries {
            let start = usize::try_from(entry.offset).unwrap_or(usize::MAX);
            let end = start.saturating_add(usize::try_from(entry.length).unwrap_or(usize::MAX));
            let Some(frame) = bytes.get(start..end) else { continue };
            match packed::decompress(frame) {
                Ok(content) => lines.push((entry.key.clone(), content)),
                Err(error) => {
                    tracing::warn!(%error, pack = trace.key, "a snapshot that is erased cannot be read");
                }
            }
        }
        Ok(lines)
    }

    /// Erases the snapshots of the keys from a pack. Every other one keeps its place. A pack without any other is deleted.
    pub(super) async fn erase_pack(
        &self,
        keys: &BTreeSet<String>,
        trace: &PackTrace,
    ) -> Result<(), RunError> {
        let Some(WholePack { bytes, metadata }) = self.read_pack(&trace.key).await? else { return Ok(()) };
        let erased = erase(bytes, |entry| keys.contains(&entry.key));
        match erased.map_err(|error| RunError::Pack { key: trace.key.clone(), error })? {
            Some(ErasedPack { bytes: Some(bytes), .. }) => {
                self.write_pack(&trace.key, &WholePack { bytes, metadata }).await?;
            }
            Some(ErasedPack { bytes: None, .. }) => {
                let mut versions = self.versions(&self.snapshots, &trace.key).await?;
                versions.retain(|version| version.key == trace.key);
                return self.delete_versions(&self.snapshots, &versions).await;
            }
            None => {}
        }
        let former = self.former_versions(&trace.key).await?;
        self.delete_versions(&self.snapshots, &former).await
    }

    async fn read_pack(&self, pack: &str) -> Result<Option<WholePack>, RunError> {
        let bucket = &self.snapshots.location.bucket;
        let action = || format!("read s3://{bucket}/{pack}");
        let read = async || match self.context.s3.get_object().bucket(bucket).key(pack).send().await {
            Ok(object) => {
                let metadata = object.metadata().cloned();
                let body = object.body.collect().await;
                let bytes = body.map_err(|error| StoreError::unavailable(action(), &error))?.to_vec();
                Ok(Some(WholePack { bytes, metadata }))
            }
            Err(error) => match StoreError::from_sdk(action(), &error) {
                error if error.fault() == Some(StoreFault::NoSuchKey) => Ok(None),
                error => Err(error),
            },
        };
        Ok(retry::retry_transient(PATIENCE, &self.context.stop.abort, read).await?)
    }

    async fn write_pack(&self, pack: &str, whole: &WholePack) -> Result<(), RunError> {
        let bucket = &self.snapshots.location.bucket;
        let write = async || {
            let request =
                self.context.s3.put_object().bucket(bucket).key(pack).content_type(packed::MEDIA_TYPE);
            let request = request.set_metadata(whole.metadata.clone()).body(whole.bytes.clone().into());
            let action = || format!("write s3://{bucket}/{pack}");
            let sent = request.send().await;
            sent.map(drop).map_err(|error| StoreError::from_sdk(action(), &error))
        };
        Ok(retry::retry_transient(PATIENCE, &self.context.stop.abort, write).await?)
    }
}
