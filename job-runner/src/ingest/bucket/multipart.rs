//! An object that is uploaded in parts, and exists only once it is complete.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::create_multipart_upload::builders::CreateMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder;
use aws_sdk_s3::operation::upload_part_copy::builders::UploadPartCopyFluentBuilder;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use docmill_clients::aws::StoreError;

/// A multipart upload. If its worker dies, the upload is neither completed nor aborted and never becomes an
/// object; a lifecycle rule of the bucket cleans it up.
#[derive(Debug)]
pub(crate) struct Multipart<'a> {
    client: &'a aws_sdk_s3::Client,
    bucket: &'a str,
    key: &'a str,
    /// Describes the action in errors.
    action: String,
    id: String,
}

impl<'a> Multipart<'a> {
    /// Starts an upload. `describe` sets the properties of the object.
    pub(crate) async fn begin(
        client: &'a aws_sdk_s3::Client,
        (bucket, key): (&'a str, &'a str),
        action: String,
        describe: impl FnOnce(CreateMultipartUploadFluentBuilder) -> CreateMultipartUploadFluentBuilder,
    ) -> Result<Self, StoreError> {
        let request = describe(client.create_multipart_upload().bucket(bucket).key(key));
        let created = request.send().await.map_err(|error| StoreError::from_sdk(action.clone(), &error))?;
        Ok(Self { client, bucket, key, action, id: created.upload_id.unwrap_or_default() })
    }

    /// Builds a request that stores a part.
    pub(crate) fn part(&self, number: i32) -> UploadPartFluentBuilder {
        let request = self.client.upload_part().bucket(self.bucket).key(self.key);
        request.upload_id(&self.id).part_number(number)
    }

    /// Builds a request that copies a part.
    pub(crate) fn part_copy(&self, number: i32) -> UploadPartCopyFluentBuilder {
        let request = self.client.upload_part_copy().bucket(self.bucket).key(self.key);
        request.upload_id(&self.id).part_number(number)
    }

    /// Assembles the parts into one object.
    pub(crate) async fn complete(&self, parts: Vec<CompletedPart>) -> Result<(), StoreError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket).key(self.key);
        let sent = request.upload_id(&self.id).multipart_upload(parts).send().await;
        sent.map(drop).map_err(|error| self.failed(&error))
    }

    /// Discards what was stored. A failure here does no harm: the parts never become an object.
    pub(crate) async fn abort(&self) {
        let request = self.client.abort_multipart_upload().bucket(self.bucket).key(self.key);
        if let Err(error) = request.upload_id(&self.id).send().await {
            let error = self.failed(&error);
            tracing::warn!(%error, "failed to discard the parts of an upload; a lifecycle rule has to remove them");
        }
    }

    /// Converts the failure of one of its requests.
    pub(crate) fn failed<E>(&self, error: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        StoreError::from_sdk(self.action.clone(), error)
    }
}
