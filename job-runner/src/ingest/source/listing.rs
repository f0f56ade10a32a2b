//! Lists the objects of a bucket, in the order of their keys, a page at a time.
//!
//! If a bucket is versioned, its versions are listed and the current one of each key is returned, since only
//! versions have the version id by which notifications name the same object. Stores without versions say so
//! in different ways.

use aws_sdk_s3::types::BucketVersioningStatus;
use docmill_clients::aws::listing::{ENCODED, key};
use docmill_clients::aws::{StoreError, StoreFault};

use crate::ingest::source::current;
use crate::ingest::unit::object_version::ObjectVersion;

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// Its current version.
    pub version: ObjectVersion,
}

/// A listing under way.
#[derive(Debug)]
pub struct Listing {
    s3: aws_sdk_s3::Client,
    bucket: String,
    prefix: String,
    versioned: bool,
    next: Option<Next>,
}

/// Where the next page starts.
#[derive(Debug)]
enum Next {
    /// After this key; from the start if there is none.
    Key(Option<String>),
    /// Where the store says.
    Token(String),
    /// After this version of this key.
    Version(String, Option<String>),
}

/// Whether a bucket keeps versions.
pub async fn is_versioned(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<bool, StoreError> {
    match s3.get_bucket_versioning().bucket(bucket).send().await {
        Ok(answer) => Ok(matches!(
            answer.status(),
            Some(BucketVersioningStatus::Enabled | BucketVersioningStatus::Suspended)
        )),
        Err(error) => {
            let error =
                StoreError::from_sdk(format!("ask for the versioning of the bucket {bucket:?}"), &error);
            let not_implemented = error.to_string().contains("NotImplemented");
            match error.fault() {
                // A store without versions rejects the request, or does not know it.
                Some(StoreFault::Refused | StoreFault::NoSuchKey) => Ok(false),
                _ if not_implemented => Ok(false),
                _ => Err(error),
            }
        }
    }
}

impl Listing {
    /// Starts a listing of the keys that start with `prefix` and come after `after`. Sends nothing yet.
    pub fn new(
        s3: aws_sdk_s3::Client,
        bucket: &str,
        versioned: bool,
        prefix: &str,
        after: Option<String>,
    ) -> Self {
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        Self { s3, bucket, prefix, versioned, next: Some(Next::Key(after)) }
    }

    /// The next objects, up to 1,000; `None` at the end. A page can be empty. After an error the same page is
    /// next.
    pub async fn next_page(&mut self) -> Result<Option<Vec<ListedObject>>, StoreError> {
        let Some(next) = &self.next else { return Ok(None) };
        let (page, next) =
            if self.versioned { self.versions(next).await? } else { self.objects(next).await? };
        self.next = next;
        Ok(Some(page))
    }

    /// Whether there may be objects after those that were returned.
    pub const fn has_more(&self) -> bool {
        self.next.is_some()
    }

    async fn objects(&self, from: &Next) -> Result<(Vec<ListedObject>, Option<Next>), StoreError> {
        let mut request =
            self.s3.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix).encoding_type(ENCODED);
        request = match from {
            Next::Key(after) => request.set_start_after(after.clone()),
            Next::Token(token) => request.continuation_token(token),
            Next::Version(key, _) => request.start_after(key),
        };
        let answer = request.send().await.map_err(|error| StoreError::from_sdk(self.action(), &error))?;
        let next = answer.next_continuation_token().map(|token| Next::Token(token.to_owned()));
        let listed = answer.contents().iter().filter_map(|object| {
            Some(ListedObject {
                key: key(answer.encoding_type(), object.key()?),
                version: current::version(None, object.e_tag(), object.last_modified()),
            })
        });
        Ok((listed.collect(), next))
    }

    async fn versions(&self, from: &Next) -> Result<(Vec<ListedObject>, Option<Next>), StoreError> {
        let mut request =
            self.s3.list_object_versions().bucket(&self.bucket).prefix(&self.prefix).encoding_type(ENCODED);
        request = match from {
            Next::Key(after) => request.set_key_marker(after.clone()),
            Next::Version(key, version) => request.key_marker(key).set_version_id_marker(version.clone()),
            Next::Token(key) => request.key_marker(key),
        };
        let answer = request.send().await.map_err(|error| StoreError::from_sdk(self.action(), &error))?;
        let next = answer.next_key_marker().filter(|_| answer.is_truncated() == Some(true)).map(|marker| {
            let version = answer.next_version_id_marker().map(str::to_owned);
            Next::Version(key(answer.encoding_type(), marker), version)
        });
        let current = answer.versions().iter().filter(|version| version.is_latest() == Some(true));
        let listed = current.filter_map(|version| {
            Some(ListedObject {
                key: key(answer.encoding_type(), version.key()?),
                version: current::version(version.version_id(), version.e_tag(), version.last_modified()),
            })
        });
        Ok((listed.collect(), next))
    }

    fn action(&self) -> String {
        format!("list s3://{}/{}", self.bucket, self.prefix)
    }
}

/// Looks up one object; `None` if there is none.
pub async fn head(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
) -> Result<Option<ListedObject>, StoreError> {
    let current = current::present(s3, bucket, key).await?;
    Ok(current.map(|version| ListedObject { key: key.to_owned(), version }))
}
