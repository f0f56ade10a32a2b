//! tar, as POSIX (ustar and pax) and GNU write it
//! (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>,
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>).

use memchr::memchr;

use super::content::{Content, malformed, too_much};
use super::stream::Stream;
use crate::input::decompress::Stopped;

/// Bytes of a header, and what contents are filled up to.
const BLOCK: usize = 512;
/// The most bytes of a header that says more of the next member.
const MAX_EXTENSION: u64 = 1024 * 1024;

/// A file in the archive.
#[derive(Debug)]
pub(crate) struct TarEntry {
    /// As it is written.
    pub(crate) name: Vec<u8>,
    /// Bytes of its content.
    pub(crate) size: u64,
    /// Its content is not all there: runs of zeros are left out.
    pub(crate) is_sparse: bool,
}

/// An archive, and its current member.
#[derive(Debug)]
pub(crate) struct TarReader<'r> {
    stream: Stream<'r>,
    /// Bytes of the current member that were not read yet, …
    left: u64,
    /// … and those that fill up its last block.
    padding: u64,
}

/// What headers before that of a member say of it.
#[derive(Debug, Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
}

impl<'r> TarReader<'r> {
    pub(crate) fn new(stream: Stream<'r>) -> Self {
        Self { stream, left: 0, padding: 0 }
    }

    /// The next file; links, folders and devices are left out. `None` at the end of the archive.
    pub(crate) fn next_file(&mut self) -> Result<Option<TarEntry>, Stopped> {
        let mut extensions = Extensions::default();
        loop {
            self.stream.skip(self.left)?;
            self.stream.skip(self.padding)?;
            (self.left, self.padding) = (0, 0);
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.size().ok_or_else(|| refused("a size in the header of a tar member"))?;
            match header.kind() {
                b'L' => extensions.name = Some(until_zero(&self.extension(size)?).to_vec()),
                b'x' => extensions.read(&self.extension(size)?)?,
                kind @ (b'0' | 0 | b'7' | b'S') => {
                    let Extensions { name, size: told, is_sparse } = std::mem::take(&mut extensions);
                    let name = name.unwrap_or_else(|| header.name());
                    self.content(told.unwrap_or(size));
                    if name.ends_with(b"/") {
                        continue;
                    }
                    let is_sparse = is_sparse || kind == b'S';
                    return Ok(Some(TarEntry { name, size: self.left, is_sparse }));
                }
                // Names of links, and what holds for all members: nothing of it is used.
                b'K' | b'g' => self.content(size),
                // Links, devices, folders and pipes have no content, whatever their size says.
                b'1'..=b'6' => extensions = Extensions::default(),
                _ => {
                    let told = std::mem::take(&mut extensions).size;
                    self.content(told.unwrap_or(size));
                }
            }
        }
    }

    /// The next header; `None` if the archive ends here.
    fn header(&mut self) -> Result<Option<Header>, Stopped> {
        let mut block = [0; BLOCK];
        if !self.stream.read_all(&mut block)? {
            return Err(refused("blocks of zeros at the end of a tar archive"));
        }
        if block.iter().all(|byte| *byte == 0) {
            let ends = self.stream.ends_in_zeros()?;
            let expected = "nothing but zeros after the end of a tar archive";
            return if ends { Ok(None) } else { Err(refused(expected)) };
        }
        let header = Header(block);
        if header.is_sound() { Ok(Some(header)) } else { Err(refused("the header of a tar member")) }
    }

    /// The content of a header that says more of the next member.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, Stopped> {
        if size > MAX_EXTENSION {
            let expected = format!("a header of a tar member of at most {MAX_EXTENSION} bytes");
            return Err(Stopped::Refused(too_much(expected)));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        if !bytes.is_empty() && !self.stream.read_all(&mut bytes)? {
            return Err(refused("an archive that is not cut off"));
        }
        self.padding = padding(size);
        Ok(bytes)
    }

    /// Starts the content of a member.
    fn content(&mut self, size: u64) {
        (self.left, self.padding) = (size, padding(size));
    }
}

impl Content for TarReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Stopped> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.stream.read(&mut into[..most])?;
        if count == 0 {
            return Err(refused("an archive that is not cut off"));
        }
        self.left -= count as u64;
        Ok(count)
    }

    fn ends_archive(&self) -> bool {
        true
    }
}

impl Extensions {
    /// Reads a pax header: lines of a length, a keyword and a value.
    fn read(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.take_line(rest).ok_or_else(|| refused("the pax header of a tar member"))?;
        }
        Ok(())
    }

    /// Reads a line, and returns what follows it.
    fn take_line<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let space = memchr(b' ', bytes)?;
        let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        let line = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
        let equals = memchr(b'=', line)?;
        let value = &line[equals + 1..];
        match &line[..equals] {
            b"path" => self.name = Some(value.to_vec()),
            b"size" => self.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
            keyword if keyword.starts_with(b"GNU.sparse.") => self.is_sparse = true,
            _ => {}
        }
        bytes.get(length..)
    }
}

/// A header as it is written.
struct Header([u8; BLOCK]);

impl Header {
    /// Whether its checksum is right: the sum of all bytes, with its own field as spaces.
    fn is_sound(&self) -> bool {
        let sum: u64 = self.0.iter().map(|byte| u64::from(*byte)).sum();
        let own: u64 = self.0[148..156].iter().map(|byte| u64::from(*byte)).sum();
        number(&self.0[148..156]) == Some(sum - own + 8 * u64::from(b' '))
    }

    fn kind(&self) -> u8 {
        self.0[156]
    }

    fn size(&self) -> Option<u64> {
        number(&self.0[124..136])
    }

    /// The name, with the folder that POSIX writes in a field of its own.
    fn name(&self) -> Vec<u8> {
        let name = until_zero(&self.0[..100]);
        let prefix = until_zero(&self.0[345..500]);
        // GNU has other things there.
        if self.0[257..263] != *b"ustar\0" || prefix.is_empty() {
            return name.to_vec();
        }
        [prefix, b"/", name].concat()
    }
}

/// A number: octal digits, or, for large ones, binary with the first bit set.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let start = u64::from(first & 0x7f);
        return rest
            .iter()
            .try_fold(start, |value, byte| value.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let digits = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

fn until_zero(field: &[u8]) -> &[u8] {
    &field[..memchr(0, field).unwrap_or(field.len())]
}

/// What fills up the last block of a content.
const fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}

fn refused(expected: &str) -> Stopped {
    Stopped::Refused(malformed(expected))
}
