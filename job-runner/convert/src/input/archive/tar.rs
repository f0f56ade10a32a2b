//! tar, as POSIX (ustar and pax) and GNU write it
//! (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>,
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>).

use memchr::memchr;

use super::content::{Content, malformed, too_much};
use super::stream::Stream;
use super::tar_header::{BLOCK, Header, map_goes_on, until_zero};
use crate::input::decompress::Stopped;

/// The most bytes of a header that says more of the next member.
const MAX_EXTENSION: u64 = 1024 * 1024;

/// What the archive has under a name.
#[derive(Debug)]
pub(crate) struct TarEntry {
    /// As it is written.
    pub(crate) name: Vec<u8>,
    /// Bytes of its content.
    pub(crate) size: u64,
    pub(crate) kind: Kind,
}

/// What an entry is.
#[derive(Debug)]
pub(crate) enum Kind {
    File,
    /// A file whose content is not all there, and what that is called.
    Partial(&'static str),
    /// A hard link: one more name of the file with this name. It has no content itself.
    Link(Vec<u8>),
    /// A symbolic link, a folder, a device or a pipe: there is no content.
    Special,
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
    /// What a link leads to.
    target: Option<Vec<u8>>,
    size: Option<u64>,
    /// Runs of zeros are left out of the content, …
    is_sparse: bool,
    /// … and the name is that of what is left.
    sparse_name: Option<Vec<u8>>,
}

impl<'r> TarReader<'r> {
    pub(crate) fn new(stream: Stream<'r>) -> Self {
        Self { stream, left: 0, padding: 0 }
    }

    /// The next entry; `None` at the end of the archive.
    pub(crate) fn next_entry(&mut self) -> Result<Option<TarEntry>, Stopped> {
        let mut extensions = Extensions::default();
        loop {
            self.stream.skip(self.left)?;
            self.stream.skip(self.padding)?;
            (self.left, self.padding) = (0, 0);
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.size().ok_or_else(|| refused("a size in the header of a tar member"))?;
            match header.kind() {
                b'L' => extensions.name = Some(until_zero(&self.extension(size)?).to_vec()),
                // Solaris has a letter of its own for what became pax.
                b'x' | b'X' => extensions.read(&self.extension(size)?)?,
                b'K' => extensions.target = Some(until_zero(&self.extension(size)?).to_vec()),
                // What holds for all members, and attributes of Solaris: nothing of it is used.
                b'g' | b'A' | b'E' => self.content(size),
                // Links, devices, folders and pipes have no content, whatever their size says.
                written @ b'1'..=b'6' => {
                    let name = extensions.name.unwrap_or_else(|| header.name());
                    let kind = if written == b'1' {
                        Kind::Link(extensions.target.unwrap_or_else(|| header.target()))
                    } else {
                        Kind::Special
                    };
                    return Ok(Some(TarEntry { name, size: 0, kind }));
                }
                // GNU's lists of what is in a folder, and labels of volumes.
                b'D' | b'V' => {
                    let told = std::mem::take(&mut extensions).size;
                    self.content(told.unwrap_or(size));
                }
                // POSIX has everything else as a file.
                written => {
                    let Extensions { name, size: told, is_sparse, sparse_name, .. } =
                        std::mem::take(&mut extensions);
                    let name = sparse_name.or(name).unwrap_or_else(|| header.name());
                    if written == b'S' {
                        self.skip_map(&header)?;
                    }
                    self.content(told.unwrap_or(size));
                    // So folders were called before they had a kind of their own. What has a content is none.
                    if name.ends_with(b"/") && self.left == 0 {
                        continue;
                    }
                    let kind = match written {
                        b'M' => Kind::Partial("the end of a file that starts in another archive"),
                        _ if is_sparse || written == b'S' => Kind::Partial("a sparse file"),
                        _ => Kind::File,
                    };
                    return Ok(Some(TarEntry { name, size: self.left, kind }));
                }
            }
        }
    }

    /// Leaves out the blocks in which the map of a sparse file goes on. Its size does not count them.
    fn skip_map(&mut self, header: &Header) -> Result<(), Stopped> {
        let mut goes_on = header.has_more_of_map();
        while goes_on {
            let mut block = [0; BLOCK];
            if !self.stream.read_all(&mut block)? {
                return Err(refused("an archive that is not cut off"));
            }
            goes_on = map_goes_on(&block);
        }
        Ok(())
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
            b"linkpath" => self.target = Some(value.to_vec()),
            b"GNU.sparse.name" => (self.is_sparse, self.sparse_name) = (true, Some(value.to_vec())),
            b"size" => self.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
            keyword if keyword.starts_with(b"GNU.sparse.") => self.is_sparse = true,
            _ => {}
        }
        bytes.get(length..)
    }
}

/// What fills up the last block of a content.
const fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}

fn refused(expected: &str) -> Stopped {
    Stopped::Refused(malformed(expected))
}
