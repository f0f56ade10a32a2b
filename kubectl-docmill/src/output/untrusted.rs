//! Text from documents and keys. It may hold anything, escape sequences of terminals among it.

/// The text on one line: line breaks and tabs become spaces, other control characters and those that change the direction of
/// text become U+FFFD.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { harmless(c) }).collect()
}

/// The text with its line breaks and tabs, without other control characters.
pub fn lines(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { harmless(c) }).collect()
}

fn harmless(c: char) -> char {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::{lines, one_line};

    #[test]
    fn escape_sequences_and_changes_of_direction_do_not_reach_the_terminal() {
        assert_eq!(one_line("a\tb\u{1b}]0;x\u{7}\u{202e}"), "a b\u{fffd}]0;x\u{fffd}\u{fffd}");
        assert_eq!(lines("a\n\tb\u{9b}1m"), "a\n\tb\u{fffd}1m");
    }
}
