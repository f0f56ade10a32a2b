//! What members are called. Nothing is ever written under these names; they stand in documents and in keys.

/// The most bytes of a name.
const MAX_BYTES: usize = 1024;

/// The name of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// In a form that can be shown: without `./` at the start, control characters replaced, cut to [`MAX_BYTES`].
    pub(crate) text: String,
    /// Whether it is a path within the archive, and can be shown as it is.
    pub(crate) is_sound: bool,
}

impl Name {
    /// Reads a name; bytes that are not UTF-8 are replaced.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let decoded = String::from_utf8_lossy(relative(bytes));
        let name = &*decoded;
        let is_sound = !name.is_empty()
            && name.len() <= MAX_BYTES
            && !name.contains(char::is_control)
            && !leads_out(name);
        let end = (0..=name.len().min(MAX_BYTES)).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
        let printable = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let text: String = name[..end].chars().map(printable).collect();
        let end = (0..=text.len().min(MAX_BYTES)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        Self { text: text[..end].to_owned(), is_sound }
    }
}

/// A path without `./` at its start, which says nothing.
pub(crate) fn relative(mut path: &[u8]) -> &[u8] {
    while let Some(mut rest) = path.strip_prefix(b"./") {
        while let Some(after) = rest.strip_prefix(b"/") {
            rest = after;
        }
        path = rest;
    }
    path
}

/// Whether a path is absolute or goes up, by the rules of Unix or of Windows.
fn leads_out(name: &str) -> bool {
    let is_separator = |c: char| matches!(c, '/' | '\\');
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    name.starts_with(is_separator) || has_drive || name.split(is_separator).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, Name};

    #[test]
    fn a_path_within_the_archive_is_sound() {
        let names: [(&[u8], &str); 6] = [
            (b"a.xml", "a.xml"),
            (b"./a.xml", "a.xml"),
            (b".//./2026/a.xml", "2026/a.xml"),
            (b"a..b/c..xml", "a..b/c..xml"),
            (b"caf\xe9.xml", "caf\u{fffd}.xml"),
            ("ü/ä.xml".as_bytes(), "ü/ä.xml"),
        ];
        for (bytes, text) in names {
            assert_eq!(Name::of(bytes), Name { text: text.to_owned(), is_sound: true });
        }
    }

    #[test]
    fn one_that_leads_out_or_cannot_be_shown_is_not() {
        for bytes in [
            &b"../a.xml"[..],
            b"a/../../b.xml",
            b"a/..",
            b"/etc/passwd",
            b"\\\\server\\a.xml",
            b"..\\a.xml",
            b"C:\\a.xml",
            b"c:a.xml",
            b"a\0.xml",
            b"a\n.xml",
            b"",
            b"./",
            &[b'a'; MAX_BYTES + 1],
        ] {
            let name = Name::of(bytes);
            assert!(!name.is_sound, "{name:?}");
            assert!(name.text.len() <= MAX_BYTES && !name.text.contains(char::is_control), "{name:?}");
        }
        assert!(Name::of(&[b'\0'; MAX_BYTES + 1]).text.len() <= MAX_BYTES);
    }
}
