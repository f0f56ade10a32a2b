//! Whatever an object is and whatever is allowed: it is judged, in whatever portions it comes, and what is well-formed is
//! not mended.

use docmill_crds::conversion::{Entities, Repair};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::property::{escape, line};
use super::super::{Documents, Reading, Verdict};
use super::{Converter, counts, read, with_record};
use crate::text::declaration::SNIFFED;

/// Any combination of what a model may allow.
fn settings() -> impl Strategy<Value = Value> {
    let repairs = prop::sample::subsequence(Repair::ALL.to_vec(), 0..=Repair::ALL.len());
    let entities = prop::sample::select(vec![Entities::Refuse, Entities::Named, Entities::Declared]);
    (repairs, entities, any::<bool>()).prop_map(|(repairs, entities, concatenated)| {
        json!({"repairs": repairs, "entities": entities, "concatenated": concatenated})
    })
}

/// Pieces of objects, broken in each of the ways that can be mended.
const PIECES: &[&[u8]] = &[
    b"<i>",
    b"</i>",
    b"<i a='1' a='2'>",
    b"<i a='&' b='&nbsp;&#1;'>",
    b"<x:i x:a='1'/>",
    b"<?xml version='1.0'?>",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"<!DOCTYPE l [<!ENTITY e 'x&f;'><!ENTITY f '&#65;'>]>",
    b"<!DOCTYPE l [<!ENTITY e SYSTEM 'x' NDATA n>]>",
    b"&e;",
    b"&mdash;",
    b"&amp;",
    b"&",
    b"& b;",
    b"&#0;",
    b"\0",
    b"\x0b",
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbf",
    b"\xe9",
    b"\xc3",
    "é".as_bytes(),
    b" \n",
    b"text",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<l>",
    b"</l>",
    b"<",
    b">",
    b"'",
];

fn broken() -> impl Strategy<Value = Vec<u8>> {
    let rest = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..20);
    rest.prop_map(|pieces| [b"<l><i>".as_slice(), &pieces.concat()].concat())
}

/// The verdicts, with so many bytes read at once.
fn in_chunks(converter: &Converter, reading: Reading, bytes: &[u8], chunk: usize) -> Vec<Verdict> {
    Documents::in_chunks(converter, reading, bytes, chunk).map(|verdict| of_bytes(verdict.unwrap())).collect()
}

/// How many of the bytes after a wrong one are shown depends on how many are there.
fn of_bytes(verdict: Verdict) -> Verdict {
    verdict.map_err(|mut refusal| {
        refusal.faults[0].found = None;
        refusal
    })
}

proptest! {
    #[test]
    fn what_is_broken_is_judged_the_same_in_all_portions(
        settings in settings(),
        bytes in broken(),
        reading in 0..3_usize,
        chunk in 1usize..40,
    ) {
        let converter = with_record("//i", settings);
        let reading = [Reading::AsDeclared, Reading::InFallback, Reading::InNamed][reading];
        // What tells the encoding is always read at once.
        let bytes = [format!("<!--{}-->", " ".repeat(2 * SNIFFED)).as_bytes(), &bytes].concat();
        let whole = in_chunks(&converter, reading, &bytes, 1 << 16);
        prop_assert!(!whole.is_empty());
        prop_assert_eq!(in_chunks(&converter, reading, &bytes, chunk), whole);
    }

    #[test]
    fn what_is_well_formed_is_not_mended(settings in settings(), text in line(), value in line()) {
        let xml = format!("<?xml version='1.0'?>\n<l><i a=\"{}\">{}</i></l>\n", escape(&value), escape(&text));
        let lenient = read(&with_record("//i", settings), xml.as_bytes());
        let strict = read(&with_record("//i", json!({})), xml.as_bytes());
        prop_assert_eq!(&lenient, &strict);
        prop_assert_eq!(lenient.1, json!({}));
    }

    /// Ampersands that begin nothing, anywhere in a text, are what escaped ones would be.
    #[test]
    fn bare_ampersands_are_those_that_escaped_ones_would_be(words in prop::collection::vec("[a-z ]{0,5}", 1..6)) {
        let text = words.join("& ");
        let converter = with_record("//i", json!({"repairs": ["BareAmpersand"]}));
        let of = |text: &str| {
            let (verdicts, _) = read(&converter, format!("<l><i a='{text}'>{text}</i></l>").as_bytes());
            verdicts[0].as_ref().unwrap().json().to_owned()
        };
        prop_assert_eq!(of(&text), of(&text.replace('&', "&amp;")));
    }

    /// Leaving out control characters gives what the text would give without them.
    #[test]
    fn control_characters_leave_the_rest_as_it_is(pieces in prop::collection::vec("[a-z<>&;\"]{0,4}", 1..8)) {
        let text = pieces.iter().map(|piece| escape(piece)).collect::<Vec<_>>();
        let converter = with_record("//i", json!({"repairs": ["ControlCharacters"]}));
        let of = |text: String| {
            let (verdicts, _) = read(&converter, format!("<l><i a=\"{text}\">{text}</i></l>").as_bytes());
            let document = verdicts[0].as_ref().unwrap();
            let left_out = counts(document.repairs())["ControlCharacters"].as_u64();
            (document.json().to_owned(), left_out.unwrap_or_default())
        };
        let (clean, none) = of(text.concat());
        let (mended, left_out) = of(text.join("\u{1}"));
        prop_assert_eq!((mended, none), (clean, 0));
        prop_assert_eq!(left_out, 2 * (text.len() as u64 - 1));
    }
}
