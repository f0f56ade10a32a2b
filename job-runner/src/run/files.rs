//! The files of a run in the snapshot bucket: written whole, read whole.

use aws_sdk_s3::primitives::ByteStream;
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::retry;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::RunContext;
use super::error::RunError;
use super::retry_policy::PATIENCE;

impl RunContext {
    /// Writes a file of the run; replaces an existing one.
    pub(crate) async fn write_file(
        &self,
        name: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), RunError> {
        self.write_object(&self.file_key(name), media_type, bytes).await
    }

    /// Writes an object of the snapshot bucket; replaces an existing one.
    pub(crate) async fn write_object(
        &self,
        key: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), RunError> {
        let bucket = &self.source().snapshots.bucket;
        let write = async || {
            let body = ByteStream::from(bytes.clone());
            let request = self.s3.put_object().bucket(bucket).key(key).content_type(media_type).body(body);
            let sent = request.send().await;
            sent.map_err(|error| StoreError::from_sdk(format!("write s3://{bucket}/{key}"), &error))
        };
        retry::retry_transient(PATIENCE, &self.stop.abort, write).await?;
        Ok(())
    }

    /// Writes a file of the run as JSON.
    pub(crate) async fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), RunError> {
        let key = self.file_key(name);
        let bytes = serde_json::to_vec(value).map_err(|error| RunError::File { key, error })?;
        self.write_file(name, "application/json", bytes).await
    }

    /// Reads a file of the run; `None` if there is none.
    pub(crate) async fn read_file(&self, name: &str) -> Result<Option<Vec<u8>>, RunError> {
        self.read_object(&self.file_key(name)).await
    }

    /// Reads an object of the snapshot bucket; `None` if there is none.
    pub(crate) async fn read_object(&self, key: &str) -> Result<Option<Vec<u8>>, RunError> {
        let bucket = &self.source().snapshots.bucket;
        let action = || format!("read s3://{bucket}/{key}");
        let read = async || match self.s3.get_object().bucket(bucket).key(key).send().await {
            Ok(object) => {
                let body = object.body.collect().await;
                let body = body.map_err(|error| StoreError::unavailable(action(), &error))?;
                Ok(Some(body.to_vec()))
            }
            Err(error) => match StoreError::from_sdk(action(), &error) {
                error if error.fault() == Some(StoreFault::NoSuchKey) => Ok(None),
                error => Err(error),
            },
        };
        Ok(retry::retry_transient(PATIENCE, &self.stop.abort, read).await?)
    }

    /// Reads a file of the run that holds JSON; `None` if there is none.
    pub(crate) async fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, RunError> {
        let Some(bytes) = self.read_file(name).await? else { return Ok(None) };
        let key = self.file_key(name);
        serde_json::from_slice(&bytes).map(Some).map_err(|error| RunError::File { key, error })
    }
}
