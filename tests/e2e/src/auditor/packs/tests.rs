//! The auditor has to notice what is wrong with a pack, or its silence would mean nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Packs, place};

const KEY: &str = "s/.docmill/packs/2026/01/02/00.json.zst";

/// Frames and index of a pack, made by hand.
struct Made {
    frames: Vec<Vec<u8>>,
    entries: Vec<Value>,
}

impl Made {
    fn of(units: &[(&str, &str)]) -> Self {
        let mut compressor = zstd::bulk::Compressor::new(3).expect("a compressor");
        compressor.include_checksum(true).expect("a checksum");
        let frame = |(_, lines): &(&str, &str)| compressor.compress(lines.as_bytes()).expect("a frame");
        let frames: Vec<_> = units.iter().map(frame).collect();
        let mut offset = 0;
        let entries = units.iter().zip(&frames).map(|((unit, _), frame)| {
            let entry = json!({"unit": unit, "revision": "r1", "offset": offset, "length": frame.len()});
            offset += frame.len();
            entry
        });
        let entries = entries.collect();
        Self { frames, entries }
    }

    fn bytes(&self) -> Vec<u8> {
        let lines = self.entries.iter().map(|entry| format!("{entry}\n")).collect::<Vec<_>>().concat();
        let length = u32::try_from(lines.len() + 8).expect("a length").to_le_bytes();
        let head = [0x184D_2A5D_u32.to_le_bytes(), length].concat();
        [self.frames.concat(), head, lines.into_bytes(), vec![0; 8]].concat()
    }

    fn reference(&self, unit: usize) -> String {
        let entry = &self.entries[unit];
        format!("{KEY}#{}+{}", entry["offset"], entry["length"])
    }
}

fn two() -> Made {
    Made::of(&[
        ("u1", "{\"id\": 1, \"_docmill\": {}}\n"),
        ("u2", "{\"id\": 2, \"_docmill\": {}}\n{\"id\": 3, \"_docmill\": {}}\n"),
    ])
}

fn packs(bytes: Vec<u8>) -> Packs {
    Packs::read("s/", &BTreeMap::from([(KEY.to_owned(), bytes), ("s/x".to_owned(), Vec::new())]))
}

#[test]
fn a_sound_pack_gives_the_documents_of_each_unit_with_their_reference() {
    let made = two();
    let packs = packs(made.bytes());
    assert!(packs.contains(KEY) && !packs.contains("s/x"));
    let reference = made.reference(1);
    let documents = packs.documents(&reference, "u2", Some("r1")).expect("documents");
    let expected = [2, 3].map(|id| json!({"id": id, "_docmill": {"snapshot": reference}}));
    assert_eq!(documents, expected);
    assert_eq!(packs.faults(|unit| unit == "u1"), [""; 0]);
    assert!(packs.faults(|_| false)[0].contains("nobody names"));
}

#[test]
fn a_reference_to_anything_else_than_the_unit_is_noticed() {
    let made = two();
    let packs = packs(made.bytes());
    let ask =
        |reference: &str, unit, revision| packs.documents(reference, unit, revision).expect_err("a fault");
    assert!(ask(&made.reference(0), "u2", None).contains("u1"));
    assert!(ask(&made.reference(0), "u1", Some("r2")).contains("r1"));
    assert!(ask(&format!("{KEY}#1+2"), "u1", None).contains("nothing begins"));
    assert!(ask("s/other.json.zst#0+1", "u1", None).contains("no pack"));
    assert!(ask(KEY, "u1", None).contains("no place"));
    assert_eq!(place("a#1+2"), None);
}

#[test]
fn every_kind_of_damage_is_noticed() {
    let named = Made::of(&[("u1", "{\"_docmill\": {\"snapshot\": \"s\"}}\n")]);
    let fault = packs(named.bytes()).documents(&named.reference(0), "u1", None).expect_err("a fault");
    assert!(fault.contains("nobody could know"), "{fault}");
    let mut cut = two().bytes();
    cut.truncate(cut.len() - 1);
    let mut missing = two();
    missing.entries.pop();
    let mut moved = two();
    moved.entries[1]["offset"] = 1.into();
    let mut turned = two().bytes();
    turned[12] ^= 0xff;
    for (bytes, word) in [
        (cut, "should have"),
        (missing.bytes(), "2 are there"),
        (moved.bytes(), "the index says"),
        (turned, "cannot be read"),
        (two().frames.concat(), "no index"),
    ] {
        let faults = packs(bytes).faults(|_| true);
        assert!(faults.len() == 1 && faults[0].contains(word), "{word}: {faults:?}");
    }
}
