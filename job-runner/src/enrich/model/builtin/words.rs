//! The words of a text, by the rules of Unicode (UAX 29).

use unicode_segmentation::UnicodeSegmentation as _;

/// The words in order. Numbers are words; spaces and punctuation are not. Each Chinese character is one.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.unicode_words()
}

/// In lower case, with one form of apostrophe.
pub(crate) fn folded(word: &str) -> String {
    word.to_lowercase().replace('\u{2019}', "'")
}
