//! Asks the raw bucket what it holds at this moment.

use docmill_clients::aws::StoreError;

use crate::ingest::bucket::head_object::head;
use crate::ingest::unit::Unit;
use crate::ingest::unit::object_ref::ObjectRef;

/// The current version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentVersion {
    /// Its version id, where the bucket is versioned.
    pub version_id: Option<String>,
    /// Its `ETag` without quotes.
    pub etag: Option<String>,
    /// When it landed, in milliseconds since 1970.
    pub last_modified_millis: i64,
}

impl CurrentVersion {
    /// Whether this is the version of the unit.
    pub fn is(&self, unit: &Unit) -> bool {
        match &unit.version_id {
            Some(version) => self.version_id.as_ref() == Some(version),
            None => self.etag.as_ref() == Some(&unit.id.version),
        }
    }

    /// Whether a unit with this version is of this object.
    pub fn is_version(&self, version: &str) -> bool {
        self.version_id.as_deref() == Some(version) || self.etag.as_deref() == Some(version)
    }

    /// The same object as a notification would name it.
    pub fn landed(self, bucket: &str, key: &str) -> ObjectRef {
        let Self { version_id, etag, .. } = self;
        ObjectRef { bucket: bucket.to_owned(), key: key.to_owned(), version_id, etag }
    }
}

/// The current version of an object; `None` if there is none.
pub async fn present(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
) -> Result<Option<CurrentVersion>, StoreError> {
    let head = head(client, bucket, key).await?;
    Ok(head.map(|head| CurrentVersion {
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
