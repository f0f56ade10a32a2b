//! Identifies a ZIP archive by the names of its first entries: many formats are archives with certain parts.
//! Pure.
//!
//! Local file headers: APPNOTE.TXT, section 4.3.7
//! (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).

use std::borrow::Cow;

use memchr::memmem;

/// The start of an archive, and of each of its entries.
pub(crate) const SIGNATURE: &[u8] = b"PK\x03\x04";

/// Bytes of a header before the name.
const HEADER: usize = 30;
/// Offset of the name's length in a header.
const NAME_LENGTH: usize = 26;
/// Offset in a header of the length of the field between name and content.
const EXTRA_LENGTH: usize = 28;

/// The list of contents that every Office Open XML document has (ECMA-376, part 2).
const OFFICE: &[u8] = b"[Content_Types].xml";
/// The folder that distinguishes their kinds.
const OFFICE_KINDS: [(&[u8], &str); 3] = [
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

/// The longest media type that is accepted from an archive (RFC 6838, section 4.2: two names of at most 127).
const MAX_TYPE: usize = 255;

/// An entry whose header is in the bytes.
struct ZipEntry<'a> {
    name: &'a [u8],
    /// What follows its header.
    content: &'a [u8],
}

/// Detects the type of an archive from its first bytes.
pub(crate) fn detect(head: &[u8]) -> Cow<'static, str> {
    let first = entry(head, 0);
    if let Some(declared) = first.as_ref().and_then(declared) {
        return declared.into();
    }
    if first.is_some_and(|entry| entry.name.starts_with(b"META-INF/")) {
        return "application/java-archive".into();
    }
    office(head).unwrap_or("application/zip").into()
}

/// `OpenDocument` and EPUB declare what they are in their first entry, uncompressed (`OpenDocument` 1.3, part
/// 2, 3.3).
fn declared(first: &ZipEntry<'_>) -> Option<String> {
    if first.name != b"mimetype" {
        return None;
    }
    let end = memmem::find(first.content, b"PK").unwrap_or(first.content.len());
    let text = std::str::from_utf8(&first.content[..end]).ok()?.trim();
    let (kind, name) = text.split_once('/')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    (text.len() <= MAX_TYPE && is_name(kind) && is_name(name)).then(|| text.to_owned())
}

fn office(head: &[u8]) -> Option<&'static str> {
    let names =
        || memmem::find_iter(head, SIGNATURE).filter_map(|at| entry(head, at)).map(|entry| entry.name);
    if !names().any(|name| name == OFFICE) {
        return None;
    }
    let kind = |name: &[u8]| OFFICE_KINDS.iter().find(|(folder, _)| name.starts_with(folder));
    names().find_map(kind).map(|(_, known)| *known)
}

fn entry(head: &[u8], at: usize) -> Option<ZipEntry<'_>> {
    let header = head.get(at..at + HEADER)?;
    let number = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let rest = &head[at + HEADER..];
    let (name, rest) = rest.split_at_checked(number(NAME_LENGTH))?;
    Some(ZipEntry { name, content: rest.get(number(EXTRA_LENGTH)..)? })
}
