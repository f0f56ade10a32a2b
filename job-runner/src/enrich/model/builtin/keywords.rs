//! The most significant words and phrases of a text: YAKE, "Yet Another Keyword Extractor" (Campos and
//! others, "YAKE! Keyword extraction from single documents using multiple local features", Information
//! Sciences 509, 2020).
//!
//! It needs no model and no other documents, only stop words. A word is more significant if it comes early,
//! often, in many sentences, with a capital letter, and always among the same neighbours; a phrase if its
//! words are. Implemented here because the existing crates add numbers in a random order and run regular
//! expressions that can fail on a text.

mod candidates;
mod sentences;
mod terms;

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::beginning::beginning;
use super::language;
use sentences::sentences;

/// The part of a text that is examined. News has its subject at the beginning.
const LOOKED_AT: usize = 64 * 1024;
/// How many are returned.
const KEYWORDS: usize = 10;
/// Languages written without spaces between words: Unicode's rules split them into characters, or not at all.
const WITHOUT_SPACES: [&str; 5] = ["ja", "km", "my", "th", "zh"];

/// `keywords`, possibly none.
pub(crate) fn results(text: &str) -> Map<String, Value> {
    Map::from_iter([("keywords".to_owned(), json!(keywords(beginning(text, LOOKED_AT))))])
}

fn keywords(text: &str) -> Vec<String> {
    let language = language::of(text);
    if language.is_some_and(|language| WITHOUT_SPACES.contains(&language)) {
        return Vec::new();
    }
    let (sentences, vocabulary) = sentences(text, &stop_words(language));
    let scores = terms::scores(&sentences, &vocabulary);
    candidates::best(&sentences, &vocabulary, &scores, KEYWORDS)
}

/// The stop words of the language, if there is a list of them.
fn stop_words(language: Option<&str>) -> HashSet<&'static str> {
    let language = match language {
        Some("nb") => "no",
        Some(language) => language,
        None => return HashSet::new(),
    };
    stop_words::lookup(language).into_iter().flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::{keywords, stop_words};

    const ENGLISH: &str = "The Norwegian parliament voted on Tuesday to raise the fuel tax by two percent. \
        Opposition parties said the fuel tax would hurt rural drivers most. Finance minister Kari Nordmann defended the \
        fuel tax and promised that rural drivers would be paid back. The Norwegian parliament will look at the matter \
        again in May, Kari Nordmann said.";

    #[test]
    fn the_subjects_of_an_article_are_found() {
        let found = keywords(ENGLISH);
        assert_eq!(found.len(), 10);
        for expected in ["norwegian parliament", "fuel tax", "kari nordmann", "rural drivers"] {
            assert!(found.iter().any(|keyword| keyword.contains(expected)), "{expected}: {found:?}");
        }
    }

    #[test]
    fn stop_words_are_those_of_the_language() {
        let german = "Das norwegische Parlament stimmte am Dienstag für eine höhere Steuer auf Kraftstoff. Die Opposition \
            sagte, dass die Steuer auf Kraftstoff den Menschen auf dem Land schaden werde.";
        for keyword in keywords(german) {
            let ends: Vec<&str> = keyword.split(' ').collect();
            for end in [ends.first(), ends.last()] {
                assert!(!stop_words(Some("de")).contains(end.unwrap()), "{keyword}");
            }
        }
        assert!(stop_words(Some("nb")).contains("ikke"));
        assert!(stop_words(Some("xx")).is_empty());
    }

    #[test]
    fn a_phrase_is_not_given_again_as_part_of_another() {
        let found = keywords(ENGLISH);
        for (place, keyword) in found.iter().enumerate() {
            let others = found.iter().enumerate().filter(|(other, _)| *other != place);
            for (_, other) in others {
                assert!(!format!(" {other} ").contains(&format!(" {keyword} ")), "{keyword}: {found:?}");
            }
        }
    }

    #[test]
    fn where_there_is_nothing_to_tell_there_are_none() {
        for text in ["", "it is", "12 34 56", "!?", "議会は火曜日、燃料税の引き上げを可決した。"]
        {
            assert_eq!(keywords(text), Vec::<String>::new(), "{text}");
        }
    }
}
