//! Keeps the JSON of a converted object: one document per line, in the order of the object. Each unit has an
//! object of its own, or many share one ([`packed`]); [`read`] reads both.

pub mod packed;
pub mod provenance;
pub mod read;
pub mod upload;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use docmill_clients::aws::StoreError;
use docmill_clients::aws::objects::Objects;
use docmill_crds::api::storage::BucketLocation;
pub use docmill_crds::records::locations::{SNAPSHOT_SOURCE as SOURCE, snapshot_key as key};

/// One document is JSON, several are one per line.
const MEDIA_TYPE: &str = "application/json";
/// Metadata that names the revision.
const REVISION: &str = "docmill-revision";

/// What a snapshot says of itself, as metadata of its object (`x-amz-meta-…`, ASCII).
#[derive(Clone, Debug)]
pub struct SnapshotMetadata {
    /// `<namespace>/<name>` of the `IngestSource`.
    pub source: String,
    /// Digest of the unit.
    pub unit: String,
    /// SHA-256 of the raw object, in hex.
    pub raw_digest: String,
    /// Digest of the conversion model.
    pub revision: String,
}

impl SnapshotMetadata {
    /// Names and values.
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            (SOURCE, &self.source),
            ("docmill-unit", &self.unit),
            ("docmill-raw-digest", &self.raw_digest),
            (REVISION, &self.revision),
        ]
    }
}

/// Stores a snapshot. Idempotent: the same unit and revision give the same key.
pub async fn store(
    objects: &Objects,
    location: &BucketLocation,
    key: &str,
    metadata: &SnapshotMetadata,
    lines: Bytes,
) -> Result<(), StoreError> {
    let (bucket, pairs) = (&location.bucket, metadata.pairs());
    if objects.put(bucket, key, MEDIA_TYPE, &pairs, lines.clone()).await {
        return Ok(());
    }
    let mut request = objects.sdk().put_object().bucket(bucket).key(key).content_type(MEDIA_TYPE);
    for (name, value) in pairs {
        request = request.metadata(name, value);
    }
    // On the heap: each of the requests in flight would be as large as this rare one.
    let sent = Box::pin(request.body(ByteStream::from(lines)).send()).await;
    sent.map_err(|error| StoreError::from_sdk(action(location, key), &error))?;
    Ok(())
}

/// The lines of a packed snapshot in the form of a single one: each names the snapshot.
pub fn unpack(lines: &[u8], reference: &str) -> Vec<u8> {
    let mut unpacked = Vec::with_capacity(lines.len());
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let end = line.strip_suffix(b"\n").unwrap_or(line);
        unpacked.extend(provenance::with_snapshot(end.to_vec(), reference));
        unpacked.extend_from_slice(&line[end.len()..]);
    }
    unpacked
}

/// Describes the action in errors.
fn action(location: &BucketLocation, key: &str) -> String {
    format!("write s3://{}/{key}", location.bucket)
}
