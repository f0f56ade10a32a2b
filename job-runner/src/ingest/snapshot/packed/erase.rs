//! Takes the snapshots of single units out of a pack. Pure.
//!
//! The pack keeps its length and every other snapshot its place, so that no reference to them changes: the bytes of an
//! erased frame become a skippable frame (RFC 8878, 3.1.2) of zeros, and its entry in the index keeps nothing but its
//! place. `zstd -d` passes over it.

use super::error::PackError;
use super::index::{self, PackEntry, Tail};

/// Magic number of a skippable frame, little endian: the first of the sixteen that the RFC reserves. That of the index
/// is another one.
const MAGIC: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();
/// Bytes of the magic number and of the length of the content.
const HEAD: usize = 8;

/// A pack of which something was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasedPack {
    /// Its content from now on; `None` if no snapshot is left in it, so that it can be deleted.
    pub bytes: Option<Vec<u8>>,
    /// The entries that were erased.
    pub entries: Vec<PackEntry>,
}

/// Erases the snapshots whose entries are `chosen`; `None` if there are none.
pub fn erase(
    mut pack: Vec<u8>,
    chosen: impl Fn(&PackEntry) -> bool,
) -> Result<Option<ErasedPack>, PackError> {
    let Tail::Entries(mut entries) = index::read_whole(&pack, pack.len() as u64)? else {
        return Err(PackError::NoIndex);
    };
    let mut erased = Vec::new();
    for entry in entries.iter_mut().filter(|entry| !entry.erased && chosen(entry)) {
        blank(frame(&mut pack, entry).ok_or(PackError::BehindTheEnd)?);
        let placeholder = placeholder(entry.offset, entry.length);
        erased.push(std::mem::replace(entry, placeholder));
    }
    if erased.is_empty() {
        return Ok(None);
    }
    if entries.iter().all(|entry| entry.erased) {
        return Ok(Some(ErasedPack { bytes: None, entries: erased }));
    }
    let frames: u64 = entries.iter().map(|entry| entry.length).sum();
    pack.truncate(usize::try_from(frames).unwrap_or(usize::MAX));
    index::append(&mut pack, &entries).map_err(PackError::Unreadable)?;
    Ok(Some(ErasedPack { bytes: Some(pack), entries: erased }))
}

/// The bytes of a frame.
fn frame<'a>(pack: &'a mut [u8], entry: &PackEntry) -> Option<&'a mut [u8]> {
    let start = usize::try_from(entry.offset).ok()?;
    let end = start.checked_add(usize::try_from(entry.length).ok()?)?;
    pack.get_mut(start..end)
}

/// Makes a skippable frame of zeros of a frame. A frame with a checksum is always longer than the head of that.
fn blank(frame: &mut [u8]) {
    let content = u32::try_from(frame.len().saturating_sub(HEAD)).unwrap_or(0);
    frame.fill(0);
    let head = MAGIC.into_iter().chain(content.to_le_bytes());
    frame.iter_mut().zip(head).for_each(|(byte, new)| *byte = new);
}

fn placeholder(offset: u64, length: u64) -> PackEntry {
    PackEntry {
        unit: String::new(),
        key: String::new(),
        raw_digest: String::new(),
        revision: String::new(),
        offset,
        length,
        erased: true,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::super::{Frame, Pack, PackEntry, Tail, compress, decompress, read_tail};
    use super::erase;

    fn pack() -> Vec<u8> {
        let mut pack = Pack::default();
        for number in 0..3 {
            pack.push(Frame {
                unit: number.to_string(),
                key: format!("wire/{number}.xml"),
                raw_digest: "00".into(),
                revision: "5f".into(),
                bytes: compress(format!("{{\"secret\":{number}}}\n").as_bytes()).expect("a frame"),
            });
        }
        pack.seal("p/", 0).expect("a pack").bytes.to_vec()
    }

    fn entries(pack: &[u8]) -> Vec<PackEntry> {
        match read_tail(pack, pack.len() as u64).expect("an index") {
            Tail::Entries(entries) => entries,
            Tail::Needs(bytes) => panic!("{bytes} bytes are asked for"),
        }
    }

    fn is(key: &str) -> impl Fn(&PackEntry) -> bool {
        move |entry| entry.key == key
    }

    #[test]
    fn a_snapshot_is_gone_and_the_others_are_where_they_were() {
        let before = pack();
        let erased = erase(before.clone(), is("wire/1.xml")).expect("a pack").expect("something");
        assert_eq!(erased.entries.len(), 1);
        let after = erased.bytes.expect("what is left");
        let all = entries(&before);
        assert_eq!(entries(&after), [all[0].clone(), all[2].clone()]);
        for entry in [&all[0], &all[2]] {
            let start = usize::try_from(entry.offset).unwrap();
            let place = start..start + usize::try_from(entry.length).unwrap();
            assert_eq!(after[place.clone()], before[place.clone()]);
            assert!(decompress(&after[place]).is_ok());
        }
        let mut lines = String::new();
        zstd::Decoder::new(&after[..]).unwrap().read_to_string(&mut lines).unwrap();
        assert_eq!(lines, "{\"secret\":0}\n{\"secret\":2}\n");
        assert!(!after.windows(10).any(|bytes| bytes == b"wire/1.xml"), "the key is in the index");
    }

    #[test]
    fn what_is_erased_is_not_found_again_and_a_pack_of_nothing_is_no_pack() {
        let mut left = pack();
        for key in ["wire/0.xml", "wire/2.xml"] {
            left = erase(left, is(key)).expect("a pack").expect("something").bytes.expect("what is left");
            assert_eq!(erase(left.clone(), is(key)).expect("a pack"), None);
        }
        let last = erase(left, is("wire/1.xml")).expect("a pack").expect("something");
        assert_eq!((last.bytes, last.entries.len()), (None, 1));
        assert!(erase(b"no pack".to_vec(), is("a")).is_err());
    }
}
