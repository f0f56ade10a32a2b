//! Buckets that keep versions.

use anyhow::{Context as _, Result};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use super::{Listed, S3};

impl S3 {
    /// Lets a bucket keep versions from here on.
    pub async fn keep_versions(&self, bucket: &str) -> Result<()> {
        let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let request = self.0.put_bucket_versioning().bucket(bucket).versioning_configuration(enabled);
        request.send().await.with_context(|| format!("failed to let {bucket} keep versions"))?;
        Ok(())
    }

    /// Puts a version of an object. Gives its version id too.
    pub async fn put_version(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<(Listed, String)> {
        let put = self.0.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes));
        let put = put.send().await.with_context(|| format!("failed to put s3://{bucket}/{key}"))?;
        let etag = put.e_tag().context("an object without an ETag")?.trim_matches('"').to_owned();
        let version = put.version_id().context("an object without a version")?.to_owned();
        Ok((Listed { key: key.to_owned(), etag }, version))
    }

    /// Removes an object by a delete marker. Gives the version id of that.
    pub async fn mark_removed(&self, bucket: &str, key: &str) -> Result<String> {
        let removed = self.0.delete_object().bucket(bucket).key(key).send().await;
        let removed = removed.with_context(|| format!("failed to remove s3://{bucket}/{key}"))?;
        Ok(removed.version_id().context("a delete marker without a version")?.to_owned())
    }

    /// Removes one version of an object, or a delete marker, for good.
    pub async fn remove_version(&self, bucket: &str, key: &str, version: &str) -> Result<()> {
        let request = self.0.delete_object().bucket(bucket).key(key).version_id(version);
        request.send().await.with_context(|| format!("failed to remove version {version} of {key}"))?;
        Ok(())
    }

    /// Removes all versions of all objects of a bucket, and all delete markers.
    pub(super) async fn remove_versions(&self, bucket: &str) -> Result<()> {
        loop {
            let page = self.0.list_object_versions().bucket(bucket).send().await?;
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let all: Vec<_> = versions.chain(markers).filter_map(|(key, id)| Some((key?, id?))).collect();
            if all.is_empty() {
                return Ok(());
            }
            for (key, version) in all {
                self.remove_version(bucket, key, version).await?;
            }
        }
    }
}
