//! Asks the raw bucket what it holds at this moment.

use crate::stores::{StoreError, StoreFault};

/// The present version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Its version id, where the bucket is versioned.
    pub version_id: Option<String>,
    /// Its `ETag` without quotes.
    pub etag: Option<String>,
    /// When it landed, in milliseconds since 1970.
    pub last_modified_millis: i64,
}

/// The present version of an object; `None` if there is none.
pub async fn present(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
) -> Result<Option<Present>, StoreError> {
    match client.head_object().bucket(bucket).key(key).send().await {
        Ok(head) => Ok(Some(Present {
            version_id: head.version_id().filter(|id| *id != "null").map(str::to_owned),
            etag: head.e_tag().map(|etag| etag.trim_matches('"').to_owned()),
            last_modified_millis: head.last_modified().and_then(|time| time.to_millis().ok()).unwrap_or(0),
        })),
        Err(error) => {
            let error = StoreError::from_sdk(format!("look at s3://{bucket}/{key}"), &error);
            match error.fault() {
                Some(StoreFault::NoSuchKey | StoreFault::NotFound) => {
                    // A HEAD has no body that would tell a missing object from a missing bucket.
                    let found = client.head_bucket().bucket(bucket).send().await;
                    found.map_err(|error| {
                        StoreError::from_sdk(format!("look at the bucket {bucket:?}"), &error)
                    })?;
                    Ok(None)
                }
                _ => Err(error),
            }
        }
    }
}
