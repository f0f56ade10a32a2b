//! The table of `docs/reference/model-language.md` that says what each repair makes of certain bytes.

use std::fs;
use std::path::Path;

use docmill_crds::conversion::Repair;
use serde_json::json;

use super::super::verdicts;
use super::{lenient, mending, read};

/// The first line of the table.
const HEADER: &str = "| repair | bytes of an object | text of `/r` | counted |";

/// Rows for each repair, at least.
const ROWS: usize = 4;

/// The bytes that the page writes as `\n`, `\x00` and the like, and as characters of UTF-8.
fn bytes(written: &str) -> Vec<u8> {
    let mut parts = written.split('\\');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = match part.split_at(1) {
            ("n", rest) => (b'\n', rest),
            ("t", rest) => (b'\t', rest),
            ("x", rest) => (u8::from_str_radix(&rest[..2], 16).unwrap(), &rest[2..]),
            (other, _) => panic!("\\{other} is no escape"),
        };
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

#[test]
fn every_row_of_the_table_says_what_becomes_of_its_bytes() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/model-language.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.lines().skip_while(|line| *line != HEADER).skip(2);
    let mut repairs = Vec::new();
    for row in table.take_while(|line| line.starts_with('|')) {
        let cells: Vec<_> = row.split('`').collect();
        let &[_, name, _, written, kind, expected, times] = cells.as_slice() else { panic!("{row}") };
        let repair: Repair = serde_json::from_value(json!(name)).unwrap();
        let object = bytes(written);
        let (found, mended) = read(&mending(repair), &object);
        match &found[..] {
            [Ok(document)] if !kind.contains("refused") => {
                let times: u64 = times.trim_matches([' ', '|']).parse().unwrap();
                assert_eq!(super::super::json(document)["x"], expected, "{row}");
                assert_eq!(mended, json!({ name: times }), "{row}");
                let strict = verdicts(&lenient(json!({})), &object);
                assert!(strict.iter().any(Result::is_err), "nothing has to be mended: {row}");
            }
            [Err(refusal)] if kind.contains("refused") => {
                assert_eq!(refusal.reason.as_str(), expected, "{row}");
            }
            _ => panic!("{row}: {found:?}"),
        }
        repairs.push(repair);
    }
    for repair in Repair::ALL {
        let rows = repairs.iter().filter(|of_row| **of_row == repair).count();
        assert!(rows >= ROWS, "{rows} rows for {repair:?}");
    }
}
