//! Copies of records under other keys. Whatever a record consists of, the number of its article is in its key, and its id is
//! that key, a digest, or something random: a copy has another number and another digest of the same length. Pure.

use std::fmt::Write as _;

use serde_json::json;

use crate::corpus::Choices;
use crate::stores::Stored;

/// Digits of the number of an article, in keys and ids.
const DIGITS: usize = 8;
/// Copies have numbers from here on, which no article has.
const FIRST: u32 = 20_000_000;

/// The line of a bulk request that writes a copy: the `copy`-th of a ledger of `units` units.
pub fn lines(record: &Stored, copy: u32, units: u32, seed: u64) -> String {
    let source = renumbered(&record.source.to_string(), copy, units);
    let id = match renumbered(&record.id, copy, units) {
        id if id == record.id => scrambled(&record.id, seed),
        id => id,
    };
    let action = json!({"index": {"_id": id}});
    format!("{action}\n{source}\n")
}

/// The text with the numbers of articles moved behind all that the copies before have.
fn renumbered(text: &str, copy: u32, units: u32) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, behind) = rest.split_at(start);
        let end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let (digits, behind) = behind.split_at(end);
        made.push_str(before);
        match digits.parse::<u32>() {
            // A number of articles is padded to its length; no other number of a record is smaller and as long.
            Ok(number) if digits.len() == DIGITS && number < units => {
                // Writing to a String cannot fail.
                let _ = write!(made, "{:08}", FIRST + copy * units + number);
            }
            _ => made.push_str(digits),
        }
        rest = behind;
    }
    made.push_str(rest);
    made
}

/// Another id of the same form: what stands before the last hyphen stays, if it is a word.
fn scrambled(id: &str, seed: u64) -> String {
    let (start, digest) = match id.rsplit_once('-') {
        Some((word, digest)) if word.chars().all(|c| c.is_ascii_lowercase()) => (format!("{word}-"), digest),
        _ => (String::new(), id),
    };
    let is_hex = digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let alphabet = if is_hex { HEX } else { BASE64_URL };
    let letters: Vec<char> = alphabet.chars().collect();
    let mut choices = Choices::new(seed);
    let scrambled: String = digest.chars().map(|_| choices.of(&letters)).collect();
    start + &scrambled
}

const HEX: &str = "0123456789abcdef";
const BASE64_URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Stored, lines, renumbered, scrambled};

    #[test]
    fn only_the_numbers_of_articles_are_moved() {
        let text = r#"{"key":"wire/2026/01/00000123.xml","time":"20260101T000000","n":123}"#;
        let moved = r#"{"key":"wire/2026/01/20002123.xml","time":"20260101T000000","n":123}"#;
        assert_eq!(renumbered(text, 2, 1_000), moved);
    }

    #[test]
    fn ids_keep_their_form_and_differ() {
        let id = "key-0123456789abcdef0123456789abcdef01234567";
        let other = scrambled(id, 1);
        assert!(other.starts_with("key-") && other.len() == id.len() && other != id, "{other}");
        assert!(other.bytes().skip(4).all(|byte| byte.is_ascii_hexdigit()), "{other}");
        assert_ne!(other, scrambled(id, 2));
        assert_eq!(scrambled("Zk3_xY-q", 1).len(), 8);
    }

    #[test]
    fn a_copy_is_two_lines() {
        let record = Stored { id: "0a".into(), source: json!({"key": "00000001.xml"}) };
        let copy = lines(&record, 0, 10, 7);
        let (action, source) = copy.split_once('\n').expect("two lines");
        assert!(
            action.starts_with(r#"{"index":{"_id":""#) && source == "{\"key\":\"20000001.xml\"}\n",
            "{copy}"
        );
    }
}
