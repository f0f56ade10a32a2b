//! Where a member of a ZIP archive is: APPNOTE.TXT, sections 4.4.17 and 4.6.9
//! (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).

use std::borrow::Cow;

use flate2::Crc;

use super::code_page_437;
use super::numbers::value;

/// The field of a name in UTF-8, beside one that is not.
pub(crate) const UNICODE_PATH: u64 = 0x7075;
/// What there is in it before the name: a version, which is 1, and the CRC-32 of the other name.
const VERSION: u64 = 1;
const HEAD: usize = 5;

/// The systems of MS-DOS and of Windows, some of whose writers have `\` between folders, where the format has `/`.
const BACKSLASHES: [u64; 3] = [0, 10, 14];

/// The path of a member with this name and, if there is one, this field, in UTF-8 and with `/` between its folders.
/// `says_utf_8`: the name says that it is in UTF-8. `system`: on which it was written.
pub(crate) fn path(name: &[u8], says_utf_8: bool, field: Option<&[u8]>, system: u64) -> Vec<u8> {
    let told = field.and_then(|field| unicode_path(field, name));
    // Many writers have names in UTF-8 without saying that they do.
    let path = match told {
        Some(path) => Cow::Borrowed(path),
        None if says_utf_8 || std::str::from_utf8(name).is_ok() => Cow::Borrowed(name),
        None => Cow::Owned(code_page_437::text(name).into_bytes()),
    };
    let mut path = path.into_owned();
    if BACKSLASHES.contains(&system) && !path.contains(&b'/') {
        for byte in path.iter_mut().filter(|byte| **byte == b'\\') {
            *byte = b'/';
        }
    }
    path
}

/// What the field says, if it is of this name: who renames a member may not know of it.
fn unicode_path<'f>(field: &'f [u8], name: &[u8]) -> Option<&'f [u8]> {
    let path = field.get(HEAD..)?;
    let mut checksum = Crc::new();
    checksum.update(name);
    let is_of_name = value(field, 1, 4) == u64::from(checksum.sum());
    let is_sound = value(field, 0, 1) == VERSION && is_of_name && std::str::from_utf8(path).is_ok();
    (is_sound && !path.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use flate2::Crc;

    use super::{BACKSLASHES, path};

    #[test]
    fn a_name_is_in_utf_8_or_in_code_page_437_or_has_another_one_beside_it() {
        let name = b"f\x81r/\x84.xml";
        assert_eq!(path(name, false, None, 3), "für/ä.xml".as_bytes());
        assert_eq!(path(name, true, None, 3), name);
        assert_eq!(path("für.xml".as_bytes(), false, None, 3), "für.xml".as_bytes());
        let mut checksum = Crc::new();
        checksum.update(b"1.xml");
        let field = [&[1_u8][..], &checksum.sum().to_le_bytes(), "東京.xml".as_bytes()].concat();
        assert_eq!(path(b"1.xml", false, Some(&field), 3), "東京.xml".as_bytes());
        assert_eq!(path(b"2.xml", false, Some(&field), 3), b"2.xml");
        assert_eq!(path(b"1.xml", false, Some(&field[..5]), 3), b"1.xml");
        assert_eq!(path(b"1.xml", false, Some(b""), 3), b"1.xml");
    }

    #[test]
    fn folders_of_windows_are_folders() {
        let name = br"2026\01\a.xml";
        for system in BACKSLASHES {
            assert_eq!(path(name, false, None, system), b"2026/01/a.xml");
        }
        assert_eq!(path(name, false, None, 3), name, "a character like any other on Unix");
        assert_eq!(path(br"2026/a\b.xml", false, None, 0), br"2026/a\b.xml");
        assert_eq!(path(br"..\a.xml", false, None, 0), b"../a.xml");
    }
}
