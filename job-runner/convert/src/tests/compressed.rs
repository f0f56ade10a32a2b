use std::io::{Cursor, Read, Write};

use docmill_crds::reason::Reason;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::{converter, one, refusal, verdicts};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

#[test]
fn a_compressed_object_is_read_like_any_other() {
    let model = json!({"record": "//d", "fields": [{"name": "n", "path": ["@n"]}]});
    let converter = converter(model);
    let plain = format!("<r>{}</r>", (0..5000).map(|n| format!("<d n='{n}'/>")).collect::<Vec<_>>().concat());
    let expected = verdicts(&converter, plain.as_bytes());
    let (first, second) = plain.as_bytes().split_at(20_000);
    for packed in [
        gzip(plain.as_bytes()),
        zstd(plain.as_bytes()),
        [gzip(first), gzip(second)].concat(),
        [zstd(first), zstd(second)].concat(),
        // As tapes and block devices give it back.
        [gzip(plain.as_bytes()), vec![0; 100_000]].concat(),
        [gzip(first), vec![0; 511], gzip(second), vec![0; 10_000]].concat(),
    ] {
        assert_eq!(verdicts(&converter, &packed), expected);
    }
}

/// Parallel compressors put one before each frame, the first one included.
#[test]
fn a_frame_to_be_skipped_may_come_first() {
    let skipped = |id: u8| [&[id, 0x2a, 0x4d, 0x18, 4, 0, 0, 0][..], b"size"].concat();
    for id in 0x50..=0x5f {
        let packed = [skipped(id), zstd(b"<r>One"), skipped(id), zstd(b" and two</r>")].concat();
        let verdicts = verdicts(&one("string", &["."]), &packed);
        assert_eq!(super::json(verdicts[0].as_ref().unwrap())["x"], "One and two");
    }
    assert_eq!(refusal(&one("string", &["."]), &skipped(0x50)).reason, Reason::EmptyObject);
}

#[test]
fn damaged_data_is_refused_and_documents_before_it_stand() {
    let converter = converter(json!({"record": "//d", "fields": [{"name": "n", "path": ["."]}]}));
    let noise = |n: u32| {
        format!("<d>{:x}</d>", u128::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834))
    };
    let plain = format!("<r>{}</r>", (0..20_000).map(noise).collect::<Vec<_>>().concat());
    for packed in [gzip(plain.as_bytes()), zstd(plain.as_bytes())] {
        let verdicts = verdicts(&converter, &packed[..packed.len() / 2]);
        let (last, before) = verdicts.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err().reason, Reason::CorruptCompression);
        assert!(before.len() > 1000 && before.iter().all(Result::is_ok), "{}", before.len());
    }
    assert_eq!(refusal(&converter, &gzip(b"")).reason, Reason::EmptyObject);
    let followed = refusal(&converter, &[gzip(b"<r/>"), b"\0\0more".to_vec()].concat());
    assert_eq!(followed.reason, Reason::CorruptCompression);
    assert!(followed.message().contains("bytes after its end that are neither gzip nor zeros"), "{followed}");
}

#[test]
fn a_bomb_is_refused_long_before_it_has_gone_off() {
    let spaces = std::io::repeat(b' ').take(1 << 30);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    std::io::copy(&mut Cursor::new("<r>").chain(spaces), &mut encoder).unwrap();
    let refusal = refusal(&one("string", &["."]), &encoder.finish().unwrap());
    assert_eq!(refusal.reason, Reason::LimitExceeded);
    assert!(refusal.message().contains("200 times as many bytes"), "{refusal}");
}

#[test]
fn an_object_that_cannot_be_read_is_not_refused() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the network is down"))
        }
    }
    let converter = one("string", &["."]);
    for start in [b"<r>".to_vec(), gzip(b"<r/>")[..12].to_vec(), zstd(b"<r/>")[..6].to_vec(), Vec::new()] {
        let mut documents = converter.documents(Cursor::new(start).chain(Broken));
        let error = documents.next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "the network is down");
        assert!(documents.next().is_none());
    }
}
