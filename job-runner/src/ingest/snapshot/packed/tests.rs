//! Packs as a whole: what was put in comes out, by place and all together, and what is damaged says so.

use std::io::Read as _;

use proptest::prelude::*;

use super::{
    Frame, MAX_UNIT_BYTES, Pack, PackEntry, PackError, PackPlace, Reference, SealedPack, Tail, compress,
    content_length, decompress, read_tail,
};

fn frame(number: usize, lines: &[u8]) -> Frame {
    Frame {
        unit: format!("{number:032x}"),
        key: format!("wire/ü \"{number}\"\n.xml"),
        raw_digest: format!("{number:064x}"),
        revision: "5f2c".into(),
        bytes: compress(lines).expect("a frame"),
    }
}

fn pack(units: &[Vec<u8>]) -> SealedPack {
    let mut pack = Pack::default();
    for (number, lines) in units.iter().enumerate() {
        pack.push(frame(number, lines));
    }
    pack.seal("p/", 1_767_323_045_678).expect("a pack")
}

fn part<'a>(pack: &'a SealedPack, reference: &str) -> &'a [u8] {
    let Reference::Packed(PackPlace { key, offset, length }) = Reference::parse(reference) else {
        panic!("{reference} is no place in a pack")
    };
    assert_eq!(key, pack.key);
    let start = usize::try_from(offset).expect("a place");
    &pack.bytes[start..start + usize::try_from(length).expect("a length")]
}

fn entries(pack: &[u8]) -> Result<Vec<PackEntry>, PackError> {
    match read_tail(pack, pack.len() as u64)? {
        Tail::Entries(entries) => Ok(entries),
        Tail::Needs(bytes) => panic!("{bytes} of {} bytes are asked for", pack.len()),
    }
}

fn three() -> Vec<Vec<u8>> {
    vec![b"{\"a\":1}\n".to_vec(), b"{\"b\":2}\n{\"c\":3}\n".to_vec(), "{\"d\":\"ä\"}\n".into()]
}

#[test]
fn the_key_is_made_of_day_and_content() {
    let one = pack(&three());
    assert!(one.key.starts_with("p/.docmill/packs/2026/01/02/"), "{}", one.key);
    assert!(one.key.ends_with(".json.zst"), "{}", one.key);
    assert_eq!(one.key, pack(&three()).key, "the same units, the same pack");
    let mut other = three();
    other[2] = b"{\"d\":\"o\"}\n".to_vec();
    assert_ne!(one.key, pack(&other).key, "no pack is written over by another");
}

#[test]
fn a_frame_with_a_bit_turned_is_refused() {
    let whole = compress(&[b"{\"a\":\"".as_slice(), &[b'x'; 400], b"\"}\n"].concat()).expect("a frame");
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        assert!(decompress(&damaged).is_err(), "byte {at} of {}", whole.len());
    }
    assert!(decompress(&whole).is_ok());
}

#[test]
fn a_frame_that_promises_too_much_is_not_unpacked() {
    let large = compress(&vec![b' '; MAX_UNIT_BYTES + 1]).expect("a frame");
    assert!(matches!(content_length(&large), Err(PackError::TooLarge)));
    assert!(matches!(decompress(&large), Err(PackError::TooLarge)));
    assert_eq!(
        decompress(&compress(&vec![b' '; MAX_UNIT_BYTES]).expect("a frame")).expect("lines").len(),
        MAX_UNIT_BYTES
    );
}

#[test]
fn a_pack_that_was_cut_off_anywhere_says_so() {
    let whole = pack(&three()).bytes;
    for length in 0..whole.len() {
        let error = entries(&whole[..length]).expect_err("a cut pack");
        assert!(matches!(error, PackError::NoIndex), "{length}: {error}");
    }
}

#[test]
fn a_pack_that_lost_some_of_its_frames_says_so() {
    let whole = pack(&three()).bytes;
    let error = entries(&whole[10..]).expect_err("a cut pack");
    assert!(error.to_string().contains("does not cover"), "{error}");
}

#[test]
fn an_index_that_is_longer_than_what_was_read_is_asked_for() {
    let whole = pack(&three()).bytes;
    let Tail::Needs(needed) = read_tail(&whole[whole.len() - 20..], whole.len() as u64).expect("a tail")
    else {
        panic!("20 bytes are no index");
    };
    let from = whole.len() - usize::try_from(needed).expect("a length");
    let found = read_tail(&whole[from..], whole.len() as u64).expect("a tail");
    assert_eq!(found, Tail::Entries(entries(&whole).expect("an index")));
}

#[test]
fn what_is_no_pack_has_no_index() {
    for bytes in [b"".as_slice(), b"dmpk", b"\0\0\0\0dmpk", b"\xff\xff\xff\xffdmpk", b"{\"a\": 1}\n"] {
        assert!(matches!(entries(bytes), Err(PackError::NoIndex)), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn what_was_packed_comes_out_by_place_and_as_a_whole(
        units in prop::collection::vec(prop::collection::vec("[ -~äöü]{0,300}", 1..5), 1..40),
    ) {
        let lines = |unit: &Vec<String>| unit.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
        let units: Vec<Vec<u8>> = units.iter().map(lines).collect();
        let pack = pack(&units);
        let index = entries(&pack.bytes).expect("an index");
        prop_assert_eq!((index.len(), pack.references.len()), (units.len(), units.len()));
        for (number, ((reference, entry), lines)) in pack.references.iter().zip(&index).zip(&units).enumerate() {
            let frame = part(&pack, reference);
            prop_assert_eq!(content_length(frame).expect("a length"), lines.len());
            prop_assert_eq!(&decompress(frame).expect("lines"), lines);
            let place = PackPlace { key: &pack.key, offset: entry.offset, length: entry.length };
            prop_assert_eq!(&place.to_string(), reference);
            prop_assert_eq!(&entry.unit, &format!("{number:032x}"));
        }
        let mut whole = Vec::new();
        zstd::Decoder::new(&pack.bytes[..]).expect("a decoder").read_to_end(&mut whole).expect("all lines");
        prop_assert_eq!(whole, units.concat());
    }
}
