//! Attacks by compression.

use std::io::{self, Read, Write};

use docmill_crds::reason::Reason::{CorruptCompression, LimitExceeded, MalformedXml};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::stream::Attack;
use super::xml::with_text;

/// A bomb comes to this.
const EXPANDED: u64 = 1 << 28;

fn gzip(mut bytes: impl Read) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    io::copy(&mut bytes, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

fn zstd(mut bytes: impl Read) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    io::copy(&mut bytes, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

/// An article whose text never seems to end.
fn bomb() -> impl Read {
    io::Cursor::new("<nitf>").chain(io::repeat(b' ').take(EXPANDED))
}

/// A header of gzip with these flags, and what follows it.
fn header(flags: u8, rest: &[u8]) -> Vec<u8> {
    [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255], rest].concat()
}

fn changed(mut bytes: Vec<u8>, from_end: usize) -> Vec<u8> {
    let at = bytes.len() - from_end;
    bytes[at] ^= 0x55;
    bytes
}

pub fn attacks() -> Vec<Attack> {
    // Text of little pattern, so that what is cut off is missed.
    let noise = (0..20_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string());
    let noise = noise.collect::<Vec<_>>().join(" ");
    let text = with_text("", &noise);
    let (gz, zst) = (gzip(text.as_bytes()), zstd(text.as_bytes()));
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let mut attacks: Vec<_> = [
        ("gzip cut off", half(&gz)),
        ("gzip without its sum", gz[..gz.len() - 8].to_vec()),
        ("gzip of another sum", changed(gz.clone(), 6)),
        ("gzip of another length", changed(gz.clone(), 2)),
        ("gzip changed within", changed(gz.clone(), gz.len() / 2)),
        ("gzip, and then something", [gz.clone(), b"<nitf/>".to_vec()].concat()),
        ("gzip of reserved flags", [header(0xe0, b"<nitf/>"), vec![0; 100]].concat()),
        ("gzip header alone", header(0, b"")),
        ("gzip of a name without end", header(8, &b"n".repeat(200_000))),
        ("gzip of a comment without end", header(16, &b"n".repeat(200_000))),
        ("gzip of extra without end", header(4, &[0xff, 0xff, 1, 2, 3])),
        ("gzip of nothing that is deflate", header(0, &[0xff; 100])),
        ("zstd cut off", half(&zst)),
        ("zstd of another sum", changed(zst.clone(), 2)),
        ("zstd changed within", changed(zst.clone(), zst.len() / 2)),
        ("zstd, and then something", [zst, b"<nitf/>".to_vec()].concat()),
        ("zstd header alone", vec![0x28, 0xb5, 0x2f, 0xfd]),
        // A window of 3.75 TiB, and one block of one byte: RFC 8878, section 3.1.1.1.2.
        ("zstd of a huge window", vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0xff, 0x09, 0, 0, b'<']),
        // A single segment of 2⁶⁰ bytes, all of which is the window: section 3.1.1.1.1.
        (
            "zstd of a huge segment",
            vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 9, 0, 0, b'<'],
        ),
        ("zstd of a reserved block", vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 0x0f, 0, 0, b'<']),
    ]
    .map(|(name, bytes)| Attack::new(name, CorruptCompression, "whole").part(bytes, 1).reads(1 << 20))
    .into();
    let ratio = "200 times as many bytes";
    attacks.extend([
        Attack::new("gzip bomb", LimitExceeded, ratio).part(gzip(bomb()), 1).reads(1 << 20),
        Attack::new("zstd bomb", LimitExceeded, ratio).part(zstd(bomb()), 1).reads(1 << 20),
        Attack::new("gzip in gzip", MalformedXml, "an XML document")
            .part(gzip(gzip(text.as_bytes()).as_slice()), 1)
            .reads(1 << 20),
        Attack::new("a bomb in a bomb", MalformedXml, "an XML document")
            .part(gzip(gzip(bomb()).as_slice()), 1)
            .reads(2 << 20),
        Attack::new("zstd in zstd", MalformedXml, "an XML document")
            .part(zstd(zstd(text.as_bytes()).as_slice()), 1)
            .reads(1 << 20),
        Attack::new("endless gzips", LimitExceeded, "at most 16777216 bytes")
            .part(gzip(&b"<nitf>"[..]), 1)
            .part(gzip(&b"some text that never ends "[..]), u64::MAX)
            .reads(80 << 20),
        Attack::new("zip", MalformedXml, "").part(b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xe9\xff", 1),
        Attack::new("bzip2", MalformedXml, "").part(b"BZh91AY&SY\xe9\xff", 1),
        Attack::new("xz", MalformedXml, "xz data").part(b"\xfd7zXZ\x00", 1),
    ]);
    attacks
}

/// Endless, and nothing comes of it.
pub fn emptiness() -> Vec<Attack> {
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 0x00, 0x04, 0, 0][..], &[0; 1024]].concat();
    let mut stored = GzEncoder::new(Vec::new(), Compression::none());
    stored.write_all(b"").unwrap();
    let of = |name: &str, piece: Vec<u8>| {
        Attack::new(name, LimitExceeded, "an object of at most 1048576 bytes")
            .part(piece, u64::MAX)
            .reads(2 << 20)
    };
    let mut skipping = of("endless skipped frames", skipped.clone());
    skipping.parts.insert(0, (zstd(&b"<nitf>"[..]), 1));
    let skipping_at_once = of("endless skipped frames from the start", skipped);
    vec![
        of("endless empty gzips", stored.finish().unwrap()),
        of("endless empty zstd frames", zstd(&b""[..])),
        skipping,
        skipping_at_once,
        of("endless empty blocks", vec![0, 0, 0, 0xff, 0xff]).preceded(&header(0, b"")),
    ]
}

impl Attack {
    fn preceded(mut self, bytes: &[u8]) -> Self {
        self.parts.insert(0, (bytes.to_vec(), 1));
        self
    }
}
