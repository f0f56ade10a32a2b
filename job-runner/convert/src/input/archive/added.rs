//! Files that systems put beside those of their users. They are no documents, and whoever packs a folder does not know of
//! them. A name alone does not make a file one of them: what starts like a document may be meant.

use super::content::Content;
use crate::input::decompress::{Stopped, is_compressed};

/// Bytes of a file that tell.
const START: usize = 64;

/// Whether the start of a file is that of one that its system adds.
pub(crate) type IsAdded = fn(&[u8]) -> bool;

/// Attributes and resource forks of macOS, beside the file or in `__MACOSX`: RFC 1740, appendix A.
const APPLE_DOUBLE: &[u8] = b"\x00\x05\x16\x07";
/// The folder of macOS for them.
const MACOSX: &str = "__MACOSX";

/// What only systems call their files: how a folder is shown (macOS, Windows, KDE), thumbnails, and what keeps an empty
/// folder in Git. In lower case.
const NAMES: [&str; 7] =
    [".ds_store", "desktop.ini", ".directory", "thumbs.db", "ehthumbs.db", ".gitkeep", ".keep"];

/// How to tell, by its content, whether a file with this name is added by a system; `None` if none has such names.
pub(crate) fn by_name(name: &str) -> Option<IsAdded> {
    let mut parts = name.rsplit(['/', '\\']);
    let file = parts.next().unwrap_or(name);
    if NAMES.iter().any(|known| file.eq_ignore_ascii_case(known)) {
        return Some(is_no_document);
    }
    if !file.starts_with("._") {
        return None;
    }
    // Elsewhere, the name may be that of any file.
    if parts.any(|folder| folder == MACOSX) {
        return Some(is_no_document);
    }
    Some(is_apple_double)
}

fn is_apple_double(start: &[u8]) -> bool {
    start.starts_with(APPLE_DOUBLE)
}

/// Whether a file that starts like this is neither XML nor JSON, in whatever encoding, nor compressed.
fn is_no_document(start: &[u8]) -> bool {
    // White space, byte order marks, and the zeros in characters of several bytes.
    let is_leading = |b: u8| b.is_ascii_whitespace() || matches!(b, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    let mut rest = start.iter().copied().filter(|b| !is_leading(*b));
    let begins = match rest.next() {
        None => start.len() == START,
        Some(b'<' | b'{') => true,
        // A list, not the name of a section, which may be a GUID in braces.
        Some(b'[') => match rest.next() {
            Some(b'{') => matches!(rest.next(), Some(b'"' | b'}')),
            next => matches!(next, Some(b'"' | b'[' | b']' | b'-' | b'0'..=b'9')),
        },
        Some(_) => false,
    };
    !begins && !is_compressed(start)
}

/// A content of which the start was looked at.
pub(crate) struct Examined<'c> {
    content: &'c mut dyn Content,
    start: [u8; START],
    /// How much of the start there is, and how much of it was given again.
    length: usize,
    given: usize,
}

impl<'c> Examined<'c> {
    pub(crate) fn new(content: &'c mut dyn Content) -> Result<Self, Stopped> {
        let (mut start, mut length) = ([0; START], 0);
        while length < START {
            match content.read(&mut start[length..])? {
                0 => break,
                count => length += count,
            }
        }
        Ok(Self { content, start, length, given: 0 })
    }

    pub(crate) fn start(&self) -> &[u8] {
        &self.start[..self.length]
    }
}

impl Content for Examined<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Stopped> {
        let left = &self.start[self.given..self.length];
        if left.is_empty() {
            return self.content.read(into);
        }
        let count = left.len().min(into.len());
        into[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }

    fn ends_archive(&self) -> bool {
        self.content.ends_archive()
    }
}

#[cfg(test)]
mod tests {
    use super::{APPLE_DOUBLE, START, by_name};

    fn is_added(name: &str, start: &[u8]) -> bool {
        by_name(name).is_some_and(|is_added| is_added(start))
    }

    #[test]
    fn a_file_is_added_by_its_system_if_its_name_says_so_and_it_is_no_document() {
        let added: [(&str, &[u8]); 14] = [
            ("2026/.DS_Store", b"\x00\x00\x00\x01Bud1"),
            ("images/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            ("thumbs.db", b"\xfd\xff\xff\xff"),
            ("desktop.ini", b"\r\n[.ShellClassInfo]\r\n"),
            ("Desktop.ini", b"\xff\xfe[\0.\0"),
            ("a/desktop.ini", b"[ViewState]\nMode="),
            ("a/desktop.ini", b"[{F29F85E0-4FF9-1068-AB91-08002B27B3D9}]"),
            ("desktop.ini", b"; made by hand"),
            ("desktop.ini", b""),
            ("desktop.ini", b"\xff\xfe"),
            (".gitkeep", b""),
            ("a/b/.gitkeep", b"keep this folder\n"),
            (".keep", b"\n"),
            ("2026/.directory", b"[Dolphin]\n"),
        ];
        for (name, start) in added {
            assert!(is_added(name, start), "{name}");
            assert!(!is_added("a.xml", start) && !is_added("__MACOSX/a.xml", start), "{name}");
        }
        for name in ["desktop.ini", "Thumbs.db", ".DS_Store", ".gitkeep", "__MACOSX/._a.xml"] {
            for start in [
                b"<?xml version='1.0'?>".as_slice(),
                b"\xef\xbb\xbf\n<r>",
                b"\xff\xfe<\0r\0",
                b"\0<\0r",
                b"{\"a\": 1}",
                b" [{\"a\": 1}]",
                b"[{}]",
                b"\x1f\x8b\x08",
                &[b'\n'; START],
            ] {
                assert!(!is_added(name, start), "{name} {}", start.escape_ascii());
            }
        }
    }

    /// Only macOS has the folder, but the start of the name is anybody's.
    #[test]
    fn attributes_of_mac_os_are_known_by_their_start_or_their_folder() {
        for name in ["2026/._a.xml", "._a.xml", "2026\\._a.xml"] {
            assert!(
                is_added(name, APPLE_DOUBLE) && !is_added(name, b"plain") && !is_added(name, b""),
                "{name}"
            );
        }
        for start in [APPLE_DOUBLE, b"plain", b""] {
            assert!(is_added("__MACOSX/2026/._a.xml", start) && !is_added("__MACOSX/a.xml", start));
        }
    }
}
