//! Which kind of archive an object is, by its first bytes.

use std::io::{self, Read};

use super::tar_header::{BLOCK, is_tar};
use crate::input::decompress::{Input, Stopped};
use crate::limits::Limits;

/// Bytes that tell: the first header of a tar archive.
pub(crate) const HEAD: usize = BLOCK;

/// Bytes of an object that are read to find out, and kept. Those that tell may be packed, but not behind a megabyte of
/// frames in which there is nothing.
const EXAMINED: usize = 1024 * 1024;

/// How a ZIP archive starts: with its first member, also after a mark that it might have become one part of several, or
/// with the end of an empty directory; and what it is then.
const ZIP: [(&[u8], &str); 4] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x07\x08PK\x03\x04", "a ZIP archive"),
    (b"PK00PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
];

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
        if zip_kind(head).is_some() {
            return Some(Self::Zip);
        }
        is_tar(head).then_some(Self::Tar)
    }
}

/// What an object that starts like this is, if it is a ZIP archive.
pub(crate) fn zip_kind(head: &[u8]) -> Option<&'static str> {
    ZIP.iter().find(|(start, _)| head.starts_with(start)).map(|(_, kind)| *kind)
}

/// The kind of an object, which may be compressed; also returns what was read of it, at most [`EXAMINED`] bytes. What is
/// damaged is no archive: reading it as an object tells what is wrong.
pub(crate) fn detect(object: impl Read, limits: &Limits) -> io::Result<(Option<Format>, Vec<u8>)> {
    let Examined { format, head, seen } = examine(object, limits)?;
    // A ZIP archive has to be read at any place.
    let format = format.filter(|format| *format != Format::Zip || seen.starts_with(&head));
    Ok((format, seen))
}

/// What is compressed in data that starts like this, if it is an archive.
pub(crate) fn within(start: &[u8], limits: &Limits) -> io::Result<Option<Format>> {
    examine(start, limits).map(|examined| examined.format)
}

/// The start of an object.
struct Examined {
    format: Option<Format>,
    /// Its first bytes after decompression.
    head: Vec<u8>,
    /// What was read of it.
    seen: Vec<u8>,
}

fn examine(object: impl Read, limits: &Limits) -> io::Result<Examined> {
    let mut seen = Vec::new();
    let mut head = Vec::new();
    let teed = Teed { object: object.take(EXAMINED as u64), seen: &mut seen };
    let mut input = Input::new(Box::new(teed), limits);
    let mut read = input.read(&mut head, HEAD);
    if read.is_ok() && head.len() == HEAD && is_blank(&head) {
        read = input.read(&mut head, EXAMINED);
    }
    drop(input);
    let format = match read {
        Err(Stopped::Io(error)) => return Err(error),
        Ok(_) if is_empty_tar(&head) => Some(Format::Tar),
        _ => Format::of(&head),
    };
    Ok(Examined { format, head, seen })
}

/// Whether this, as the whole of an object, is a tar archive without members: the blocks of zeros at its end.
fn is_empty_tar(object: &[u8]) -> bool {
    (2 * BLOCK..EXAMINED).contains(&object.len()) && object.len().is_multiple_of(BLOCK) && is_blank(object)
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
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
