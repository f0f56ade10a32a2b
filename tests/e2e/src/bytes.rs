//! Objects of every kind, small and whole, as they would land in a bucket. Pure.

use std::io::Write as _;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::corpus::{Corpus, Outcome};

/// A PNG image of one pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A PDF document of one empty page.
const PDF: &[u8] = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n\
2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n\
trailer\n<</Root 1 0 R>>\n%%EOF\n";

/// An object, and what its type is.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its key.
    pub key: &'static str,
    /// All of it.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub media_type: &'static str,
}

/// Objects of every kind, below `wire/`, with keys of every kind.
pub fn samples() -> Result<Vec<Sample>> {
    let sample =
        |key: &'static str, media_type: &'static str, bytes: Vec<u8>| Sample { key, bytes, media_type };
    Ok(vec![
        sample("wire/pixel.png", "image/png", STANDARD.decode(PNG)?),
        sample("wire/Zürich/Straße 1+2 %20.pdf", "application/pdf", PDF.to_vec()),
        sample(
            "wire/report.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            archive(&["[Content_Types].xml", "_rels/.rels", "word/document.xml"]),
        ),
        sample("wire/some.zip", "application/zip", archive(&["a.txt", "b.txt"])),
        sample("wire/📰.mp3", "audio/mpeg", mp3()),
        sample("wire/empty", "inode/x-empty", Vec::new()),
        sample("wire/words.txt", "text/plain", "Übermut tut selten gut.\n".into()),
        sample("wire/article.xml", "text/xml", b"<?xml version='1.0'?><nitf/>".to_vec()),
        sample("wire/broken.xml.gz", "application/gzip", gzip(b"<nitf><")?),
        sample("wire/lines.ndjson", "application/x-ndjson", b"{\"a\":1}\n{\"a\":2}\n".to_vec()),
        sample("wire/noise", "application/octet-stream", noise(1, 100_000)),
    ])
}

/// These objects, each to be in the index by its key.
pub fn corpus(samples: &[Sample]) -> Corpus {
    let key = |sample: &Sample| sample.key.to_owned();
    Corpus {
        objects: samples.iter().map(|sample| (key(sample), sample.bytes.clone())).collect(),
        outcomes: samples.iter().map(|sample| (key(sample), Outcome::Indexed(key(sample)))).collect(),
    }
}

/// Bytes that nothing is known of: always the same for a seed, and never a signature at their start.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    bytes.extend_from_slice(b"\x01\x02\x03\x04");
    while bytes.len() < length {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A ZIP archive (without the list at its end) of entries that hold a few words each.
fn archive(names: &[&str]) -> Vec<u8> {
    const CONTENT: &[u8] = b"<?xml version='1.0'?><words/>";
    let mut bytes = Vec::new();
    for name in names {
        let size = u32::try_from(CONTENT.len()).unwrap_or_default().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap_or_default().to_le_bytes();
        bytes.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        bytes.extend_from_slice(&[size, size].concat());
        bytes.extend_from_slice(&[length, [0, 0]].concat());
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(CONTENT);
    }
    bytes
}

/// An ID3 header and a frame of silence.
fn mp3() -> Vec<u8> {
    let mut bytes = b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x64".to_vec();
    bytes.resize(430, 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
