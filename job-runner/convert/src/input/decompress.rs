//! The bytes of an object as they come in: decompressed, and counted against the caps.
//!
//! gzip (RFC 1952) and zstd (RFC 8878) are detected by their magic bytes, whatever the object is called;
//! several consecutive members or frames are one stream, as both formats specify ([`gzip`](super::gzip)).

use std::io::{self, BufRead, BufReader, Cursor, Read};

use docmill_crds::reason::Reason;

use super::decode::Garbled;
use super::gzip::GzipMembers;
use crate::limits::Limits;

/// Magic bytes: RFC 1952 section 2.3.1 (with the only method there is), RFC 8878 sections 3.1.1 and 3.1.2.
const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// How a zstd frame goes on that is to be skipped, after a byte from 0x50 to 0x5f. Parallel compressors begin with one.
const SKIPPED: &[u8] = &[0x2a, 0x4d, 0x18];

/// log₂ of the largest window that a zstd frame may require: 8 MiB, which every decoder supports (RFC 8878,
/// section 3.1.1.1.2).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Why no more bytes come.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The object could not be read. It may still be valid.
    Io(io::Error),
    /// The object is at fault.
    Refused(Garbled),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// An object that is read.
pub(crate) struct Input<'r> {
    layer: Layer<'r>,
    limits: Limits,
    given: u64,
}

enum Layer<'r> {
    /// Nothing was read yet.
    Unknown(Object<'r>),
    Plain(Object<'r>),
    Gzip(Box<GzipMembers<Raw<'r>>>),
    Zstd(Box<zstd::Decoder<'static, Raw<'r>>>),
}

/// An object as it is stored.
type Object<'r> = Box<dyn Read + 'r>;

/// A compressed object. Remembers its own errors, which decoders pass on as if they were errors of the data.
struct Raw<'r> {
    /// The bytes read for detection, and the rest.
    reader: BufReader<io::Chain<Cursor<Vec<u8>>, Object<'r>>>,
    taken: u64,
    /// How many bytes may be taken. A decoder that finds nothing in them would go on indefinitely.
    most: u64,
    failed: bool,
}

impl<'r> Input<'r> {
    pub(crate) fn new(reader: Object<'r>, limits: &Limits) -> Self {
        Self { layer: Layer::Unknown(reader), limits: *limits, given: 0 }
    }

    /// Bytes returned so far.
    pub(crate) const fn given(&self) -> u64 {
        self.given
    }

    /// Appends up to `most` bytes; fewer only at the end of the object.
    pub(crate) fn read(&mut self, into: &mut Vec<u8>, most: usize) -> Result<usize, Stopped> {
        if matches!(self.layer, Layer::Unknown(_)) {
            return self.read_first(into, most);
        }
        let limit = most as u64;
        let result = match &mut self.layer {
            Layer::Unknown(reader) | Layer::Plain(reader) => reader.take(limit).read_to_end(into),
            Layer::Gzip(members) => members.take(limit).read_to_end(into),
            Layer::Zstd(decoder) => decoder.take(limit).read_to_end(into),
        };
        let read = result.map_err(|error| self.stopped(error))?;
        self.given += read as u64;
        self.check()?;
        Ok(read)
    }

    /// Reads the start of the object, and detects whether it is compressed.
    fn read_first(&mut self, into: &mut Vec<u8>, most: usize) -> Result<usize, Stopped> {
        let layer = std::mem::replace(&mut self.layer, Layer::Unknown(Box::new(io::empty())));
        let Layer::Unknown(mut reader) = layer else { return Ok(0) };
        let old = into.len();
        let read = match (&mut reader).take(most.max(ZSTD.len()) as u64).read_to_end(into) {
            Ok(read) => read,
            Err(error) => {
                // It is unknown what this would be the start of.
                into.truncate(old);
                return Err(Stopped::Io(error));
            }
        };
        let head = &into[old..];
        let (gzip, zstd) = (head.starts_with(GZIP), is_zstd(head));
        if !gzip && !zstd {
            self.layer = Layer::Plain(reader);
            self.given = read as u64;
            self.check()?;
            return Ok(read);
        }
        let reader = BufReader::new(Cursor::new(into.split_off(old)).chain(reader));
        let raw = Raw { reader, taken: 0, most: self.limits.object_bytes, failed: false };
        self.layer = if gzip {
            Layer::Gzip(Box::new(GzipMembers::new(raw)))
        } else {
            let mut decoder = zstd::Decoder::with_buffer(raw).map_err(Stopped::Io)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(Stopped::Io)?;
            Layer::Zstd(Box::new(decoder))
        };
        self.read(into, most)
    }

    fn stopped(&self, error: io::Error) -> Stopped {
        match &self.layer {
            Layer::Gzip(decoder) if decoder.get_ref().is_spent() => self.too_large(),
            Layer::Zstd(decoder) if decoder.get_ref().is_spent() => self.too_large(),
            Layer::Gzip(decoder) if !decoder.get_ref().failed => corrupt("gzip", &error),
            Layer::Zstd(decoder) if !decoder.get_ref().failed => corrupt("zstd", &error),
            _ => Stopped::Io(error),
        }
    }

    fn check(&self) -> Result<(), Stopped> {
        let (taken, compressed) = match &self.layer {
            Layer::Unknown(_) | Layer::Plain(_) => (self.given, false),
            Layer::Gzip(decoder) => (decoder.get_ref().taken, true),
            Layer::Zstd(decoder) => (decoder.get_ref().taken, true),
        };
        let limits = &self.limits;
        if taken > limits.object_bytes {
            return Err(self.too_large());
        }
        if self.given > limits.expanded_bytes {
            return Err(too_much(format!("at most {} bytes after decompression", limits.expanded_bytes)));
        }
        if compressed && self.given > limits.expansion(taken) {
            return Err(too_much(format!(
                "at most {} times as many bytes after decompression",
                limits.expansion_ratio
            )));
        }
        Ok(())
    }

    fn too_large(&self) -> Stopped {
        too_much(format!("an object of at most {} bytes", self.limits.object_bytes))
    }
}

/// Whether an object that starts like this is compressed.
pub(crate) fn is_compressed(head: &[u8]) -> bool {
    head.starts_with(GZIP) || is_zstd(head)
}

/// Whether an object that starts like this is compressed by zstd.
pub fn is_zstd(head: &[u8]) -> bool {
    let skips = matches!(head, [0x50..=0x5f, rest @ ..] if rest.starts_with(SKIPPED));
    skips || head.starts_with(ZSTD)
}

fn too_much(expected: String) -> Stopped {
    Stopped::Refused(Garbled { reason: Reason::LimitExceeded, expected, found: None })
}

fn corrupt(format: &str, error: &io::Error) -> Stopped {
    let (expected, found) = (format!("whole {format} data"), Some(error.to_string()));
    Stopped::Refused(Garbled { reason: Reason::CorruptCompression, expected, found })
}

/// Nothing, in the place of an object that a decoder goes on with.
impl Default for Raw<'_> {
    fn default() -> Self {
        let nothing: Object<'_> = Box::new(io::empty());
        let reader = BufReader::with_capacity(0, Cursor::new(Vec::new()).chain(nothing));
        Self { reader, taken: 0, most: 0, failed: false }
    }
}

impl Raw<'_> {
    /// Whether more bytes were taken than an object may have.
    const fn is_spent(&self) -> bool {
        self.taken > self.most
    }

    fn check(&self) -> io::Result<()> {
        if self.is_spent() { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    }
}

impl Read for Raw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let read = self.reader.read(buffer).inspect_err(|_| self.failed = true)?;
        self.taken += read as u64;
        Ok(read)
    }
}

impl BufRead for Raw<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.reader.fill_buf().inspect_err(|_| self.failed = true)
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount as u64;
        self.reader.consume(amount);
    }
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("given", &self.given).finish_non_exhaustive()
    }
}
