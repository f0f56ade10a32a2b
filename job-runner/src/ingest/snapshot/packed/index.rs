//! The index at the end of a pack: a skippable frame (RFC 8878, 3.1.2), which decoders skip. Pure.
//!
//! Its content is one line of JSON per unit, and a foot by which it is found from the end of the object: the
//! number of bytes of these lines (32 bits, little endian) and four letters.

use serde::ser::Error as _;
use serde::{Deserialize, Serialize};

use super::error::PackError;

/// Magic number of the frame, little endian: the third from last of the sixteen that the RFC reserves for
/// skippable frames. The "seekable format" uses a different one.
const MAGIC: [u8; 4] = 0x184D_2A5D_u32.to_le_bytes();
/// What the foot ends with.
const LETTERS: [u8; 4] = *b"dmpk";
/// Bytes before the lines: the magic number and the length of the content.
const HEAD: usize = 8;
/// Bytes after the lines.
const FOOT: u32 = 8;

/// What the index says of one unit of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackEntry {
    /// Digest of the unit.
    pub unit: String,
    /// Key of the raw object.
    pub key: String,
    /// SHA-256 of the raw object, in hex.
    pub raw_digest: String,
    /// Digest of the conversion model.
    pub revision: String,
    /// Where its frame begins, in bytes.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
    /// Its frame was erased: its bytes hold nothing, and nothing else of the entry is left but its place.
    #[serde(default, skip_serializing_if = "is_false")]
    pub erased: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// What the last bytes of an object say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    /// All entries, without those that were erased.
    Entries(Vec<PackEntry>),
    /// The index is longer: this many of the last bytes are needed.
    Needs(u64),
}

/// Appends the index to the frames.
pub(crate) fn append(pack: &mut Vec<u8>, entries: &[PackEntry]) -> serde_json::Result<()> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    let length = u32::try_from(lines.len() + FOOT as usize).map_err(serde_json::Error::custom)?;
    pack.extend_from_slice(&MAGIC);
    pack.extend_from_slice(&length.to_le_bytes());
    pack.extend_from_slice(&lines);
    pack.extend_from_slice(&(length - FOOT).to_le_bytes());
    pack.extend_from_slice(&LETTERS);
    Ok(())
}

/// Reads the index from the last bytes of a pack of `object_length` bytes.
pub fn read_tail(tail: &[u8], object_length: u64) -> Result<Tail, PackError> {
    Ok(match read_whole(tail, object_length)? {
        Tail::Entries(mut entries) => {
            entries.retain(|entry| !entry.erased);
            Tail::Entries(entries)
        }
        needs @ Tail::Needs(_) => needs,
    })
}

/// The same with the entries that were erased.
pub(crate) fn read_whole(tail: &[u8], object_length: u64) -> Result<Tail, PackError> {
    let (rest, length) = foot(tail).ok_or(PackError::NoIndex)?;
    let index_length = HEAD as u64 + u64::from(length) + u64::from(FOOT);
    if index_length > object_length {
        return Err(PackError::NoIndex);
    }
    if index_length > tail.len() as u64 {
        return Ok(Tail::Needs(index_length));
    }
    let at = rest.len() - length as usize;
    let (head, lines) = (&rest[at - HEAD..at], &rest[at..]);
    if head[..4] != MAGIC || head[4..] != (length + FOOT).to_le_bytes() {
        return Err(PackError::NoIndex);
    }
    let entries =
        serde_json::Deserializer::from_slice(lines).into_iter().collect::<Result<Vec<PackEntry>, _>>();
    let entries = entries.map_err(PackError::Unreadable)?;
    check_coverage(&entries, object_length - index_length)?;
    Ok(Tail::Entries(entries))
}

/// What comes before the foot, and the length of the lines.
fn foot(tail: &[u8]) -> Option<(&[u8], u32)> {
    let (rest, letters) = tail.split_last_chunk::<4>()?;
    let (rest, length) = rest.split_last_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    (*letters == LETTERS && length <= u32::MAX - FOOT).then_some((rest, length))
}

/// Checks that the frames are contiguous, and that nothing else is there.
fn check_coverage(entries: &[PackEntry], frames: u64) -> Result<(), PackError> {
    let mismatch = |detail: String| PackError::Mismatch { frames, detail };
    let mut end = 0_u64;
    for entry in entries {
        if entry.offset != end || entry.length == 0 {
            let PackEntry { unit, offset, length, .. } = entry;
            return Err(mismatch(format!("unit {unit} is at {offset}+{length}, and should begin at {end}")));
        }
        end = end.saturating_add(entry.length);
    }
    if end == frames { Ok(()) } else { Err(mismatch(format!("the last one ends at {end}"))) }
}
