//! Copies a raw object into the errors bucket, within the store: in one request, or in parts if it is too
//! large for one.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::CompletedPart;
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::escaping::PATH;
use docmill_crds::records::units::UnitId;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use percent_encoding::utf8_percent_encode;

use super::multipart::Multipart;
use crate::ingest::unit::Unit;

/// The largest object that one request can copy, in bytes
/// (5 GiB, <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
const MOST_AT_ONCE: i64 = 5 << 30;
/// Bytes per part: few enough to copy a part within the read time-out of a request.
const PART_BYTES: i64 = 256 << 20;
/// Maximum number of parts in an upload
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MOST_PARTS: i64 = 10_000;
/// Parts that are copied concurrently.
const PARTS_AT_A_TIME: usize = 4;

/// Where a copy goes.
#[derive(Clone, Copy, Debug)]
pub struct CopyTarget<'a> {
    /// Name of the bucket.
    pub bucket: &'a str,
    /// Key of the copy.
    pub key: &'a str,
}

/// Copies exactly this version of an object.
pub async fn copy(
    client: &aws_sdk_s3::Client,
    unit: &Unit,
    target: CopyTarget<'_>,
) -> Result<(), StoreError> {
    let error = match at_once(client, unit, target).await {
        Err(error) if error.fault() == Some(StoreFault::Refused) => error,
        result => return result,
    };
    // The store refuses an object that is too large for one request as a bad request, like any other bad
    // request.
    match head(client, unit).await {
        Ok(head) if head.content_length().unwrap_or(0) > MOST_AT_ONCE => {
            in_parts(client, unit, target, &head, PART_BYTES).await
        }
        _ => Err(error),
    }
}

async fn at_once(client: &aws_sdk_s3::Client, unit: &Unit, target: CopyTarget<'_>) -> Result<(), StoreError> {
    let request = client.copy_object().bucket(target.bucket).key(target.key);
    let request = request.copy_source(source(unit)).set_copy_source_if_match(condition(unit));
    request.send().await.map_err(|error| StoreError::from_sdk(action(unit, target), &error))?;
    Ok(())
}

/// Returns the store's metadata of exactly this version of an object.
pub async fn head(client: &aws_sdk_s3::Client, unit: &Unit) -> Result<HeadObjectOutput, StoreError> {
    let request = client.head_object().bucket(&unit.id.bucket).key(&unit.id.key);
    let request = request.set_version_id(unit.version_id.clone()).set_if_match(condition(unit));
    let action = || format!("look at s3://{}/{}", unit.id.bucket, unit.id.key);
    request.send().await.map_err(|error| StoreError::from_sdk(action(), &error))
}

/// Copies an object in parts of `part_bytes` (at least 5 MiB, except for the last one), or larger ones if
/// there would be too many parts. Aborts the upload if a part cannot be copied.
pub async fn in_parts(
    client: &aws_sdk_s3::Client,
    unit: &Unit,
    target: CopyTarget<'_>,
    head: &HeadObjectOutput,
    part_bytes: i64,
) -> Result<(), StoreError> {
    let destination = (target.bucket, target.key);
    let upload = Multipart::begin(client, destination, action(unit, target), |request| {
        request.set_content_type(head.content_type.clone()).set_metadata(head.metadata.clone())
    });
    let upload = upload.await?;
    let ranges = parts(head.content_length().unwrap_or(0), part_bytes);
    let result = match copy_parts(&upload, unit, ranges).await {
        Ok(parts) => upload.complete(parts).await,
        Err(error) => Err(error),
    };
    if result.is_err() {
        upload.abort().await;
    }
    result
}

async fn copy_parts(
    upload: &Multipart<'_>,
    unit: &Unit,
    ranges: Vec<String>,
) -> Result<Vec<CompletedPart>, StoreError> {
    let copies = stream::iter((1..).zip(ranges)).map(|(number, range)| async move {
        let request = upload.part_copy(number).copy_source(source(unit)).copy_source_range(range);
        let sent = request.set_copy_source_if_match(condition(unit)).send().await;
        let response = sent.map_err(|error| upload.failed(&error))?;
        let etag = response.copy_part_result.and_then(|result| result.e_tag);
        Ok(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
    });
    copies.buffered(PARTS_AT_A_TIME).try_collect().await
}

/// Splits an object of `length` bytes into ranges, one per part.
fn parts(length: i64, part_bytes: i64) -> Vec<String> {
    let fewest = length / MOST_PARTS + i64::from(length % MOST_PARTS > 0);
    let size = part_bytes.max(fewest).max(1);
    let starts = (0..).map(|number| number * size).take_while(|start| *start < length);
    starts.map(|start| format!("bytes={start}-{}", (start + size).min(length) - 1)).collect()
}

fn source(unit: &Unit) -> String {
    let UnitId { bucket, key, .. } = &unit.id;
    let source = format!("{bucket}/{}", utf8_percent_encode(key, PATH));
    match &unit.version_id {
        Some(id) => format!("{source}?versionId={id}"),
        None => source,
    }
}

/// The `ETag` that the object must have if no version id identifies it.
fn condition(unit: &Unit) -> Option<String> {
    unit.version_id.is_none().then(|| format!("\"{}\"", unit.id.version))
}

fn action(unit: &Unit, target: CopyTarget<'_>) -> String {
    format!("copy s3://{}/{} to s3://{}/{}", unit.id.bucket, unit.id.key, target.bucket, target.key)
}

#[cfg(test)]
mod tests {
    use super::{MOST_PARTS, PART_BYTES, parts};

    #[test]
    fn parts_cover_an_object_without_gap_or_overlap() {
        assert_eq!(parts(10, 4), ["bytes=0-3", "bytes=4-7", "bytes=8-9"]);
        assert_eq!(parts(8, 4), ["bytes=0-3", "bytes=4-7"]);
        assert!(parts(0, 4).is_empty());
    }

    #[test]
    fn the_largest_objects_have_no_more_parts_than_an_upload_takes() {
        for length in [(5 << 30) + 1, 5 << 40, 50 << 40, (50 << 40) - 1] {
            let parts = parts(length, PART_BYTES);
            assert!(i64::try_from(parts.len()).unwrap() <= MOST_PARTS, "{}", parts.len());
            assert!(parts.last().unwrap().ends_with(&format!("-{}", length - 1)));
        }
    }
}
