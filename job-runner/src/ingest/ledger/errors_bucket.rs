//! Keeps the evidence of what was refused: the object unchanged, and beside it a JSON that says why.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_crds::api::storage::BucketLocation;
use docmill_crds::records::units::UnitId;
use serde::Serialize;
use serde_json::Value;

use crate::ingest::bucket::copy::{self, CopyTarget};
use crate::ingest::bucket::locations::EvidenceKeys;
use crate::ingest::unit::Unit;
use crate::ingest::unit::refusal::Stage;

/// How long to wait after each copy that is denied although the errors bucket accepts the record.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::ZERO];

/// Why a unit was refused: the content of its `.error.json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorRecord {
    /// `<namespace>/<name>` of the `IngestSource`.
    pub source: String,
    /// The unit.
    pub unit: UnitId,
    /// The member of an archive, in the record beside its copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Where it was refused.
    pub stage: Stage,
    /// Reason code of the first refusal.
    pub reason: String,
    /// The first refusal in words.
    pub message: String,
    /// Each refused document, or the object as a whole: `member` (of an archive), `document` (its number in the object
    /// or member, from 0, if known), `reason` and `faults` (reason, field, path, line, column, expected, found).
    pub refusals: Vec<Value>,
    /// Whether the refused object was copied beside this record.
    pub copied: bool,
    /// Why it was not copied, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_copied_because: Option<String>,
    /// How often the unit was taken from the queue.
    pub attempts: i64,
    /// Digest of the conversion model.
    pub revision: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// Name of the pod.
    pub runner: String,
}

/// Copies the object and writes its error record, in the source's own location. The record comes last: if it
/// exists, the evidence is complete.
///
/// An object that cannot be copied does not hold up the unit: it may be gone by now, or replaced by another
/// version, or the store refuses to copy it although the errors bucket is writable. Then only the record
/// documents the refusal, and says why there is no copy.
pub async fn refuse(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    unit: &Unit,
    record: &ErrorRecord,
) -> Result<(), StoreError> {
    let keys = EvidenceKeys::of_object(location, &unit.id);
    let target = CopyTarget { bucket: &location.bucket, key: &keys.copy };
    if !record.copied {
        return write_record(client, location, &keys.record, record).await;
    }
    for pause in PAUSES {
        let error = match copy::copy(client, unit, target).await {
            Ok(()) => return write_record(client, location, &keys.record, record).await,
            Err(error) => error,
        };
        let because = match error.fault() {
            Some(StoreFault::NoSuchKey | StoreFault::Changed) => {
                "this version of the object is no longer there".to_owned()
            }
            Some(StoreFault::AccessDenied | StoreFault::Refused | StoreFault::Archived) => {
                format!("the object store refuses to copy it ({})", error.detail())
            }
            _ => return Err(error),
        };
        tracing::warn!(unit = ?unit.id, %error, "failed to copy a refused object; keeping only its error record");
        let without_copy = ErrorRecord { copied: false, not_copied_because: Some(because), ..record.clone() };
        // If the errors bucket accepts no writes at all, this fails too, and the unit waits.
        write_record(client, location, &keys.record, &without_copy).await?;
        if error.fault() != Some(StoreFault::AccessDenied) {
            return Ok(());
        }
        // A permission that was just granted may not have propagated everywhere.
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// Removes the evidence of a unit that is no longer refused, or whose key another version has taken over.
/// Succeeds if nothing is there. Evidence that may not be deleted stays, and an audit reports it: the unit's
/// outcome does not depend on it.
pub async fn remove(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    unit: &UnitId,
) -> Result<(), StoreError> {
    let EvidenceKeys { copy, record } = EvidenceKeys::of_object(location, unit);
    // The record last, as when it was written: if it exists, the evidence is complete.
    for key in [copy, record] {
        delete(client, location, &key).await?;
    }
    Ok(())
}

/// Deletes evidence; false if it may not be deleted.
pub(super) async fn delete(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    key: &str,
) -> Result<bool, StoreError> {
    let sent = client.delete_object().bucket(&location.bucket).key(key).send().await;
    let Err(error) = sent else { return Ok(true) };
    let error = StoreError::from_sdk(format!("delete s3://{}/{key}", location.bucket), &error);
    if !matches!(error.fault(), Some(StoreFault::AccessDenied | StoreFault::Refused)) {
        return Err(error);
    }
    tracing::warn!(%error, "failed to delete outdated evidence of a refusal; allow s3:DeleteObject on it");
    Ok(false)
}

/// Keeps a queue message that is not a notification, with the reason beside it. `unit` is the id under which
/// it is recorded.
pub async fn refuse_message(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    unit: &UnitId,
    body: &str,
    record: &ErrorRecord,
) -> Result<(), StoreError> {
    let keys = EvidenceKeys::of_message(location, unit);
    write(client, location, &keys.copy, "text/plain; charset=utf-8", body.as_bytes().to_vec()).await?;
    write_record(client, location, &keys.record, record).await
}

/// Keeps the bytes of a part of an object.
pub(super) async fn write_copy(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    key: &str,
    bytes: Vec<u8>,
) -> Result<(), StoreError> {
    write(client, location, key, "application/octet-stream", bytes).await
}

/// Writes an error record.
pub(super) async fn write_record(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    key: &str,
    record: &ErrorRecord,
) -> Result<(), StoreError> {
    let record = serde_json::to_vec_pretty(record).unwrap_or_default();
    write(client, location, key, "application/json", record).await
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
