//! Digests of objects, however large they are.

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::{CONCURRENCY, Listed, S3};

impl S3 {
    /// Every object of a bucket in the order of its keys, each with the SHA-256 of its bytes in hexadecimal. None is held
    /// in memory.
    pub async fn digests(&self, bucket: &str) -> Result<Vec<(Listed, String)>> {
        stream::iter(self.list(bucket).await?)
            .map(|object| async move {
                let digest = self.digest(bucket, &object.key).await?;
                anyhow::Ok((object, digest))
            })
            .buffered(CONCURRENCY)
            .try_collect()
            .await
    }

    async fn digest(&self, bucket: &str, key: &str) -> Result<String> {
        let object = self.0.get_object().bucket(bucket).key(key).send().await;
        let mut body = object.with_context(|| format!("failed to get s3://{bucket}/{key}"))?.body;
        let mut hash = Sha256::new();
        while let Some(bytes) = body.try_next().await? {
            hash.update(&bytes);
        }
        Ok(format!("{:x}", hash.finalize()))
    }
}
