//! Files that operating systems put beside those of their users. They are no documents, and whoever packs a folder does
//! not know of them. What has such a name is one of them only if it also starts like one: anything else may be meant.

use super::content::Content;
use crate::input::decompress::Stopped;

/// Bytes of a file that tell.
const START: usize = 64;

/// Whether the start of a file is that of one that its system adds.
pub(crate) type IsAdded = fn(&[u8]) -> bool;

/// Attributes and resource forks of macOS, beside the file or in `__MACOSX`: RFC 1740, appendix A.
const APPLE_DOUBLE: &[u8] = b"\x00\x05\x16\x07";
/// How the Finder shows a folder.
const DS_STORE: &[u8] = b"\x00\x00\x00\x01Bud1";
/// A compound file, as which Windows keeps thumbnails.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// How the Explorer shows a folder: text in UTF-16, …
const UTF_16: &[u8] = b"\xff\xfe";
/// … or in the encoding of the system.
const SECTION: &[u8] = b"[.";

/// How to tell, by its content, whether a file with this name is added by a system; `None` if none has such names.
pub(crate) fn by_name(name: &str) -> Option<IsAdded> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let is_added: IsAdded = match file {
        _ if file.starts_with("._") => |start: &[u8]| start.starts_with(APPLE_DOUBLE),
        ".DS_Store" => |start: &[u8]| start.starts_with(DS_STORE),
        "Thumbs.db" | "thumbs.db" => |start: &[u8]| start.starts_with(COMPOUND),
        "desktop.ini" | "Desktop.ini" => {
            |start: &[u8]| start.starts_with(UTF_16) || start.trim_ascii_start().starts_with(SECTION)
        }
        _ => return None,
    };
    Some(is_added)
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
    use super::{APPLE_DOUBLE, COMPOUND, DS_STORE, by_name};

    #[test]
    fn a_file_is_added_by_its_system_if_its_name_and_its_content_say_so() {
        let is_added = |name: &str, start: &[u8]| by_name(name).is_some_and(|is_added| is_added(start));
        let added: [(&str, &[u8]); 8] = [
            ("__MACOSX/._a.xml", APPLE_DOUBLE),
            ("2026/._a.xml", APPLE_DOUBLE),
            ("._a.xml", APPLE_DOUBLE),
            ("2026\\._a.xml", APPLE_DOUBLE),
            ("2026/.DS_Store", DS_STORE),
            ("images/Thumbs.db", COMPOUND),
            ("desktop.ini", b"\r\n[.ShellClassInfo]\r\n"),
            ("Desktop.ini", b"\xff\xfe[\0.\0"),
        ];
        for (name, start) in added {
            assert!(is_added(name, start), "{name}");
            assert!(!is_added(name, b"<?xml version='1.0'?>") && !is_added(name, b""), "{name}");
            assert!(!is_added("a.xml", start) && !is_added("__MACOSX/a.xml", start), "{name}");
        }
        assert!(!is_added("desktop.ini", b"[{}]"));
    }
}
