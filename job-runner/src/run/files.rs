//! The files of a run in the snapshot bucket: written whole, read whole.

use aws_sdk_s3::Client;
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

    /// Writes an object of the snapshot bucket, and replaces none. Returns whether the bucket then holds these bytes there.
    pub(crate) async fn create_object(
        &self,
        key: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<bool, RunError> {
        // Some stores know no condition.
        if let Some(existing) = self.read_object(key).await? {
            return Ok(existing == bytes);
        }
        let place = (self.source().snapshots.bucket.as_str(), key);
        let create = async || create(&self.s3, place, media_type, &bytes).await;
        if retry::retry_transient(PATIENCE, &self.stop.abort, create).await? {
            return Ok(true);
        }
        // An attempt whose answer was lost may have written it.
        Ok(self.read_object(key).await?.is_some_and(|existing| existing == bytes))
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

/// Writes an object of a bucket (`place`: bucket and key) unless there is one. Returns false if there is. A store that refuses
/// the condition itself is asked without it.
async fn create(
    s3: &Client,
    place: (&str, &str),
    media_type: &str,
    bytes: &[u8],
) -> Result<bool, StoreError> {
    let (bucket, key) = place;
    let mut condition = Some("*".to_owned());
    loop {
        let body = ByteStream::from(bytes.to_vec());
        let request = s3.put_object().bucket(bucket).key(key).content_type(media_type).body(body);
        let Err(error) = request.set_if_none_match(condition.clone()).send().await else { return Ok(true) };
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(409 | 412) => return Ok(false),
            Some(400 | 501) if condition.take().is_some() => {}
            _ => return Err(StoreError::from_sdk(format!("write s3://{bucket}/{key}"), &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use docmill_clients::aws::credential_key::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
    use docmill_clients::aws::{StoreError, s3_client};
    use docmill_clients::secrets::Secrets;
    use docmill_crds::api::storage::Storage;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::create;

    /// The head of a request, whose body is read too.
    async fn head(stream: &mut TcpStream) -> String {
        let (mut received, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut piece).await.unwrap();
            assert!(read > 0, "a request that breaks off");
            received.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&received).to_ascii_lowercase();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
                return head.to_owned();
            }
        }
    }

    /// What comes of an attempt at a store that answers with these statuses, and whether each request had the condition.
    async fn created(statuses: &'static [u16]) -> (Result<bool, StoreError>, Vec<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let conditions = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&conditions);
        tokio::spawn(async move {
            for status in statuses {
                let (mut stream, _) = listener.accept().await.unwrap();
                let is_conditional = head(&mut stream).await.contains("\r\nif-none-match: *");
                seen.lock().unwrap().push(is_conditional);
                let answer = format!("HTTP/1.1 {status} .\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        let storage: Storage = serde_json::from_value(serde_json::json!({
            "region": "eu-west-1", "endpoint": endpoint, "forcePathStyle": true,
            "credentialsSecretRef": {"name": "keys"},
        }))
        .unwrap();
        let keys = [(ACCESS_KEY_ID, "id"), (SECRET_ACCESS_KEY, "key")];
        let keys = keys.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let s3 = s3_client(&storage, &Secrets::new(keys.into())).await.unwrap();
        let created = create(&s3, ("json", "a.json"), "application/json", b"{}").await;
        let conditions = conditions.lock().unwrap().clone();
        (created, conditions)
    }

    #[tokio::test]
    async fn an_object_that_exists_is_not_replaced() {
        let cases: [(&'static [u16], Option<bool>, &[bool]); 7] = [
            (&[200], Some(true), &[true]),
            (&[412], Some(false), &[true]),
            (&[409], Some(false), &[true]),
            // Stores that do not know the condition.
            (&[501, 200], Some(true), &[true, false]),
            (&[400, 200], Some(true), &[true, false]),
            (&[400, 400], None, &[true, false]),
            (&[403], None, &[true]),
        ];
        for (statuses, expected, conditions) in cases {
            let (created, seen) = created(statuses).await;
            assert_eq!((created.ok(), seen.as_slice()), (expected, conditions), "{statuses:?}");
        }
    }
}
