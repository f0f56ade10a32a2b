//! A fingerprint for finding near duplicates (Charikar's simhash, as Manku and others use it for web pages).
//!
//! Each pair of neighbouring words votes once on each of 64 bits with its hash, however often it occurs: a
//! text with one word changed differs in two of its pairs. Pairs rather than single words, since texts of one
//! topic share most of their words; no longer runs, since one changed word would change more of them.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::beginning::beginning;
use super::words::{folded, words};

/// The part of a text that is examined; two texts that differ only beyond it are the same.
const LOOKED_AT: usize = 256 * 1024;
/// Bits of a fingerprint.
const BITS: u32 = 64;
/// Bits of a band, and how many bands there are.
const BAND_BITS: u32 = 16;
const BANDS: u32 = BITS / BAND_BITS;

/// `simhash` and `bands`, if the text has words.
pub(crate) fn results(text: &str) -> Map<String, Value> {
    let Some(fingerprint) = fingerprint(text) else { return Map::new() };
    Map::from_iter([
        ("simhash".to_owned(), json!(format!("{fingerprint:016x}"))),
        ("bands".to_owned(), bands(fingerprint).collect()),
    ])
}

/// The bands from the highest bits down, each with its number. Fingerprints that differ in three bits or
/// fewer share one.
fn bands(fingerprint: u64) -> impl Iterator<Item = Value> {
    (0..BANDS).map(move |band| {
        let shift = BITS - (band + 1) * BAND_BITS;
        json!(format!("{band}-{:04x}", fingerprint >> shift & 0xffff))
    })
}

fn fingerprint(text: &str) -> Option<u64> {
    let mut votes = [0_i64; BITS as usize];
    for hash in pairs(beginning(text, LOOKED_AT))? {
        for (bit, votes) in votes.iter_mut().enumerate() {
            *votes += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    let set = votes.iter().enumerate().filter(|(_, votes)| **votes > 0);
    Some(set.fold(0, |fingerprint, (bit, _)| fingerprint | 1 << bit))
}

/// The hashes of the pairs of words, each once; of the only word, if there is one. The order of a set is
/// random, and does not matter for a sum.
fn pairs(text: &str) -> Option<HashSet<u64>> {
    let mut words = words(text).map(folded);
    let mut before = words.next()?;
    let mut hashes = HashSet::new();
    for word in words {
        hashes.insert(xxh3_64(format!("{before} {word}").as_bytes()));
        before = word;
    }
    if hashes.is_empty() {
        hashes.insert(xxh3_64(before.as_bytes()));
    }
    Some(hashes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{fingerprint, results};

    /// An article of so many words, another one for each seed. Numbers that no generator of words could mistake.
    fn article(seed: u64, words: usize) -> Vec<String> {
        let mut random = fastrand::Rng::with_seed(seed);
        // Few words are frequent and most are rare, as in language.
        (0..words).map(|_| format!("word{}", random.u32(0..4000) * random.u32(0..4000) / 4000)).collect()
    }

    fn distance(a: &[String], b: &[String]) -> u32 {
        (fingerprint(&a.join(" ")).unwrap() ^ fingerprint(&b.join(" ")).unwrap()).count_ones()
    }

    #[test]
    fn a_fingerprint_never_changes() {
        let text = "The parliament voted on Tuesday to raise the tax on fuel.";
        assert_eq!(
            json!(results(text)),
            json!({"simhash": "48d41a1d520f0013", "bands": ["0-48d4", "1-1a1d", "2-520f", "3-0013"]})
        );
    }

    #[test]
    fn case_spaces_and_punctuation_do_not_matter() {
        assert_eq!(fingerprint("The vote – didn’t pass"), fingerprint("the VOTE, didn't\n pass!"));
        assert_ne!(fingerprint("the vote"), fingerprint("vote the"));
    }

    #[test]
    fn a_text_without_words_has_none() {
        assert!(results("").is_empty() && results(" … – 👍").is_empty());
        assert!(!results("word").is_empty());
    }

    #[test]
    fn near_duplicates_are_near_and_share_a_band_and_others_are_far() {
        let (mut sharing, mut furthest) = (0, 0);
        for seed in 0..100 {
            let text = article(seed, 400);
            let mut edited = text.clone();
            edited[200] = "corrected".into();
            furthest = furthest.max(distance(&text, &edited));
            let bands = |words: &[String]| results(&words.join(" "))["bands"].as_array().unwrap().clone();
            let (a, b): (Vec<Value>, Vec<Value>) = (bands(&text), bands(&edited));
            sharing += usize::from(a.iter().zip(&b).any(|(a, b)| a == b));
            assert!(distance(&text, &article(seed + 1000, 400)) > 12);
        }
        assert!(furthest <= 10 && sharing >= 95, "{furthest} bits, {sharing} of 100");
    }

    proptest! {
        #[test]
        fn bands_are_the_fingerprint_in_parts(text in ".{1,200}") {
            if let Some(bands) = results(&text).get("bands").and_then(Value::as_array) {
                let joined: String = bands.iter().map(|band| &band.as_str().unwrap()[2..]).collect();
                prop_assert_eq!(json!(joined), results(&text)["simhash"].clone());
                prop_assert_eq!(bands.len(), 4);
            }
        }
    }
}
