//! A snapshot that is too large to be held: stored part by part, and there only when it is complete.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use docmill_crds::storage::BucketLocation;

use super::{Label, MEDIA_TYPE, action};
use crate::stores::StoreError;

/// Bytes of a part. S3 asks for 5 MiB at least and takes 10,000 parts
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// A multipart upload. One that is neither completed nor aborted, since its worker died, is not seen as an object; a
/// lifecycle rule of the bucket clears it away.
#[derive(Debug)]
pub struct Upload<'a> {
    client: &'a aws_sdk_s3::Client,
    location: &'a BucketLocation,
    key: &'a str,
    id: String,
    parts: Vec<CompletedPart>,
}

impl<'a> Upload<'a> {
    /// Begins.
    pub async fn begin(
        client: &'a aws_sdk_s3::Client,
        location: &'a BucketLocation,
        key: &'a str,
        label: &Label,
    ) -> Result<Self, StoreError> {
        let mut request = client.create_multipart_upload().bucket(&location.bucket).key(key);
        for (name, value) in label.pairs() {
            request = request.metadata(name, value);
        }
        let begun = request.content_type(MEDIA_TYPE).send().await;
        let begun = begun.map_err(|error| StoreError::from_sdk(action(location, key), &error))?;
        let id = begun.upload_id.unwrap_or_default();
        Ok(Self { client, location, key, id, parts: Vec::new() })
    }

    /// Stores the next part. All but the last one have [`PART_BYTES`].
    pub async fn push(&mut self, part: Bytes) -> Result<(), StoreError> {
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let request = self.client.upload_part().bucket(&self.location.bucket).key(self.key);
        let request = request.upload_id(&self.id).part_number(number).body(ByteStream::from(part));
        let stored = request.send().await.map_err(|error| StoreError::from_sdk(self.action(), &error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(stored.e_tag).build();
        self.parts.push(part);
        Ok(())
    }

    /// Makes one object of the parts.
    pub async fn complete(self) -> Result<(), StoreError> {
        let action = self.action();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts)).build();
        let request = self.client.complete_multipart_upload().bucket(&self.location.bucket).key(self.key);
        let sent = request.upload_id(&self.id).multipart_upload(parts).send().await;
        sent.map_err(|error| StoreError::from_sdk(action, &error))?;
        Ok(())
    }

    /// Gives up what was stored. That it fails is no fault: the parts are never seen as an object.
    pub async fn abort(self) {
        let request = self.client.abort_multipart_upload().bucket(&self.location.bucket).key(self.key);
        if let Err(error) = request.upload_id(&self.id).send().await {
            let error = StoreError::from_sdk(self.action(), &error);
            tracing::warn!(%error, "parts of a snapshot could not be removed; a lifecycle rule has to do it");
        }
    }

    fn action(&self) -> String {
        action(self.location, self.key)
    }
}
