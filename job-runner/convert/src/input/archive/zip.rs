//! The members of a ZIP archive: APPNOTE.TXT, sections 4.3.7 and 4.4.5
//! (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>). Sizes and checksums are those of the directory,
//! as a member's own header need not have them.

use std::io::{self, BufReader, Read, SeekFrom};

use docmill_crds::reason::Reason;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::content::{Content, malformed, too_much, unsupported};
use super::directory::{ZipEntry, checked_at};
use super::numbers::{to_usize, value};
use super::object::Object;
use crate::input::decode::Garbled;
use crate::input::decompress::Stopped;
use crate::limits::Limits;

/// The header before a content: its start, its length without what varies, and where that is told.
const HEADER: &[u8] = b"PK\x03\x04";
const HEADER_BYTES: u64 = 30;
const NAME_LENGTH: usize = 26;
const FIELDS_LENGTH: usize = 28;

/// Methods of compression.
const STORED: u64 = 0;
const DEFLATED: u64 = 8;

/// The content of a member.
pub(crate) struct ZipContent<'o> {
    data: Data<'o>,
    entry: &'o ZipEntry,
    checksum: Crc,
    given: u64,
}

enum Data<'o> {
    Stored(Extent<'o>),
    Deflated(Box<DeflateDecoder<BufReader<Extent<'o>>>>),
}

/// A part of the object. Remembers its own errors, which decoders pass on as if they were errors of the data.
struct Extent<'o> {
    object: &'o mut dyn Object,
    left: u64,
    failed: bool,
}

impl<'o> ZipContent<'o> {
    /// Opens a member of an archive whose members end at `end`.
    pub(crate) fn open(
        object: &'o mut dyn Object,
        entry: &'o ZipEntry,
        end: u64,
        limits: &Limits,
    ) -> Result<Self, Stopped> {
        check(entry, limits).map_err(Stopped::Refused)?;
        let head = checked_at(object, entry.offset, HEADER_BYTES, end)?;
        let [name, fields] = [value(&head, NAME_LENGTH, 2), value(&head, FIELDS_LENGTH, 2)];
        let name_start = entry.offset + HEADER_BYTES;
        let own_name = checked_at(object, name_start, name, end)?;
        if !head.starts_with(HEADER) || own_name != entry.name {
            return Err(Stopped::Refused(malformed("the header of a member as its directory has it")));
        }
        let start = name_start + name + fields;
        if start.checked_add(entry.compressed).is_none_or(|stop| stop > end) {
            return Err(Stopped::Refused(malformed("the content of a member within the ZIP archive")));
        }
        object.seek(SeekFrom::Start(start))?;
        let extent = Extent { object, left: entry.compressed, failed: false };
        let data = if entry.method == STORED {
            Data::Stored(extent)
        } else {
            Data::Deflated(Box::new(DeflateDecoder::new(BufReader::new(extent))))
        };
        Ok(Self { data, entry, checksum: Crc::new(), given: 0 })
    }

    fn stopped(&self, error: io::Error) -> Stopped {
        let failed = match &self.data {
            Data::Stored(extent) => extent.failed,
            Data::Deflated(decoder) => decoder.get_ref().get_ref().failed,
        };
        if failed {
            return Stopped::Io(error);
        }
        let (expected, found) = ("whole deflate data".to_owned(), Some(error.to_string()));
        Stopped::Refused(Garbled { reason: Reason::CorruptCompression, expected, found })
    }

    /// Checks what was read against the directory, at the end or before it.
    fn check(&self, is_end: bool) -> Result<(), Stopped> {
        let ZipEntry { size, checksum, .. } = *self.entry;
        let expected = if self.given > size || is_end && self.given < size {
            format!("a member of {size} bytes, as the ZIP archive's directory tells")
        } else if is_end && u64::from(self.checksum.sum()) != checksum {
            "the content that the checksum in the ZIP archive's directory is of".to_owned()
        } else {
            return Ok(());
        };
        Err(Stopped::Refused(malformed(expected)))
    }
}

/// What can be said of a member before it is read.
fn check(entry: &ZipEntry, limits: &Limits) -> Result<(), Garbled> {
    if entry.is_encrypted {
        return Err(unsupported("a member that is not encrypted", "an encrypted one"));
    }
    if entry.method != STORED && entry.method != DEFLATED {
        let found = format!("{} (method {})", method_name(entry.method), entry.method);
        return Err(unsupported("a member that is stored, or compressed by deflate", found));
    }
    if entry.method == STORED && entry.compressed != entry.size {
        return Err(malformed("a stored member with one size"));
    }
    if entry.size > limits.expansion(entry.compressed) {
        let most = limits.expansion_ratio;
        return Err(too_much(format!("a member of at most {most} times as many bytes after decompression")));
    }
    Ok(())
}

/// What a method that is not read is called: APPNOTE.TXT, section 4.4.5.
const fn method_name(method: u64) -> &'static str {
    match method {
        1 => "Shrink",
        2..=5 => "Reduce",
        6 => "Implode",
        9 => "Deflate64",
        12 => "bzip2",
        14 => "LZMA",
        20 | 93 => "Zstandard",
        95 => "XZ",
        98 => "PPMd",
        _ => "one that is not known",
    }
}

impl Content for ZipContent<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Stopped> {
        if into.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.data {
            Data::Stored(extent) => extent.read(into),
            Data::Deflated(decoder) => decoder.read(into),
        };
        let count = read.map_err(|error| self.stopped(error))?;
        self.checksum.update(&into[..count]);
        self.given += count as u64;
        self.check(count == 0)?;
        Ok(count)
    }

    fn ends_archive(&self) -> bool {
        false
    }
}

impl Read for Extent<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = to_usize(self.left).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.object.read(&mut buffer[..most]).inspect_err(|_| self.failed = true)?;
        if count == 0 {
            self.failed = true;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}
