//! Reads a raw object, exactly the reported version.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use docmill_clients::aws::objects::{ObjectResponse, ObjectVersion, Objects};
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_crds::records::units::UnitId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ingest::unit::Unit;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::telemetry;

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
    let object = match get(client, landed).send().await {
        Ok(object) => object,
        Err(error) => {
            let is_marker = error.raw_response().is_some_and(|response| {
                response.status().as_u16() == 405
                    && response.headers().get("x-amz-delete-marker") == Some("true")
            });
            let error = StoreError::from_sdk(action(landed), &error);
            return match error.fault() {
                _ if is_marker => Ok(ObjectFound::Gone),
                Some(StoreFault::NoSuchKey) => Ok(ObjectFound::Gone),
                Some(StoreFault::Changed) => Ok(ObjectFound::Replaced),
                _ => Err(error),
            };
        }
    };
    Ok(found(landed, object.into()))
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
