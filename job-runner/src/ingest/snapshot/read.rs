//! Reads snapshots, wherever they are stored. A packed one is read by one range request.

use std::pin::Pin;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use docmill_clients::aws::{StoreError, StoreFault};
use tokio::io::AsyncRead;

use super::packed::{self, PackEntry, PackError, PackPlace, Reference, Tail};
use super::unpack;

/// Bytes at the end of a pack that are read for its index; enough for several hundred units.
const TAIL_BYTES: u64 = 128 * 1024;

/// A snapshot that exists, and has not been read to its end yet.
#[derive(Debug)]
pub struct OpenedSnapshot {
    /// Bytes of its lines; `None` if the store does not announce them.
    pub length: Option<usize>,
    action: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Plain(ByteStream),
    /// A frame of a pack, and its reference.
    Packed(Bytes, String),
}

/// A source of lines.
pub type SnapshotLines = Pin<Box<dyn AsyncRead + Send>>;

/// Opens the snapshot that a reference names. `None`: it does not exist, or is not a snapshot; the log tells
/// them apart.
pub async fn open(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    reference: &str,
) -> Result<Option<OpenedSnapshot>, StoreError> {
    let action = format!("read s3://{bucket}/{reference}");
    match Reference::parse(reference) {
        Reference::Object(key) => {
            let request = client.get_object().bucket(bucket).key(key);
            let object = match request.send().await {
                Ok(object) => object,
                Err(error) => return absent(action, &error),
            };
            let announced = object.content_length();
            let length = announced.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
            Ok(Some(OpenedSnapshot { length, action, body: Body::Plain(object.body) }))
        }
        Reference::Packed(place) => open_packed(client, bucket, &place, action).await,
    }
}

async fn open_packed(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    place: &PackPlace<'_>,
    action: String,
) -> Result<Option<OpenedSnapshot>, StoreError> {
    if place.length > packed::MAX_FRAME_BYTES {
        return Ok(damaged(&action, &PackError::TooLarge));
    }
    let request = client.get_object().bucket(bucket).key(place.key).range(place.range());
    let object = match request.send().await {
        Ok(object) => object,
        Err(error) => return absent(action, &error),
    };
    let body =
        object.body.collect().await.map_err(|error| StoreError::unavailable(action.as_str(), &error))?;
    let frame = body.into_bytes();
    Ok(match check_length(place, frame.len()).and_then(|()| packed::content_length(&frame)) {
        Ok(length) => Some(OpenedSnapshot {
            length: Some(length),
            action,
            body: Body::Packed(frame, place.to_string()),
        }),
        Err(error) => damaged(&action, &error),
    })
}

/// Checks that `found` is the number of bytes of the place.
fn check_length(place: &PackPlace<'_>, found: usize) -> Result<(), PackError> {
    let wanted = place.length;
    if found as u64 == wanted { Ok(()) } else { Err(PackError::CutOff { found, wanted }) }
}

impl OpenedSnapshot {
    /// All lines, one document each, every one with the reference of the snapshot. `None`: the pack is
    /// damaged, or a single snapshot has more than `most` bytes, of which no more are held.
    pub async fn bytes(self, most: usize) -> Result<Option<Bytes>, StoreError> {
        match self.body {
            Body::Plain(mut body) => {
                let mut lines = BytesMut::with_capacity(self.length.unwrap_or(0).min(most));
                loop {
                    let piece = body.try_next().await;
                    let piece =
                        piece.map_err(|error| StoreError::unavailable(self.action.as_str(), &error))?;
                    let Some(piece) = piece else { return Ok(Some(lines.freeze())) };
                    if piece.len() > most - lines.len() {
                        return Ok(None);
                    }
                    lines.extend_from_slice(&piece);
                }
            }
            Body::Packed(frame, reference) => Ok(unpacked(&self.action, &frame, &reference)),
        }
    }

    /// The same as a stream; a single snapshot may be larger than memory.
    pub fn lines(self) -> Option<SnapshotLines> {
        match self.body {
            Body::Plain(body) => Some(Box::pin(body.into_async_read())),
            Body::Packed(frame, reference) => {
                let lines = unpacked(&self.action, &frame, &reference)?;
                Some(Box::pin(std::io::Cursor::new(lines)))
            }
        }
    }
}

fn unpacked(action: &str, frame: &[u8], reference: &str) -> Option<Bytes> {
    match packed::decompress(frame) {
        Ok(lines) => Some(unpack(&lines, reference).into()),
        Err(error) => damaged(action, &error),
    }
}

fn damaged<T>(action: &str, error: &PackError) -> Option<T> {
    tracing::error!(%error, "failed to {action}: the pack is damaged, and its units have to be converted again from their objects");
    None
}

/// Interprets the failure to read an object. A range behind the end of an object cannot be satisfied (RFC
/// 9110, 15.5.17): then the pack was truncated.
fn absent<T>(action: String, error: &SdkError<GetObjectError>) -> Result<Option<T>, StoreError> {
    let behind_the_end = error.raw_response().is_some_and(|response| response.status().as_u16() == 416);
    if behind_the_end {
        return Ok(damaged(&action, &PackError::BehindTheEnd));
    }
    let error = StoreError::from_sdk(action, error);
    if error.fault() == Some(StoreFault::NoSuchKey) { Ok(None) } else { Err(error) }
}

/// What a pack says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackListing {
    /// `<namespace>/<name>` of the source that wrote it.
    pub source: Option<String>,
    /// Its units.
    pub entries: Vec<PackEntry>,
    /// Whether others were erased from it.
    pub has_erased: bool,
}

/// Reads the index of a pack. `None`: there is no such object, or it is not a complete pack; the log tells
/// them apart.
pub async fn list(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
) -> Result<Option<PackListing>, StoreError> {
    let mut wanted = TAIL_BYTES;
    loop {
        let Some(end) = tail(client, bucket, key, wanted).await? else { return Ok(None) };
        match packed::read_whole(&end.bytes, end.object_length) {
            Ok(Tail::Entries(mut entries)) => {
                let all = entries.len();
                entries.retain(|entry| !entry.erased);
                let has_erased = entries.len() < all;
                return Ok(Some(PackListing { source: end.source, entries, has_erased }));
            }
            Ok(Tail::Needs(bytes)) => wanted = bytes,
            Err(error) => return Ok(damaged(&format!("list s3://{bucket}/{key}"), &error)),
        }
    }
}

/// The last bytes of an object.
struct End {
    bytes: Bytes,
    object_length: u64,
    source: Option<String>,
}

async fn tail(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
    wanted: u64,
) -> Result<Option<End>, StoreError> {
    let action = || format!("list s3://{bucket}/{key}");
    let request = client.get_object().bucket(bucket).key(key).range(format!("bytes=-{wanted}"));
    let object = match request.send().await {
        Ok(object) => object,
        Err(error) => return absent(action(), &error),
    };
    let source = object.metadata().and_then(|metadata| metadata.get(super::SOURCE)).cloned();
    let object_length = object.content_range().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
    let body = object.body.collect().await.map_err(|error| StoreError::unavailable(action(), &error))?;
    let bytes = body.into_bytes();
    let object_length = object_length.unwrap_or(bytes.len() as u64);
    Ok(Some(End { bytes, object_length, source }))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::ByteStream;

    use super::{Body, OpenedSnapshot};

    #[tokio::test]
    async fn of_a_snapshot_that_is_too_large_nothing_is_held_though_its_length_was_not_announced() {
        for (most, expected) in [(6, Some(&b"{}\n{}\n"[..])), (5, None), (0, None)] {
            let body = Body::Plain(ByteStream::from_static(b"{}\n{}\n"));
            let opened = OpenedSnapshot { length: None, action: "read a.json".to_owned(), body };
            assert_eq!(opened.bytes(most).await.unwrap().as_deref(), expected);
        }
    }
}
