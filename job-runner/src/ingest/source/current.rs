//! Asks the raw bucket what it holds at this moment.

use aws_sdk_s3::primitives::DateTime;
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
    Ok(head.map(|head| version(head.version_id(), head.e_tag(), head.last_modified())))
}

/// A version by what the store says of it.
pub(crate) fn version(
    version_id: Option<&str>,
    etag: Option<&str>,
    last_modified: Option<&DateTime>,
) -> ObjectVersion {
    ObjectVersion {
        version_id: version_id.and_then(real_version),
        etag: etag.map(unquoted),
        last_modified_millis: millis(last_modified),
    }
}

/// Objects from before a bucket was versioned have the version `null`, which notifications leave out.
fn real_version(id: &str) -> Option<String> {
    (!id.is_empty() && id != "null").then(|| id.to_owned())
}

fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

fn millis(time: Option<&DateTime>) -> i64 {
    time.and_then(|time| time.to_millis().ok()).unwrap_or(0)
}
