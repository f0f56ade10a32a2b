//! What is wrong with a pack.

use std::io;

use docmill_crds::error_class::{Classify, ErrorClass};

use super::limits::MAX_UNIT_BYTES;

/// An invalid pack. Reading it again does not help; the raw objects do.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The index is missing.
    #[error("the pack does not end with an index; it was cut off, or is none")]
    NoIndex,
    /// The index cannot be read.
    #[error("failed to read the index of the pack: {0}")]
    Unreadable(#[source] serde_json::Error),
    /// The index and the frames differ.
    #[error("the index of the pack does not cover its {frames} bytes of frames in their order: {detail}")]
    Mismatch {
        /// Bytes of all frames.
        frames: u64,
        /// Where they differ.
        detail: String,
    },
    /// The reference points behind the end.
    #[error("the pack ends before the snapshot begins")]
    BehindTheEnd,
    /// There are fewer bytes than the reference says.
    #[error("the pack ends within the snapshot: {found} of {wanted} bytes are there")]
    CutOff {
        /// Bytes that are there.
        found: usize,
        /// Bytes that the reference names.
        wanted: u64,
    },
    /// The frame is not one, or was damaged.
    #[error("failed to decompress the snapshot: {0}")]
    Frame(#[source] io::Error),
    /// The frame holds more than a unit of a pack can have.
    #[error("the snapshot has more than the {MAX_UNIT_BYTES} bytes that a unit of a pack can have")]
    TooLarge,
}

impl Classify for PackError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Permanent
    }
}
