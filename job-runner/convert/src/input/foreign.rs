//! What an object is that is no XML, by its first bytes: so that a refusal can name it.

use super::archive::format::zip_kind;
use super::archive::tar_header::is_tar;

/// What an object starts with, and what it is then.
const SIGNATURES: [(&[u8], &str); 28] = [
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"MSCF\x00", "a cabinet of Windows"),
    (b"070701", "a cpio archive"),
    (b"!<arch>\n", "an ar archive"),
    (b"MZ\x90\x00", "a program of Windows, which may be an archive that unpacks itself"),
    (b"BZh", "bzip2 data"),
    (b"LZIP", "lzip data"),
    (b"\x1f\x9d", "data of compress (.Z)"),
    (b"]\x00\x00", "LZMA data"),
    // What is compressed once was decompressed.
    (b"\x1f\x8b\x08", "data that is compressed twice"),
    (b"\x28\xb5\x2f\xfd", "data that is compressed twice"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x04\x22\x4d\x18", "LZ4 data"),
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an older Microsoft Office"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer, not the file that it stands for"),
    (b"HTTP/1.", "an HTTP response with its headers"),
];

/// How far the first tag of an HTML page is looked for.
const HEAD: usize = 1024;

/// What the object is; `None` if it can be XML, or if nothing tells.
pub(crate) fn kind(head: &[u8]) -> Option<&'static str> {
    let unmarked = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let start = unmarked.trim_ascii_start();
    match start.first()? {
        b'<' => is_html(start).then_some("an HTML page"),
        b'{' | b'[' if is_json(start) => Some("a JSON value"),
        _ => {
            let signature = SIGNATURES.iter().find(|(bytes, _)| head.starts_with(bytes));
            let kind = signature.map(|(_, kind)| *kind).or_else(|| zip_kind(head));
            kind.or_else(|| is_tar(head).then_some("a tar archive"))
        }
    }
}

/// A page of HTML that is not also XML: one of XHTML names its namespace.
fn is_html(start: &[u8]) -> bool {
    let head = &start[..start.len().min(HEAD)];
    let begins = |tag: &[u8]| head.get(..tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag));
    (begins(b"<!doctype html>") || begins(b"<html")) && memchr::memmem::find(head, b"xmlns").is_none()
}

/// A brace or bracket and what may come next in JSON.
fn is_json(start: &[u8]) -> bool {
    let next = start[1..].trim_ascii_start().first();
    match start[0] {
        b'{' => matches!(next, Some(b'"' | b'}')),
        _ => matches!(next, Some(b'"' | b'{' | b'[' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')),
    }
}

#[cfg(test)]
mod tests {
    use super::{SIGNATURES, kind};

    #[test]
    fn what_is_no_xml_is_named() {
        for (signature, expected) in SIGNATURES {
            assert_eq!(kind(&[signature, b"more"].concat()), Some(expected));
        }
        let mut tar = vec![0; 600];
        tar[..5].copy_from_slice(b"a.xml");
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(kind(&tar), Some("a tar archive"));
        for (head, expected) in [
            ("PK\u{3}\u{4}", "a ZIP archive"),
            ("PK\u{5}\u{6}", "an empty ZIP archive"),
            ("PK00PK\u{3}\u{4}", "a ZIP archive"),
            ("PK\u{7}\u{8}PK\u{3}\u{4}", "a ZIP archive"),
            ("{\"a\": 1}", "a JSON value"),
            (" [\n {}]", "a JSON value"),
            ("\u{feff}{\"a\": 1}", "a JSON value"),
            ("\u{feff}<!DOCTYPE html><p>", "an HTML page"),
            ("\n<!DOCTYPE HTML>\n<title>502</title>", "an HTML page"),
            ("<html lang='en'><p>", "an HTML page"),
        ] {
            assert_eq!(kind(head.as_bytes()), Some(expected), "{head}");
        }
    }

    #[test]
    fn what_may_be_xml_is_not() {
        for head in [
            "",
            " ",
            "<?xml version='1.0'?><html>",
            "<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' 'x.dtd'>",
            "<!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'/>",
            "<nitf/>",
            "\u{feff}<nitf/>",
            "plain text",
            "{not json}",
            "[x",
        ] {
            assert_eq!(kind(head.as_bytes()), None, "{head}");
        }
    }
}
