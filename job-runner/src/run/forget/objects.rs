//! Objects of a bucket in all their versions: what a bucket keeps of a deleted object is content too.

use docmill_clients::aws::{StoreError, listing};
use docmill_clients::retry;

use super::stores::{Bucket, Stores};
use super::traces::StoredVersion;
use crate::ingest::source::listing::Listing;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// The longest prefix that can be listed, in bytes: that of a key.
const MAX_PREFIX_BYTES: usize = 1024;

impl Stores<'_> {
    /// All versions of the objects whose keys start with a prefix; without delete markers, which hold nothing.
    pub(super) async fn versions(
        &self,
        bucket: &Bucket,
        prefix: &str,
    ) -> Result<Vec<StoredVersion>, RunError> {
        if prefix.len() > MAX_PREFIX_BYTES {
            return Ok(Vec::new());
        }
        let name = &bucket.location.bucket;
        if bucket.is_versioned {
            self.all_versions(name, prefix).await
        } else {
            self.objects(name, prefix).await
        }
    }

    async fn objects(&self, bucket: &str, prefix: &str) -> Result<Vec<StoredVersion>, RunError> {
        let mut listing = Listing::new(self.context.s3.clone(), bucket, false, prefix, None);
        let mut found = Vec::new();
        while let Some(keys) = self.next_keys(&mut listing).await? {
            found.extend(keys.into_iter().map(StoredVersion::only));
        }
        Ok(found)
    }

    /// The keys of the next page of a listing; `None` at the end.
    pub(super) async fn next_keys(&self, listing: &mut Listing) -> Result<Option<Vec<String>>, RunError> {
        let list = async || listing.next_page().await;
        let page = retry::retry_transient(PATIENCE, &self.context.stop.abort, list).await?;
        Ok(page.map(|page| page.into_iter().map(|object| object.key).collect()))
    }

    async fn all_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<StoredVersion>, RunError> {
        let (mut key, mut version) = (None::<String>, None::<String>);
        let mut found = Vec::new();
        loop {
            let list = async || {
                let request = self.context.s3.list_object_versions().bucket(bucket).prefix(prefix);
                let request = request.encoding_type(listing::ENCODED);
                let request = request.set_key_marker(key.clone()).set_version_id_marker(version.clone());
                let action = || format!("list the versions of s3://{bucket}/{prefix}");
                request.send().await.map_err(|error| StoreError::from_sdk(action(), &error))
            };
            let page = retry::retry_transient(PATIENCE, &self.context.stop.abort, list).await?;
            found.extend(page.versions().iter().filter_map(|version| {
                Some(StoredVersion {
                    key: listing::key(page.encoding_type(), version.key()?),
                    version_id: version.version_id().map(str::to_owned),
                    is_latest: version.is_latest().unwrap_or(false),
                })
            }));
            let marker = page.next_key_marker().filter(|_| page.is_truncated() == Some(true));
            key = marker.map(|marker| listing::key(page.encoding_type(), marker));
            version = page.next_version_id_marker().map(str::to_owned);
            if key.is_none() {
                return Ok(found);
            }
        }
    }

    /// Deletes versions of objects for good; one that is gone is no error.
    pub(super) async fn delete_versions<'v>(
        &self,
        bucket: &Bucket,
        versions: impl IntoIterator<Item = &'v StoredVersion>,
    ) -> Result<(), RunError> {
        let bucket = &bucket.location.bucket;
        for StoredVersion { key, version_id, .. } in versions {
            let delete = async || {
                let request = self.context.s3.delete_object().bucket(bucket).key(key);
                let sent = request.set_version_id(version_id.clone()).send().await;
                let action = || format!("delete s3://{bucket}/{key}");
                sent.map(drop).map_err(|error| StoreError::from_sdk(action(), &error))
            };
            retry::retry_transient(PATIENCE, &self.context.stop.abort, delete).await?;
        }
        Ok(())
    }
}
