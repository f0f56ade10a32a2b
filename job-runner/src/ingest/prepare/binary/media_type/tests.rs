use proptest::prelude::*;

use super::detect;

fn whole(bytes: &[u8]) -> String {
    detect(bytes, true).into_owned()
}

/// An archive with entries of these names and contents, none of them compressed. There is no list at its end: nobody
/// looks at it.
fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in entries {
        let (length, size) = (u16::try_from(name.len()).unwrap(), u32::try_from(content.len()).unwrap());
        bytes.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        bytes.extend_from_slice(&[size.to_le_bytes(), size.to_le_bytes()].concat());
        bytes.extend_from_slice(&[length.to_le_bytes(), [0, 0]].concat());
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content.as_bytes());
    }
    bytes
}

#[test]
fn signatures_are_known() {
    for (start, kind) in [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        (b"GIF89a\x01\0\x01\0", "image/gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (b"%PDF-1.4\nall of it is ASCII", "application/pdf"),
        (b"ID3\x04\0\0\0\0\0\x23TSSE\0\0\0\x0f\0\0\x03Lavf", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\0\0\0\0", "audio/mpeg"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/x-wav"),
        (b"OggS\0\x02\0\0\0\0\0\0\0\0", "audio/ogg"),
        (b"fLaC\0\0\0\x22\x10\0\x10\0", "audio/x-flac"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "application/gzip"),
        (b"\x28\xb5\x2f\xfd\x04\x58\0\0", "application/zstd"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "application/x-ole-storage"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "application/x-executable"),
        (b"{\\rtf1\\ansi hello}", "application/rtf"),
        (b"\x01\x02\x03\x04 nothing that is known", "application/octet-stream"),
        (b"", "inode/x-empty"),
    ] {
        assert_eq!(whole(start), kind, "{:?}", String::from_utf8_lossy(start));
    }
}

#[test]
fn texts_are_told_apart() {
    for (text, kind) in [
        ("Just some words.\n", "text/plain"),
        ("BMW sold more cars", "text/plain"),
        ("MZ is a signature, too", "text/plain"),
        ("Übermut tut selten gut", "text/plain"),
        ("\u{feff}with a mark", "text/plain"),
        ("<?xml version='1.0'?>\n<nitf/>", "text/xml"),
        ("\u{feff}<?xml version='1.0'?><a/>", "text/xml"),
        ("<rss version='2.0'><channel/></rss>", "text/xml"),
        ("<!-- by hand --><p:a xmlns:p='urn:a'/>", "text/xml"),
        (
            "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '' ''>\n<svg xmlns='http://www.w3.org/2000/svg'/>",
            "image/svg+xml",
        ),
        ("<svg:svg xmlns:svg='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ("<!DOCTYPE html>\n<html><body>", "text/html"),
        ("  <HTML><BODY>", "text/html"),
        ("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "application/xhtml+xml"),
        ("<reporter@example.org> wrote:", "text/plain"),
        ("< 3", "text/plain"),
        ("{\"a\": [1, 2]}\n", "application/json"),
        ("[]", "application/json"),
        ("{\"a\": 1}\n{\"a\": 2}\n", "application/x-ndjson"),
        ("{not json}", "text/plain"),
        ("[draft] a headline", "text/plain"),
        ("{\"a\": 1", "text/plain"),
        ("{\"a\": 1} and more", "text/plain"),
        ("#!/bin/sh -e\nexit", "text/x-shellscript"),
        ("#!/usr/bin/env bash\n", "text/x-shellscript"),
        ("#!/usr/bin/python3\n", "text/plain"),
    ] {
        assert_eq!(whole(text.as_bytes()), kind, "{text:?}");
    }
}

#[test]
fn utf_16_is_text_too() {
    let bytes = |text: &str| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    assert_eq!(whole(&bytes("<?xml version='1.0' encoding='UTF-16'?><a/>")), "text/xml");
    assert_eq!(whole(&bytes("Übermut")), "text/plain");
    assert_eq!(whole(b"\xff\xfe\0\xd8\0\xd8"), "application/octet-stream", "half a pair");
}

#[test]
fn what_is_cut_off_is_not_held_against_it() {
    assert_eq!(detect(b"{\"a\": [1, 2", false), "application/json");
    assert_eq!(detect(b"{\"a\": 1}\n{\"a\"", false), "application/x-ndjson");
    assert_eq!(detect("Übermu".as_bytes().split_at(1).0, false), "text/plain");
    assert_eq!(whole(b"\xc3"), "application/octet-stream");
}

#[test]
fn archives_are_told_apart_by_their_entries() {
    const OFFICE: &str = "application/vnd.openxmlformats-officedocument";
    let office = |folder: &str| {
        whole(&archive(&[
            ("[Content_Types].xml", "<Types/>"),
            ("_rels/.rels", "<Relationships/>"),
            ("docProps/app.xml", "<a/>"),
            ("docProps/core.xml", "<a/>"),
            (&format!("{folder}/main.xml"), "<a/>"),
        ]))
    };
    assert_eq!(office("word"), format!("{OFFICE}.wordprocessingml.document"));
    assert_eq!(office("xl"), format!("{OFFICE}.spreadsheetml.sheet"));
    assert_eq!(office("ppt"), format!("{OFFICE}.presentationml.presentation"));
    assert_eq!(office("other"), "application/zip");
    for kind in ["application/epub+zip", "application/vnd.oasis.opendocument.text"] {
        assert_eq!(whole(&archive(&[("mimetype", kind), ("META-INF/container.xml", "<a/>")])), kind);
    }
    assert_eq!(whole(&archive(&[("mimetype", "not a type"), ("a", "b")])), "application/zip");
    assert_eq!(whole(&archive(&[("META-INF/MANIFEST.MF", "")])), "application/java-archive");
    assert_eq!(whole(&archive(&[("word/document.xml", "<a/>")])), "application/zip");
    assert_eq!(whole(b"PK\x03\x04"), "application/zip");
}

proptest! {
    /// Starts with signatures, as those lead farthest.
    #[test]
    fn whatever_the_bytes_there_is_a_type(
        start in proptest::sample::select(vec![
            &b""[..], b"PK\x03\x04", b"\x7fELF", b"MZ", b"<?xml", b"{", b"\0\0\0 ftyp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            b"ID3", b"RIFF", b"\xff\xfe", b"\x1aE\xdf\xa3", b"II*\0", b"MM\0*", b"070707", b"!<arch>\n", b"\xca\xfe\xba\xbe",
        ]),
        rest in proptest::collection::vec(any::<u8>(), 0..400),
        is_whole in any::<bool>(),
    ) {
        let kind = detect(&[start, &rest].concat(), is_whole);
        prop_assert_eq!(kind.split('/').filter(|part| !part.is_empty()).count(), 2, "{}", kind);
    }

    #[test]
    fn words_are_text_however_they_begin(words in "[A-Za-zäöü][A-Za-z0-9 ,.äöü\n]{0,200}") {
        prop_assert_eq!(whole(words.as_bytes()), "text/plain");
    }
}
