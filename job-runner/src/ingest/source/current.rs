//! Asks the raw bucket what it holds at this moment.

use docmill_clients::aws::StoreError;

use crate::ingest::bucket::head_object::head;
use crate::ingest::unit::object_version::ObjectVersion;

/// The current version of an object; `None` if there is none.
pub async fn present(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
) -> Result<Option<ObjectVersion>, StoreError> {
    let head = head(client, bucket, key).await?;
    Ok(head.map(|head| ObjectVersion {
        version_id: head.version_id().and_then(real_version),
        etag: head.e_tag().map(unquoted),
        last_modified_millis: millis(head.last_modified()),
    }))
}

/// Objects from before a bucket was versioned have the version `null`, which notifications leave out.
pub(crate) fn real_version(id: &str) -> Option<String> {
    (!id.is_empty() && id != "null").then(|| id.to_owned())
}

pub(crate) fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

pub(crate) fn millis(time: Option<&aws_sdk_s3::primitives::DateTime>) -> i64 {
    time.and_then(|time| time.to_millis().ok()).unwrap_or(0)
}
