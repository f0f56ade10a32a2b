//! The directory at the end of a ZIP archive: APPNOTE.TXT, sections 4.3.12 to 4.3.16 and 4.5.3
//! (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>). It is read part by part, since it may be large.

use std::io::{self, SeekFrom};

use memchr::memmem;

use super::content::malformed;
use super::numbers::{little_endian, to_usize, value};
use super::object::Object;
use super::zip_path::{self, UNICODE_PATH};
use crate::input::decompress::Stopped;

/// Starts and lengths of records, without what varies.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
const END_64: &[u8] = b"PK\x06\x06";
const END_64_BYTES: usize = 56;
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;

/// How far the end record may be from the end of the object: its comment, and what stands before it.
const TAIL_BYTES: u64 = (LOCATOR_BYTES + END_BYTES + 0xffff) as u64;
/// Bytes of the directory that are read at once.
const CHUNK: u64 = 256 * 1024;

/// A number that does not fit its field; it stands in a field of 64 bits.
const ELSEWHERE: u64 = 0xffff_ffff;
/// The field of such numbers.
const ZIP_64: u64 = 1;

/// Flags of members: encrypted, encrypted strongly, with a directory that is encrypted.
const ENCRYPTED: u64 = 1 | (1 << 6) | (1 << 13);
/// The flag of a name in UTF-8.
const UTF_8: u64 = 1 << 11;
/// The system whose attributes have the types of files in their upper half, and these types.
const UNIX: u64 = 3;
const FILE_TYPE: u64 = 0o170_000;
const REGULAR: u64 = 0o100_000;
const SYMBOLIC_LINK: u64 = 0o120_000;
/// The attribute of a folder, in the lower half.
const FOLDER: u64 = 0x10;

/// What the directory says of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZipEntry {
    /// As it is written.
    pub(crate) name: Vec<u8>,
    /// The name in UTF-8, with `/` between folders.
    pub(crate) path: Vec<u8>,
    pub(crate) is_encrypted: bool,
    pub(crate) method: u64,
    /// CRC-32 of the content.
    pub(crate) checksum: u64,
    /// Bytes of the content in the archive.
    pub(crate) compressed: u64,
    /// Bytes of the content.
    pub(crate) size: u64,
    /// Where its header is in the archive.
    pub(crate) offset: u64,
    /// It is no folder or link.
    pub(crate) is_file: bool,
}

/// A directory that is being read.
#[derive(Debug)]
pub(crate) struct Directory {
    /// Where it starts in the object; all members are before it.
    pub(crate) start: u64,
    /// How many members there should be; of some writers, only the last 16 bits are right.
    total: u64,
    count: u64,
    /// The part that was read, and the start of what was not taken yet.
    part: Vec<u8>,
    taken: usize,
    /// Where the rest of the directory is.
    position: u64,
    end: u64,
}

impl Directory {
    /// Finds the directory.
    pub(crate) fn open(object: &mut dyn Object) -> Result<Self, Stopped> {
        let length = object.seek(SeekFrom::End(0))?;
        let tail_start = length.saturating_sub(TAIL_BYTES);
        let tail = read_at(object, tail_start, length - tail_start)?;
        let at = find_end(&tail).ok_or_else(|| refused("the end of a ZIP archive's directory"))?;
        let end = &tail[at..];
        let (mut total, mut bytes, mut start) = (value(end, 10, 2), value(end, 12, 4), value(end, 16, 4));
        let mut directory_end = tail_start + at as u64;
        let mut disks = [value(end, 4, 2), value(end, 6, 2)];
        let locator = at.checked_sub(LOCATOR_BYTES).and_then(|start| tail.get(start..at));
        if let Some(locator) = locator.filter(|locator| locator.starts_with(LOCATOR)) {
            directory_end = value(locator, 8, 8);
            let record = checked_at(object, directory_end, END_64_BYTES as u64, length)?;
            if !record.starts_with(END_64) {
                return Err(refused("the end of a ZIP archive's directory in 64 bits"));
            }
            disks = [value(&record, 16, 4), value(&record, 20, 4)];
            (total, bytes, start) = (value(&record, 32, 8), value(&record, 40, 8), value(&record, 48, 8));
        }
        if disks != [0, 0] {
            return Err(refused("a ZIP archive that is not one part of several"));
        }
        if start.checked_add(bytes) != Some(directory_end) {
            return Err(refused("a directory that ends where the ZIP archive's end begins"));
        }
        let (part, end) = (Vec::new(), directory_end);
        Ok(Self { start, total, count: 0, part, taken: 0, position: start, end })
    }

    /// The next member.
    pub(crate) fn next_entry(&mut self, object: &mut dyn Object) -> Result<Option<ZipEntry>, Stopped> {
        if self.taken == self.part.len() && self.position == self.end {
            let is_complete = self.count & 0xffff == self.total & 0xffff;
            return if is_complete {
                Ok(None)
            } else {
                Err(refused("as many members as the end of the ZIP archive tells"))
            };
        }
        let head = self.take(object, ENTRY_BYTES)?;
        if !head.starts_with(ENTRY) {
            return Err(refused("an entry of a ZIP archive's directory"));
        }
        let varying = [value(head, 28, 2), value(head, 30, 2), value(head, 32, 2)];
        let length = ENTRY_BYTES + varying.iter().map(|bytes| to_usize(*bytes)).sum::<usize>();
        let record = self.take(object, length)?;
        let entry = entry(record, varying).ok_or_else(|| refused("sizes in a ZIP archive's directory"))?;
        self.taken += length;
        self.count += 1;
        Ok(Some(entry))
    }

    /// The next bytes of the directory, which count as not taken yet.
    fn take(&mut self, object: &mut dyn Object, bytes: usize) -> Result<&[u8], Stopped> {
        if self.part.len() - self.taken < bytes {
            self.part.drain(..self.taken);
            self.taken = 0;
            let more = (self.end - self.position).min(CHUNK.max(bytes as u64));
            self.part.extend(read_at(object, self.position, more)?);
            self.position += more;
        }
        let next = self.part.get(self.taken..self.taken + bytes);
        next.ok_or_else(|| refused("a ZIP archive's directory that is not cut off"))
    }
}

/// Bytes of an object that are known to be there.
fn read_at(object: &mut dyn Object, position: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let mut read = vec![0; to_usize(bytes)];
    object.seek(SeekFrom::Start(position))?;
    object.read_exact(&mut read)?;
    Ok(read)
}

/// Bytes of an object of this length.
pub(crate) fn checked_at(
    object: &mut dyn Object,
    position: u64,
    bytes: u64,
    length: u64,
) -> Result<Vec<u8>, Stopped> {
    if position.checked_add(bytes).is_none_or(|end| end > length) {
        return Err(refused("a place within the ZIP archive"));
    }
    Ok(read_at(object, position, bytes)?)
}

/// Where the end record is: the last one whose comment ends with the object, or before the zeros that fill it up.
fn find_end(tail: &[u8]) -> Option<usize> {
    let is_filled_up = |rest: &[u8]| rest.iter().all(|byte| *byte == 0);
    memmem::rfind_iter(tail, END).find(|at| {
        let comment = at + END_BYTES + to_usize(value(&tail[*at..], 20, 2));
        tail.len() >= at + END_BYTES && tail.get(comment..).is_some_and(is_filled_up)
    })
}

/// Reads an entry. `varying`: the lengths of name, fields and comment.
fn entry(record: &[u8], varying: [u64; 3]) -> Option<ZipEntry> {
    let (name, rest) = record.get(ENTRY_BYTES..)?.split_at_checked(to_usize(varying[0]))?;
    let fields = rest.get(..to_usize(varying[1]))?;
    let [mut compressed, mut size, mut offset] =
        [value(record, 20, 4), value(record, 24, 4), value(record, 42, 4)];
    let mut large = field(fields, ZIP_64).unwrap_or_default().chunks_exact(8);
    // In this order, and only those that do not fit.
    for number in [&mut size, &mut compressed, &mut offset] {
        if *number == ELSEWHERE
            && let Some(bytes) = large.next()
        {
            *number = little_endian(bytes);
        }
    }
    let (system, attributes) = (value(record, 5, 1), value(record, 38, 4));
    let file_type = (attributes >> 16) & FILE_TYPE;
    let is_special = system == UNIX && file_type != 0 && file_type != REGULAR;
    let is_link = system == UNIX && file_type == SYMBOLIC_LINK;
    let says_utf_8 = value(record, 8, 2) & UTF_8 != 0;
    let path = zip_path::path(name, says_utf_8, field(fields, UNICODE_PATH), system);
    // What has a content is no folder or device, whatever its writer says: the last byte of a name in another encoding may
    // be that of `\`.
    let is_empty = size == 0 && (is_special || path.ends_with(b"/") || attributes & FOLDER != 0);
    Some(ZipEntry {
        is_encrypted: value(record, 8, 2) & ENCRYPTED != 0,
        method: value(record, 10, 2),
        checksum: value(record, 16, 4),
        is_file: !is_link && !is_empty,
        name: name.to_vec(),
        path,
        compressed,
        size,
        offset,
    })
}

/// The content of the field with this number.
fn field(mut fields: &[u8], wanted: u64) -> Option<&[u8]> {
    loop {
        let (head, rest) = fields.split_at_checked(4)?;
        let (content, after) = rest.split_at_checked(to_usize(value(head, 2, 2)))?;
        if value(head, 0, 2) == wanted {
            return Some(content);
        }
        fields = after;
    }
}

fn refused(expected: &str) -> Stopped {
    Stopped::Refused(malformed(expected))
}
