//! Reads a raw object, exactly the reported version.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use docmill_clients::aws::objects::{ObjectResponse, ObjectVersion, Objects};
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_crds::records::units::UnitId;
use docmill_crds::untrusted_text::UntrustedText;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ingest::unit::Unit;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::telemetry;

/// Bytes of an object that are held in memory to learn its length, if the store does not announce it.
const UNANNOUNCED_BYTES: usize = 4 * 1024 * 1024;

/// How much memory the raw objects in flight may take together. An object larger than the whole budget waits
/// until it is alone.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    kibibytes: Arc<Semaphore>,
    all: u32,
}

impl MemoryBudget {
    /// A budget of `kibibytes` KiB.
    pub fn new(kibibytes: u32) -> Self {
        Self { kibibytes: Arc::new(Semaphore::new(kibibytes as usize)), all: kibibytes }
    }

    /// Waits until `bytes` bytes are free. `None` never happens as long as the budget exists.
    pub async fn take(&self, bytes: i64) -> Option<OwnedSemaphorePermit> {
        let needed = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(self.all);
        Arc::clone(&self.kibibytes).acquire_many_owned(needed).await.ok()
    }
}

/// An object that was opened.
#[derive(Debug)]
pub struct OpenedObject {
    /// The unit.
    pub unit: Unit,
    /// Its length in bytes.
    pub length: i64,
    /// What the store says of it.
    pub headers: ObjectHeaders,
    /// Its bytes, not read yet.
    pub body: ByteStream,
}

/// The store's headers of an object, unchanged.
#[derive(Clone, Debug, Default)]
pub struct ObjectHeaders {
    /// The type that the writer of the object declared.
    pub content_type: Option<String>,
    /// User metadata: the headers `x-amz-meta-…`, without that prefix.
    pub metadata: HashMap<String, String>,
    /// How many tags it has. `None` if it has none, the store does not support tags, or the reader may not
    /// see them.
    pub tag_count: Option<i32>,
}

/// What was found where an object landed.
#[derive(Debug)]
pub enum ObjectFound {
    /// The reported version.
    Object(Box<OpenedObject>),
    /// The object is no longer there.
    Gone,
    /// Another version replaced it; that one is a unit of its own, with its own notification.
    Replaced,
}

/// Opens the object of a notification.
///
/// A version that is a delete marker answers 405, and is not an object.
pub async fn open(client: &aws_sdk_s3::Client, landed: &ObjectRef) -> Result<ObjectFound, StoreError> {
    match answer(landed, get(client, landed)).await? {
        Ok(object) if object.content_length.is_some() => Ok(found(landed, object.into())),
        // On the heap, since it is rare.
        Ok(object) => Box::pin(unannounced(client, landed, object)).await,
        Err(no_object) => Ok(no_object),
    }
}

/// What the store answers; the inner error is that there is no such object.
async fn answer(
    landed: &ObjectRef,
    request: GetObjectFluentBuilder,
) -> Result<Result<GetObjectOutput, ObjectFound>, StoreError> {
    match request.send().await {
        Ok(object) => Ok(Ok(object)),
        Err(error) => {
            let is_marker = error.raw_response().is_some_and(|response| {
                response.status().as_u16() == 405
                    && response.headers().get("x-amz-delete-marker") == Some("true")
            });
            let error = StoreError::from_sdk(action(landed), &error);
            match error.fault() {
                _ if is_marker => Ok(Err(ObjectFound::Gone)),
                Some(StoreFault::NoSuchKey) => Ok(Err(ObjectFound::Gone)),
                Some(StoreFault::Changed) => Ok(Err(ObjectFound::Replaced)),
                _ => Err(error),
            }
        }
    }
}

/// An object whose length the store did not announce, for example because a proxy passes it on in chunks. A small one is read
/// to its end; of a larger one, the answer to a request for a range says how long it is.
async fn unannounced(
    client: &aws_sdk_s3::Client,
    landed: &ObjectRef,
    mut object: GetObjectOutput,
) -> Result<ObjectFound, StoreError> {
    let mut bytes = BytesMut::new();
    while bytes.len() <= UNANNOUNCED_BYTES {
        let piece = object.body.try_next().await;
        let Some(piece) = piece.map_err(|error| StoreError::unavailable(action(landed), &error))? else {
            object.content_length = i64::try_from(bytes.len()).ok();
            object.body = ByteStream::from(bytes.freeze());
            return Ok(found(landed, object.into()));
        };
        bytes.extend_from_slice(&piece);
    }
    drop((object, bytes));
    let mut whole = match answer(landed, get(client, landed).range("bytes=0-")).await? {
        Ok(whole) => whole,
        Err(no_object) => return Ok(no_object),
    };
    whole.content_length = whole.content_range().and_then(|range| range.rsplit('/').next()?.parse().ok());
    if whole.content_length.is_none() {
        return Err(StoreError::Request {
            action: action(landed),
            detail: "the store does not say how long the object is".to_owned(),
            said: UntrustedText::default(),
            fault: StoreFault::Refused,
        });
    }
    Ok(found(landed, whole.into()))
}

/// The same with as few steps as possible, for whoever reads very many objects.
pub async fn open_one_of_many(objects: &Objects, landed: &ObjectRef) -> Result<ObjectFound, StoreError> {
    let version = match (&landed.version_id, &landed.etag) {
        (Some(id), _) => ObjectVersion::Id(id),
        (None, Some(etag)) => ObjectVersion::ETag(etag),
        (None, None) => ObjectVersion::Newest,
    };
    match objects.get(&landed.bucket, &landed.key, version).await {
        Some(object) => Ok(found(landed, object)),
        // On the heap: each of the requests in flight would be as large as this rare one.
        None => Box::pin(open(objects.sdk(), landed)).await,
    }
}

fn found(landed: &ObjectRef, object: ObjectResponse) -> ObjectFound {
    let unit = unit(landed, &object);
    let ObjectResponse { length, content_type, metadata, tag_count, body, .. } = object;
    let headers = ObjectHeaders { content_type, metadata, tag_count };
    ObjectFound::Object(Box::new(OpenedObject { unit, length, headers, body }))
}

/// The bytes of an object from a place on.
pub async fn open_from(
    client: &aws_sdk_s3::Client,
    landed: &ObjectRef,
    position: u64,
) -> Result<ByteStream, StoreError> {
    let sent = get(client, landed).range(format!("bytes={position}-")).send().await;
    sent.map(|object| object.body).map_err(|error| StoreError::from_sdk(action(landed), &error))
}

/// The request for exactly this version of an object.
fn get(client: &aws_sdk_s3::Client, landed: &ObjectRef) -> GetObjectFluentBuilder {
    let request = client.get_object().bucket(&landed.bucket).key(&landed.key);
    match (&landed.version_id, &landed.etag) {
        (Some(version), _) => request.version_id(version),
        // Without versions, only the ETag tells whether this is still the object that the message is about.
        (None, Some(etag)) => request.if_match(format!("\"{etag}\"")),
        (None, None) => request,
    }
}

/// All bytes of an object; exactly the announced length.
pub async fn read(landed: &ObjectRef, length: i64, body: ByteStream) -> Result<Bytes, StoreError> {
    let body = body.collect().await.map_err(|error| StoreError::unavailable(action(landed), &error))?;
    let bytes = body.into_bytes();
    check_length(landed, length, bytes.len())?;
    Ok(bytes)
}

/// Checks that a body has its full length; a truncated one is read again.
pub fn check_length(landed: &ObjectRef, length: i64, bytes_read: usize) -> Result<(), StoreError> {
    if i64::try_from(bytes_read) == Ok(length) {
        telemetry::worker().metrics.read(bytes_read);
        return Ok(());
    }
    let error = std::io::Error::other(format!("the body has {bytes_read} of {length} bytes"));
    Err(StoreError::unavailable(action(landed), &error))
}

/// Describes the action in errors.
pub fn action(landed: &ObjectRef) -> String {
    format!("read s3://{}/{}", landed.bucket, landed.key)
}

/// The unit of an object. If the notification named no version, it is the one that was found.
fn unit(landed: &ObjectRef, object: &ObjectResponse) -> Unit {
    let etag = object.etag.as_deref().map(|etag| etag.trim_matches('"').to_owned());
    let found_version = object.version_id.as_deref();
    let found_version = found_version.filter(|id| *id != "null" && landed.version().is_none());
    let version_id = landed.version_id.clone().or(found_version.map(str::to_owned));
    Unit {
        id: UnitId {
            bucket: landed.bucket.clone(),
            key: landed.key.clone(),
            version: landed.version().or(version_id.clone()).or(etag).unwrap_or_default(),
        },
        version_id,
        last_modified_millis: object.last_modified_millis,
    }
}

#[cfg(test)]
mod tests {
    use docmill_clients::aws::credential_key::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
    use docmill_clients::aws::{StoreFault, s3_client};
    use docmill_clients::secrets::Secrets;
    use docmill_crds::api::storage::Storage;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::{ObjectFound, ObjectRef, UNANNOUNCED_BYTES, open, read};

    /// A store behind a proxy that passes objects of this many bytes on in chunks; it may say of a range how long all is.
    async fn chunking(length: usize, says_range: bool) -> aws_sdk_s3::Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 8192];
                let received = stream.read(&mut request).await.unwrap();
                let is_range =
                    String::from_utf8_lossy(&request[..received]).contains("\r\nrange: bytes=0-\r\n");
                let status = match (is_range, says_range) {
                    (true, true) => {
                        format!("206 Partial Content\r\ncontent-range: bytes 0-{}/{length}", length - 1)
                    }
                    _ => "200 OK".to_owned(),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\netag: \"e\"\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n"
                );
                let mut answer = head.into_bytes();
                answer.resize(answer.len() + length, b'a');
                answer.extend_from_slice(b"\r\n0\r\n\r\n");
                // Who has heard enough hangs up.
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        let storage: Storage = serde_json::from_value(serde_json::json!({
            "region": "eu-west-1", "endpoint": endpoint, "forcePathStyle": true,
            "credentialsSecretRef": {"name": "keys"},
        }))
        .unwrap();
        let keys = [(ACCESS_KEY_ID, "id"), (SECRET_ACCESS_KEY, "key")];
        let keys = keys.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        s3_client(&storage, &Secrets::new(keys.into())).await.unwrap()
    }

    fn landed() -> ObjectRef {
        ObjectRef { bucket: "raw".into(), key: "a.xml".into(), version_id: None, etag: Some("e".into()) }
    }

    #[tokio::test]
    async fn an_object_without_an_announced_length_is_read_to_its_end() {
        for (length, says_range) in [(5120, false), (UNANNOUNCED_BYTES + 5, true)] {
            let s3 = chunking(length, says_range).await;
            let ObjectFound::Object(opened) = open(&s3, &landed()).await.unwrap() else {
                panic!("no object")
            };
            assert_eq!(usize::try_from(opened.length).unwrap(), length);
            let bytes = read(&landed(), opened.length, opened.body).await.unwrap();
            assert_eq!(bytes.len(), length);
        }
    }

    #[tokio::test]
    async fn a_large_object_of_unknown_length_is_the_objects_own_fault() {
        let s3 = chunking(UNANNOUNCED_BYTES + 5, false).await;
        let error = open(&s3, &landed()).await.unwrap_err();
        assert_eq!(error.fault(), Some(StoreFault::Refused), "{error}");
    }
}
