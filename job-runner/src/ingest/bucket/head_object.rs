//! Looks at an object without reading it.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use docmill_clients::aws::{StoreError, StoreFault};

/// What the store says of the current version of an object; `None` if there is no object. A bucket that does not exist is an
/// error: a HEAD has no body that would tell the two apart, so that the bucket is looked at, too.
pub async fn head(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
) -> Result<Option<HeadObjectOutput>, StoreError> {
    let error = match client.head_object().bucket(bucket).key(key).send().await {
        Ok(head) => return Ok(Some(head)),
        Err(error) => StoreError::from_sdk(format!("look at s3://{bucket}/{key}"), &error),
    };
    if !matches!(error.fault(), Some(StoreFault::NoSuchKey | StoreFault::NotFound)) {
        return Err(error);
    }
    let bucket_head = client.head_bucket().bucket(bucket).send().await;
    bucket_head.map_err(|error| StoreError::from_sdk(format!("look at the bucket {bucket:?}"), &error))?;
    Ok(None)
}
