//! Reads a raw object, exactly the version that was told of.

use std::sync::Arc;

use aws_sdk_s3::primitives::DateTime;
use bytes::Bytes;
use docmill_crds::ledger::UnitId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::notification::Landed;
use super::unit::Unit;
use crate::stores::{StoreError, StoreFault};

/// The largest object that is read; a larger one is refused. Memory per worker follows from it.
pub const MAX_OBJECT_BYTES: usize = 64 * 1024 * 1024;

/// How much memory the raw objects in a worker's hands may take together. An object larger than all of it waits until
/// it is alone.
#[derive(Clone, Debug)]
pub struct Room {
    kibibytes: Arc<Semaphore>,
    all: u32,
}

impl Room {
    /// Room for so many KiB.
    #[must_use]
    pub fn new(kibibytes: u32) -> Self {
        Self { kibibytes: Arc::new(Semaphore::new(kibibytes as usize)), all: kibibytes }
    }

    /// Waits for room for so many bytes. `None` never happens as long as the room exists.
    async fn take(&self, bytes: i64) -> Option<OwnedSemaphorePermit> {
        let needed = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(self.all);
        Arc::clone(&self.kibibytes).acquire_many_owned(needed).await.ok()
    }
}

/// What was found where an object landed.
#[derive(Debug)]
pub enum Fetched {
    /// The version that was told of.
    Object {
        /// The unit.
        unit: Unit,
        /// All its bytes; their number is the object's length.
        bytes: Bytes,
        /// The memory that they take, given back when this is dropped.
        room: Option<OwnedSemaphorePermit>,
    },
    /// The version that was told of, larger than [`MAX_OBJECT_BYTES`]; it was not read.
    TooLarge {
        /// The unit.
        unit: Unit,
        /// Its length in bytes.
        length: i64,
    },
    /// The object is no longer there.
    Gone,
    /// Another version took its place; that one is a unit of its own, with a notification of its own.
    Replaced,
}

/// Reads the object of a notification.
pub async fn fetch(client: &aws_sdk_s3::Client, landed: &Landed, room: &Room) -> Result<Fetched, StoreError> {
    let action = || format!("read s3://{}/{}", landed.bucket, landed.key);
    let mut request = client.get_object().bucket(&landed.bucket).key(&landed.key);
    request = match (&landed.version_id, &landed.etag) {
        (Some(version), _) => request.version_id(version),
        // Without versions, only the ETag tells whether this is still the object that the message is about.
        (None, Some(etag)) => request.if_match(format!("\"{etag}\"")),
        (None, None) => request,
    };
    let object = match request.send().await {
        Ok(object) => object,
        Err(error) => {
            let error = StoreError::from_sdk(action(), &error);
            return match error.fault() {
                Some(StoreFault::NoSuchKey) => Ok(Fetched::Gone),
                Some(StoreFault::Changed) => Ok(Fetched::Replaced),
                _ => Err(error),
            };
        }
    };
    let unit = unit(landed, object.e_tag(), object.last_modified());
    let length = object.content_length().unwrap_or(0);
    if usize::try_from(length).unwrap_or(usize::MAX) > MAX_OBJECT_BYTES {
        return Ok(Fetched::TooLarge { unit, length });
    }
    let room = room.take(length).await;
    let body = object.body.collect().await.map_err(|error| StoreError::unavailable(action(), &error))?;
    let bytes = body.into_bytes();
    if i64::try_from(bytes.len()) != Ok(length) {
        let cut = std::io::Error::other(format!("the body has {} of {length} bytes", bytes.len()));
        return Err(StoreError::unavailable(action(), &cut));
    }
    Ok(Fetched::Object { unit, bytes, room })
}

fn unit(landed: &Landed, etag: Option<&str>, last_modified: Option<&DateTime>) -> Unit {
    let etag = etag.map(|etag| etag.trim_matches('"').to_owned());
    Unit {
        id: UnitId {
            bucket: landed.bucket.clone(),
            key: landed.key.clone(),
            version: unit_version(landed).or(etag).unwrap_or_default(),
        },
        version_id: landed.version_id.clone(),
        last_modified_millis: last_modified.and_then(|time| time.to_millis().ok()).unwrap_or(0),
    }
}

/// The version that a notification names: the version id, or else the `ETag`.
#[must_use]
pub fn unit_version(landed: &Landed) -> Option<String> {
    landed.version_id.clone().or_else(|| landed.etag.clone())
}
