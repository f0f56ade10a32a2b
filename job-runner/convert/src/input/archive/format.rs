//! Which kind of archive an object is, by its first bytes.

use std::io::{self, Read};

use crate::input::decompress::{Input, Stopped};
use crate::input::foreign;
use crate::limits::Limits;

/// Bytes that tell: the first header of a tar archive.
pub(crate) const HEAD: usize = 512;

/// Bytes of an object that are read to find out, and kept. Those that tell may be packed, but not behind a megabyte of
/// frames in which there is nothing.
const EXAMINED: u64 = 1024 * 1024;

/// How a ZIP archive starts: with its first member, or with the end of an empty directory.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// A kind of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Zip,
    /// The object may be compressed as a whole.
    Tar,
}

impl Format {
    /// The kind of an archive that is not compressed, from its first [`HEAD`] bytes.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        if ZIP.iter().any(|start| head.starts_with(start)) {
            return Some(Self::Zip);
        }
        foreign::is_tar(head).then_some(Self::Tar)
    }
}

/// The kind of an object, which may be compressed; also returns what was read of it, at most [`EXAMINED`] bytes. What is
/// damaged is no archive: reading it as an object tells what is wrong.
pub(crate) fn detect(object: impl Read, limits: &Limits) -> io::Result<(Option<Format>, Vec<u8>)> {
    let mut seen = Vec::new();
    let mut head = Vec::new();
    let teed = Teed { object: object.take(EXAMINED), seen: &mut seen };
    if let Err(Stopped::Io(error)) = Input::new(Box::new(teed), limits).read(&mut head, HEAD) {
        return Err(error);
    }
    let format = match Format::of(&head) {
        // A ZIP archive has to be read at any place.
        Some(Format::Zip) if !seen.starts_with(&head) => None,
        format => format,
    };
    Ok((format, seen))
}

/// Keeps what is read.
struct Teed<'s, R> {
    object: R,
    seen: &'s mut Vec<u8>,
}

impl<R: Read> Read for Teed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.object.read(buffer)?;
        self.seen.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}
