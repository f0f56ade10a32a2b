//! Many snapshots in one object, a *pack*, for articles that are too small to be worth an object each.
//!
//! - this module: how a pack is put together; [`Reference`] locates a snapshot in it, [`index`] lists all
//!   snapshots in it, [`erase`](mod@erase) takes single ones out of it; no I/O;
//! - [`packer`] gathers what is prepared at the same time, and stores it;
//! - [`read`](super::read) reads packs.
//!
//! A pack is a sequence of Zstandard frames (RFC 8878), one per unit, each with its checksum and the length
//! of its content, and a skippable frame with the index at the end. `zstd -d` outputs the lines of all units,
//! and a range of bytes contains those of one. The key of a pack is a digest of its bytes, so no pack ever
//! overwrites another.
//!
//! The lines lack `_docmill.snapshot`, which is not known before all frames of the pack are: readers put it
//! in.

pub mod erase;
mod error;
mod index;
mod limits;
pub mod packer;
#[cfg(test)]
mod tests;

pub use docmill_crds::records::snapshot_reference::{PackPlace, Reference};
pub use error::PackError;
pub(crate) use index::read_whole;
pub use index::{PackEntry, Tail, read_tail};
pub use limits::{MAX_FRAME_BYTES, MAX_UNIT_BYTES};

use std::io::{self, Read as _};

use bytes::Bytes;
use docmill_clients::clock;
use docmill_crds::api::storage::OWN_FOLDER;
use docmill_crds::digest::hex;
use sha2::{Digest as _, Sha256};
use zstd::bulk::Compressor;
use zstd::zstd_safe::get_frame_content_size;

/// The media type of a pack.
pub const MEDIA_TYPE: &str = "application/zstd";
/// The compression level: the default of the `zstd` program.
const LEVEL: i32 = zstd::DEFAULT_COMPRESSION_LEVEL;
/// A unit's lines, compressed, and its index entry.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Digest of the unit.
    pub unit: String,
    /// Key of the raw object.
    pub key: String,
    /// SHA-256 of the raw object, in hex.
    pub raw_digest: String,
    /// Digest of the conversion model.
    pub revision: String,
    /// One Zstandard frame, see [`compress`].
    pub bytes: Vec<u8>,
}

/// Compresses these lines into one frame.
pub fn compress(lines: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.include_contentsize(true)?;
    compressor.compress(lines)
}

/// The length of a frame's content, from its header.
pub fn content_length(frame: &[u8]) -> Result<usize, PackError> {
    let unreadable = || PackError::Frame(io::Error::other("it has no header that says its length"));
    let length = get_frame_content_size(frame).ok().flatten().ok_or_else(unreadable)?;
    usize::try_from(length).ok().filter(|length| *length <= MAX_UNIT_BYTES).ok_or(PackError::TooLarge)
}

/// The lines of a frame, checked against its checksum. Nothing may follow the frame.
pub fn decompress(frame: &[u8]) -> Result<Vec<u8>, PackError> {
    let length = content_length(frame)?;
    let mut lines = Vec::with_capacity(length);
    let decoder = zstd::stream::read::Decoder::with_buffer(frame).map_err(PackError::Frame)?;
    let mut decoder = decoder.single_frame();
    decoder.by_ref().take(length as u64 + 1).read_to_end(&mut lines).map_err(PackError::Frame)?;
    if lines.len() == length && decoder.finish().is_empty() {
        return Ok(lines);
    }
    Err(PackError::Frame(io::Error::other("its length is not what its header says")))
}

/// A pack that is being filled.
#[derive(Debug, Default)]
pub struct Pack {
    frames: Vec<u8>,
    entries: Vec<PackEntry>,
}

impl Pack {
    /// Appends a unit.
    pub fn push(&mut self, frame: Frame) {
        let Frame { unit, key, raw_digest, revision, bytes } = frame;
        let (offset, length) = (self.frames.len() as u64, bytes.len() as u64);
        self.frames.extend_from_slice(&bytes);
        self.entries.push(PackEntry { unit, key, raw_digest, revision, offset, length, erased: false });
    }

    /// Bytes of all frames so far.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is no unit in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Units in it.
    pub fn units(&self) -> usize {
        self.entries.len()
    }

    /// Closes it. `prefix` is that of all snapshots; the time, in milliseconds since 1970, selects its
    /// folder.
    pub fn seal(self, prefix: &str, now_millis: i64) -> serde_json::Result<SealedPack> {
        let Self { frames: mut bytes, entries } = self;
        index::append(&mut bytes, &entries)?;
        let key = key(prefix, now_millis, &bytes);
        let references = entries.iter().map(|PackEntry { offset, length, .. }| {
            PackPlace { key: &key, offset: *offset, length: *length }.to_string()
        });
        Ok(SealedPack { references: references.collect(), key, bytes: bytes.into() })
    }
}

/// A pack that is ready to be stored.
#[derive(Clone, Debug)]
pub struct SealedPack {
    /// Its key.
    pub key: String,
    /// Its content.
    pub bytes: Bytes,
    /// References of its units, in the order in which they were added.
    pub references: Vec<String>,
}

/// The folder of packs, below the prefix of all snapshots.
pub fn folder(prefix: &str) -> String {
    format!("{prefix}{OWN_FOLDER}packs/")
}

/// Key of a pack: `<prefix>.docmill/packs/<yyyy>/<mm>/<dd>/<digest>.json.zst`, by the day on which it was
/// written.
fn key(prefix: &str, now_millis: i64, bytes: &[u8]) -> String {
    let digest = hex(&Sha256::digest(bytes)[..16]);
    let day = clock::rfc3339(now_millis)[..10].replace('-', "/");
    format!("{}{day}/{digest}.json.zst", folder(prefix))
}
