//! Splits a text into sentences, and those into words.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation as _;

use crate::enrich::model::builtin::words::folded;

/// A word with fewer characters is insignificant.
const SHORTEST: usize = 3;
/// Anything longer is not a word that anybody would search for.
const LONGEST: usize = 50;

/// A word at its position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentenceWord {
    /// Its position in the [`Vocabulary`].
    pub(crate) term: usize,
    /// It is in capital letters: an acronym.
    pub(crate) is_acronym: bool,
    /// It begins with a capital letter that does not begin the sentence.
    pub(crate) is_name: bool,
}

/// Words between two marks of punctuation; a phrase does not reach across one.
pub(crate) type Chunk = Vec<SentenceWord>;
/// A sentence.
pub(crate) type Sentence = Vec<Chunk>;

/// The different words of a text, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    positions: HashMap<String, usize>,
    /// The words.
    pub(crate) terms: Vec<Term>,
}

/// A word of the vocabulary.
#[derive(Debug)]
pub(crate) struct Term {
    /// In lower case.
    pub(crate) text: String,
    /// A phrase can have it only inside.
    pub(crate) is_stop_word: bool,
    /// A phrase can have it: it is not a number or anything like one.
    pub(crate) is_wording: bool,
}

impl Vocabulary {
    fn position_of(&mut self, text: String, stop_words: &HashSet<&str>) -> usize {
        if let Some(position) = self.positions.get(&text) {
            return *position;
        }
        let is_short = text.chars().count() < SHORTEST;
        let term = Term {
            is_stop_word: is_short || stop_words.contains(text.as_str()),
            is_wording: is_wording(&text),
            text: text.clone(),
        };
        self.terms.push(term);
        self.positions.insert(text, self.terms.len() - 1);
        self.terms.len() - 1
    }
}

/// Unicode's rules treat `urn:uuid`, `snake_case` and `example.com` as one word each, and `U.S` too.
fn is_wording(text: &str) -> bool {
    let has = |test: fn(char) -> bool| text.chars().any(test);
    let is_initials = || text.split('.').all(|part| part.chars().count() == 1);
    has(char::is_alphabetic)
        && !has(|c| c.is_numeric() || matches!(c, ':' | '_'))
        && text.chars().count() <= LONGEST
        && (!text.contains('.') || is_initials())
}

/// The sentences that have words, and their vocabulary.
pub(crate) fn sentences(text: &str, stop_words: &HashSet<&str>) -> (Vec<Sentence>, Vocabulary) {
    let mut vocabulary = Vocabulary::default();
    let sentence = |sentence: &str| -> Sentence {
        let mut is_first = true;
        let chunk = |chunk: Vec<String>| -> Chunk {
            chunk
                .iter()
                .map(|word| read(word, &mut vocabulary, stop_words, std::mem::take(&mut is_first)))
                .collect()
        };
        chunks(sentence).into_iter().map(chunk).collect()
    };
    let found = text.unicode_sentences().map(sentence).filter(|sentence| !sentence.is_empty()).collect();
    (found, vocabulary)
}

fn read(word: &str, vocabulary: &mut Vocabulary, stop_words: &HashSet<&str>, is_first: bool) -> SentenceWord {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    let letters = || word.chars().filter(|c| c.is_alphabetic());
    let is_acronym = letters().count() > 1 && letters().all(char::is_uppercase);
    let is_capital = word.chars().next().is_some_and(char::is_uppercase);
    SentenceWord {
        term: vocabulary.position_of(folded(word), stop_words),
        is_acronym,
        is_name: is_capital && !is_acronym && !is_first,
    }
}

/// The words between marks of punctuation. Words with a hyphen between them count as one.
fn chunks(sentence: &str) -> Vec<Vec<String>> {
    let mut chunks = vec![Vec::<String>::new()];
    let (mut is_joined, mut follows_word) = (false, false);
    for piece in sentence.split_word_bounds() {
        let is_word = piece.chars().any(char::is_alphanumeric);
        let is_hyphen = matches!(piece, "-" | "\u{2010}" | "\u{2011}");
        match chunks.last_mut() {
            Some(chunk) if is_word => match chunk.last_mut() {
                Some(word) if is_joined => {
                    word.push('-');
                    word.push_str(piece);
                }
                _ => chunk.push(piece.to_owned()),
            },
            _ if piece.chars().all(char::is_whitespace) || (is_hyphen && follows_word) => {}
            _ => chunks.push(Vec::new()),
        }
        is_joined = is_hyphen && follows_word;
        follows_word = is_word;
    }
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{chunks, is_wording, sentences};

    #[test]
    fn words_are_between_punctuation_and_hyphens_join_them() {
        assert_eq!(
            chunks("Truly high-tech, didn't she say - well-known!"),
            [vec!["Truly", "high-tech"], vec!["didn't", "she", "say"], vec!["well-known"]]
        );
        assert_eq!(chunks("-a- b--c"), [vec!["a", "b"], vec!["c"]]);
        assert!(chunks(" -- … ").is_empty());
    }

    #[test]
    fn names_of_machines_are_no_wording() {
        for word in ["oslo", "u.s", "high-tech", "didn't", "हिन्दी"] {
            assert!(is_wording(word), "{word}");
        }
        for word in ["27", "b2c", "urn:uuid", "snake_case", "example.com", &"a".repeat(51)] {
            assert!(!is_wording(word), "{word}");
        }
    }

    #[test]
    fn words_are_known_by_what_they_look_like() {
        let stop_words = HashSet::from(["the", "of"]);
        let (sentences, vocabulary) =
            sentences("The USA’s vote. Der Rat of 27 met the B2C group of Oslo's council.", &stop_words);
        assert_eq!(sentences.len(), 2);
        let term = |text: &str| vocabulary.terms.iter().find(|term| term.text == text).expect(text);
        assert!(term("the").is_stop_word && term("of").is_stop_word && !term("oslo").is_stop_word);
        assert!(!term("27").is_wording && !term("b2c").is_wording && term("council").is_wording);
        let words: Vec<_> = sentences.iter().flatten().flatten().collect();
        let of = |text: &str| words.iter().find(|word| vocabulary.terms[word.term].text == text).unwrap();
        assert!(!of("the").is_name && of("usa").is_acronym && of("oslo").is_name && !of("der").is_name);
    }
}
