//! A snapshot that is too large to be held in memory: uploaded part by part, and visible only once it is
//! complete.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use docmill_clients::aws::StoreError;
use docmill_crds::api::storage::BucketLocation;

use super::{MEDIA_TYPE, SnapshotMetadata, action};
use crate::ingest::bucket::multipart::Multipart;

/// Bytes per part. S3 requires at least 5 MiB and accepts 10,000 parts
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// A snapshot that is being uploaded.
#[derive(Debug)]
pub struct Upload<'a> {
    multipart: Multipart<'a>,
    parts: Vec<CompletedPart>,
}

impl<'a> Upload<'a> {
    /// Starts the upload.
    pub async fn begin(
        client: &'a aws_sdk_s3::Client,
        location: &'a BucketLocation,
        key: &'a str,
        metadata: &SnapshotMetadata,
    ) -> Result<Self, StoreError> {
        let multipart = Multipart::begin(client, (&location.bucket, key), action(location, key), |request| {
            let pairs = metadata.pairs().into_iter();
            pairs
                .fold(request, |request, (name, value)| request.metadata(name, value))
                .content_type(MEDIA_TYPE)
        });
        Ok(Self { multipart: multipart.await?, parts: Vec::new() })
    }

    /// Stores the next part. All but the last one have [`PART_BYTES`].
    pub async fn push(&mut self, part: Bytes) -> Result<(), StoreError> {
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let stored = self.multipart.part(number).body(ByteStream::from(part)).send().await;
        let stored = stored.map_err(|error| self.multipart.failed(&error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(stored.e_tag).build();
        self.parts.push(part);
        Ok(())
    }

    /// Assembles the parts into one object.
    pub async fn complete(self) -> Result<(), StoreError> {
        self.multipart.complete(self.parts).await
    }

    /// Discards what was stored.
    pub async fn abort(self) {
        self.multipart.abort().await;
    }
}
