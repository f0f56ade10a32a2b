//! An object that is made of parts, and is there only when it is complete.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::create_multipart_upload::builders::CreateMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder;
use aws_sdk_s3::operation::upload_part_copy::builders::UploadPartCopyFluentBuilder;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use docmill_clients::aws::StoreError;

/// A multipart upload. One that is neither completed nor aborted, since its worker died, is not seen as an object; a
/// lifecycle rule of the bucket clears it away.
#[derive(Debug)]
pub(crate) struct Multipart<'a> {
    client: &'a aws_sdk_s3::Client,
    bucket: &'a str,
    key: &'a str,
    /// What is being done, for errors.
    action: String,
    id: String,
}

impl<'a> Multipart<'a> {
    /// Begins. `describe` says what the object is to be.
    pub(crate) async fn begin(
        client: &'a aws_sdk_s3::Client,
        (bucket, key): (&'a str, &'a str),
        action: String,
        describe: impl FnOnce(CreateMultipartUploadFluentBuilder) -> CreateMultipartUploadFluentBuilder,
    ) -> Result<Self, StoreError> {
        let request = describe(client.create_multipart_upload().bucket(bucket).key(key));
        let begun = request.send().await.map_err(|error| StoreError::from_sdk(action.clone(), &error))?;
        Ok(Self { client, bucket, key, action, id: begun.upload_id.unwrap_or_default() })
    }

    /// A request that stores a part.
    pub(crate) fn part(&self, number: i32) -> UploadPartFluentBuilder {
        let request = self.client.upload_part().bucket(self.bucket).key(self.key);
        request.upload_id(&self.id).part_number(number)
    }

    /// A request that copies a part.
    pub(crate) fn part_copy(&self, number: i32) -> UploadPartCopyFluentBuilder {
        let request = self.client.upload_part_copy().bucket(self.bucket).key(self.key);
        request.upload_id(&self.id).part_number(number)
    }

    /// Makes one object of the parts.
    pub(crate) async fn complete(&self, parts: Vec<CompletedPart>) -> Result<(), StoreError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket).key(self.key);
        let sent = request.upload_id(&self.id).multipart_upload(parts).send().await;
        sent.map(drop).map_err(|error| self.failed(&error))
    }

    /// Gives up what was stored. That it fails is no fault: the parts are never seen as an object.
    pub(crate) async fn abort(&self) {
        let request = self.client.abort_multipart_upload().bucket(self.bucket).key(self.key);
        if let Err(error) = request.upload_id(&self.id).send().await {
            let error = self.failed(&error);
            tracing::warn!(%error, "parts of an object could not be removed; a lifecycle rule has to do it");
        }
    }

    /// The failure of one of its requests.
    pub(crate) fn failed<E>(&self, error: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        StoreError::from_sdk(self.action.clone(), error)
    }
}
