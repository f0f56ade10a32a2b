//! Keeps the evidence of what was refused: the object unchanged, and beside it a JSON that says why.

use aws_sdk_s3::primitives::ByteStream;
use docmill_crds::ledger::UnitId;
use docmill_crds::storage::BucketLocation;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::object_key;
use super::unit::Unit;
use crate::stores::{StoreError, StoreFault};

/// What a copy source keeps unescaped: the unreserved characters of RFC 3986, and the separator
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
const COPY_SOURCE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// The step at which something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Stage {
    /// The queue message is no notification.
    Receive,
    /// The object is too large to be read.
    Fetch,
    /// The object could not be converted, or a document of it is not valid.
    Convert,
    /// Elasticsearch refused a document.
    Index,
}

/// Why a unit was refused: the content of `<key>.error.json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorRecord {
    /// `<namespace>/<name>` of the `IngestSource`.
    pub source: String,
    /// The unit.
    pub unit: UnitId,
    /// Where it was refused.
    pub stage: Stage,
    /// Reason code of the first refusal.
    pub reason: String,
    /// The first refusal in words.
    pub message: String,
    /// Each refused document, or the object as a whole: `document` (its number in the object, from 0, where it is
    /// known), `reason` and `faults` (reason, field, path, line, column, expected, found).
    pub refusals: Vec<Value>,
    /// How often the unit was taken from the queue.
    pub attempts: i64,
    /// Digest of the conversion model.
    pub revision: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// Name of the pod.
    pub runner: String,
}

/// Copies the object and writes its error record. The record comes last: where it is, the evidence is complete.
///
/// The object may be gone by now, or replaced by another version; then the record alone tells of the refusal.
pub async fn refuse(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    unit: &Unit,
    record: &ErrorRecord,
) -> Result<(), StoreError> {
    let digest = unit.id.digest();
    let key = object_key::derived(&location.prefix, &unit.id.key, &digest, "");
    match copy(client, location, unit, &key).await {
        Err(error) if matches!(error.fault(), Some(StoreFault::NoSuchKey | StoreFault::Changed)) => {
            tracing::warn!(unit = ?unit.id, "the refused object is no longer there; its error record is kept");
        }
        result => result?,
    }
    let key = object_key::derived(&location.prefix, &unit.id.key, &digest, ".error.json");
    write(client, location, &key, "application/json", serde_json::to_vec_pretty(record).unwrap_or_default())
        .await
}

/// Removes the evidence of a key, because its unit is refused no more. Nothing there is fine.
pub async fn remove(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    unit: &UnitId,
) -> Result<(), StoreError> {
    let digest = unit.digest();
    // The record last, as it came last: where it is, the evidence is complete.
    for suffix in ["", ".error.json"] {
        let key = object_key::derived(&location.prefix, &unit.key, &digest, suffix);
        let request = client.delete_object().bucket(&location.bucket).key(&key);
        let sent = request.send().await;
        sent.map_err(|error| StoreError::from_sdk(format!("delete s3://{}/{key}", location.bucket), &error))?;
    }
    Ok(())
}

/// Keeps a queue message that is no notification, with the reason beside it.
pub async fn refuse_message(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    id: &str,
    body: &str,
    record: &ErrorRecord,
) -> Result<(), StoreError> {
    let key = format!("{}messages/{id}", location.prefix);
    write(client, location, &key, "text/plain; charset=utf-8", body.as_bytes().to_vec()).await?;
    let record = serde_json::to_vec_pretty(record).unwrap_or_default();
    write(client, location, &format!("{key}.error.json"), "application/json", record).await
}

async fn copy(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    unit: &Unit,
    key: &str,
) -> Result<(), StoreError> {
    let UnitId { bucket, key: raw_key, version } = &unit.id;
    let source = format!("{bucket}/{}", utf8_percent_encode(raw_key, COPY_SOURCE));
    let mut request = client.copy_object().bucket(&location.bucket).key(key);
    request = match &unit.version_id {
        Some(id) => request.copy_source(format!("{source}?versionId={id}")),
        None => request.copy_source(source).copy_source_if_match(format!("\"{version}\"")),
    };
    let action = format!("copy s3://{bucket}/{raw_key} to s3://{}/{key}", location.bucket);
    request.send().await.map_err(|error| StoreError::from_sdk(action, &error))?;
    Ok(())
}

async fn write(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    key: &str,
    media_type: &str,
    bytes: Vec<u8>,
) -> Result<(), StoreError> {
    let request = client.put_object().bucket(&location.bucket).key(key).content_type(media_type);
    let sent = request.body(ByteStream::from(bytes)).send().await;
    sent.map_err(|error| StoreError::from_sdk(format!("write s3://{}/{key}", location.bucket), &error))?;
    Ok(())
}
