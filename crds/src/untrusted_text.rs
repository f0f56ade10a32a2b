//! Text from an external source: a server that a resource names, or a pod in a tenant's namespace.
//!
//! The author of a resource chooses the server, so a response may contain anything: a document, a secret of
//! another service, a lure. Status and Events are read by others and show only our own words, numbers, and
//! the words of a store's error format. [`UntrustedText`] keeps the rest separate: it has no `Display`, so that it
//! cannot get into a message by accident.

use std::fmt;

/// Longest word that is shown.
const WORD_CHARS: usize = 64;
/// Longest sentence of a worker that is shown.
const SENTENCE_CHARS: usize = 500;

/// External text, for records in the stores of the users concerned, and for the logs of workers. `Debug`
/// shows only its length.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UntrustedText(String);

impl UntrustedText {
    /// The text. Never for status, Events or the operator's log.
    pub fn for_records(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it contains these words.
    pub fn contains(&self, words: &str) -> bool {
        self.0.contains(words)
    }
}

impl<T: Into<String>> From<T> for UntrustedText {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for UntrustedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Foreign({} bytes)", self.0.len())
    }
}

/// A type of Elasticsearch's errors, such as `cluster_block_exception`; nothing if the text is none.
pub fn exception(text: &str) -> Option<&str> {
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let named = text.ends_with("exception") || text.ends_with("_error");
    (named && text.len() <= WORD_CHARS && text.chars().all(lower)).then_some(text)
}

/// An error code of S3 or SQS, or a reason of ours, such as `NoSuchBucket`; nothing if the text is none.
pub fn code(text: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let begins = text.starts_with(|c: char| c.is_ascii_uppercase());
    (begins && text.len() <= WORD_CHARS && text.chars().all(plain)).then_some(text)
}

/// The version of a model, such as `v1` or `BAAI/bge-m3@5617a9f`; `?` if the text is none.
pub fn version(text: &str) -> &str {
    const LONGEST: usize = 200;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/@+-".contains(c);
    if text.len() <= LONGEST && text.chars().all(plain) { text } else { "?" }
}

/// What a worker says. Its own sentences hold no foreign text; but anybody who may create pods can pose as one, so that
/// it is cut, and what is no plain ASCII is replaced.
pub fn sentence(text: &str) -> String {
    let plain = |c: char| if (c.is_ascii_graphic() || c == ' ') && !"<>`".contains(c) { c } else { '?' };
    text.chars().take(SENTENCE_CHARS).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::{UntrustedText, code, exception, sentence, version};

    #[test]
    fn foreign_text_is_not_shown() {
        let text = UntrustedText::from("hunter2");
        assert_eq!(format!("{text:?}"), "Foreign(7 bytes)");
        assert!(text.contains("hunter") && text.for_records() == "hunter2");
    }

    #[test]
    fn only_words_of_a_known_form_are_taken() {
        for word in ["cluster_block_exception", "exception", "out_of_memory_error"] {
            assert_eq!(exception(word), Some(word));
        }
        for text in ["", "hunter2", "Bad_exception", "a b_exception", "<b>_exception", &"a".repeat(80)] {
            assert_eq!(exception(text), None, "{text}");
        }
        for word in ["NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "SlowDown"] {
            assert_eq!(code(word), Some(word));
        }
        for text in ["", "hunter2", "No Such", "A<b>", "Token:abc", &"A".repeat(80)] {
            assert_eq!(code(text), None, "{text}");
        }
        assert_eq!(version("BAAI/bge-m3@5617a9f"), "BAAI/bge-m3@5617a9f");
        assert_eq!(version("v1 <script>"), "?");
    }

    #[test]
    fn a_sentence_is_plain_and_short() {
        assert_eq!(sentence("a\n<b>\u{1b}[31m"), "a??b??[31m");
        assert_eq!(sentence(&"x".repeat(2_000)).len(), 500);
    }
}
