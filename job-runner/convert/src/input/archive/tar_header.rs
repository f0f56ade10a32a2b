//! The header of a tar member: a block in which everything has its place.

use memchr::memchr;

/// Bytes of a header, and what contents are filled up to.
pub(crate) const BLOCK: usize = 512;

/// Where a header names its format, and how; that of Unix version 7 does not.
const MAGIC: (usize, &[u8]) = (257, b"ustar");
/// Where its checksum is.
const CHECKSUM: std::ops::Range<usize> = 148..156;
/// Where the map of a sparse file goes on: in a header, and in a block of its map.
const MORE_OF_MAP: [usize; 2] = [482, 504];

/// A header as it is written.
pub(crate) struct Header(pub(crate) [u8; BLOCK]);

impl Header {
    /// Whether its checksum is right: the sum of all bytes, with its own field as spaces. Some writers count bytes from
    /// 80 on as negative numbers.
    pub(crate) fn is_sound(&self) -> bool {
        // Spaces or zeros in its place are none.
        let Some(told) = number(&self.0[CHECKSUM]).filter(|told| *told > 0) else { return false };
        let (before, after) = (&self.0[..CHECKSUM.start], &self.0[CHECKSUM.end..]);
        let (mut sum, mut high) = (8 * u64::from(b' '), 0);
        for byte in before.iter().chain(after) {
            sum += u64::from(*byte);
            high += u64::from(*byte >> 7);
        }
        told == sum || told.checked_add(256 * high) == Some(sum)
    }

    pub(crate) const fn kind(&self) -> u8 {
        self.0[156]
    }

    pub(crate) fn size(&self) -> Option<u64> {
        number(&self.0[124..136])
    }

    /// The name, with the folder that POSIX writes in a field of its own.
    pub(crate) fn name(&self) -> Vec<u8> {
        let name = until_zero(&self.0[..100]);
        let prefix = until_zero(&self.0[345..500]);
        // GNU has other things there.
        if self.0[257..263] != *b"ustar\0" || prefix.is_empty() {
            return name.to_vec();
        }
        [prefix, b"/", name].concat()
    }

    /// The name of the file that a link leads to.
    pub(crate) fn target(&self) -> Vec<u8> {
        until_zero(&self.0[157..257]).to_vec()
    }

    /// Whether a block with more of the map of a sparse file follows.
    pub(crate) const fn has_more_of_map(&self) -> bool {
        self.0[MORE_OF_MAP[0]] != 0
    }
}

/// Whether another block follows one with a part of the map of a sparse file.
pub(crate) const fn map_goes_on(block: &[u8; BLOCK]) -> bool {
    block[MORE_OF_MAP[1]] != 0
}

/// Whether this is the first header of a tar archive.
pub(crate) fn is_tar(head: &[u8]) -> bool {
    let (at, magic) = MAGIC;
    head.get(at..at + magic.len()) == Some(magic) || is_version_7(head)
}

/// Whether this is a header that does not name its format: it has a name, and its checksum is right.
fn is_version_7(head: &[u8]) -> bool {
    let header = head.first_chunk().map(|block| Header(*block));
    header.is_some_and(|header| header.0[0] != 0 && header.is_sound())
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

/// What is before the first zero.
pub(crate) fn until_zero(field: &[u8]) -> &[u8] {
    &field[..memchr(0, field).unwrap_or(field.len())]
}

#[cfg(test)]
mod tests {
    use super::is_tar;
    use crate::input::archive::tests::build::{sign, tar_header};

    /// A header as Unix version 7 has it.
    fn version_7(name: &[u8]) -> Vec<u8> {
        let mut header = tar_header(name, 0, b"00000000017\0");
        header[257..].fill(0);
        sign(&mut header);
        header
    }

    #[test]
    fn a_header_is_known_by_its_magic_or_by_its_checksum() {
        let mut header = version_7(b"a.xml");
        assert!(is_tar(&header) && !is_tar(&header[..511]));
        header[0] = b'b';
        assert!(!is_tar(&header));
        assert!(!is_tar(&version_7(b"")) && !is_tar(&[0; 512]) && !is_tar(&[b'7'; 512]));
        assert!(is_tar(&tar_header(b"a.xml", b'0', b"17")));
    }

    #[test]
    fn a_checksum_may_be_of_signed_bytes() {
        let mut header = version_7(b"caf\xe9.xml");
        assert!(is_tar(&header));
        let told = std::str::from_utf8(&header[148..154]).unwrap();
        let signed = u32::from_str_radix(told, 8).unwrap() - 256;
        header[148..154].copy_from_slice(format!("{signed:06o}").as_bytes());
        assert!(is_tar(&header));
    }

    /// Bytes from 80 on, as negative numbers, make up for all others.
    #[test]
    fn a_sum_of_nothing_needs_a_checksum_as_well() {
        for field in [b' ', 0] {
            let mut block = [0; 512];
            block[..2].copy_from_slice(b"a\x1f");
            block[148..156].fill(field);
            block[300..303].fill(0x80);
            assert!(!is_tar(&block), "{field}");
        }
    }
}
