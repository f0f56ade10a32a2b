//! Text from documents and keys. It may hold anything, escape sequences of terminals among it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text on one line: line breaks and tabs become spaces, other control characters and those that change the direction of
/// text become U+FFFD.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { harmless(c) }).collect()
}

/// The text with its line breaks and tabs, without other control characters.
pub fn lines(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { harmless(c) }).collect()
}

/// The same JSON, with such characters written as escapes. JSON itself escapes no more than the first 32 of them.
pub fn escaped(json: &str) -> Cow<'_, str> {
    if !json.chars().any(|c| c != '\n' && is_harmful(c)) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_harmful(c) {
            // Writing to a text does not fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

fn harmless(c: char) -> char {
    if is_harmful(c) { '\u{fffd}' } else { c }
}

/// Whether a terminal takes it for a command, or turns the direction of text by it. All of these have four hex digits.
fn is_harmful(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    c.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::{escaped, lines, one_line};

    #[test]
    fn escape_sequences_and_changes_of_direction_do_not_reach_the_terminal() {
        assert_eq!(one_line("a\tb\u{1b}]0;x\u{7}\u{202e}"), "a b\u{fffd}]0;x\u{fffd}\u{fffd}");
        assert_eq!(lines("a\n\tb\u{9b}1m"), "a\n\tb\u{fffd}1m");
        assert_eq!(one_line("a\u{61c}"), "a\u{fffd}");
    }

    #[test]
    fn json_means_the_same_after_its_characters_are_escaped() {
        let value = serde_json::json!({"a\u{7f}": "\u{9b}2J\u{1b}\n\u{202e}ä"});
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap()).into_owned();
        assert!(text.chars().all(|c| c == '\n' || !super::is_harmful(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
