//! A line of a text with a mark under the relevant place. Pure.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Characters that are shown before and after the place.
const BEFORE: usize = 60;
const AFTER: usize = 40;

/// Three lines: a rule, the line with its number, and a caret under the character `column` (both from 1). Of
/// a long line only the part around the place is shown; non-printable characters are shown as U+FFFD.
pub(super) fn excerpt(line: &str, number: u64, column: u64) -> String {
    let column = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let start = column.saturating_sub(BEFORE);
    let (mut shown, mut caret) = (String::new(), String::new());
    if start > 0 {
        shown.push('…');
        caret.push(' ');
    }
    let mut characters = line.trim_end_matches(['\r', '\n']).chars().skip(start);
    for c in characters.by_ref().take(column - start).map(printable) {
        shown.push(c);
        // A tab under a tab has the same width, wherever the line starts.
        if c == '\t' { caret.push(c) } else { caret.extend(std::iter::repeat_n(' ', c.width().unwrap_or(0))) }
    }
    shown.extend(characters.by_ref().take(AFTER).map(printable));
    if characters.next().is_some() {
        shown.push('…');
    }
    let margin = number.to_string();
    let blank = " ".repeat(margin.len());
    let mut text = String::new();
    let _ = write!(text, " {blank} |\n {margin} | {shown}\n {blank} | {caret}^");
    text
}

fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn the_caret_is_under_the_character() {
        assert_eq!(
            excerpt("  <date>tomorrow</date>\r\n", 12, 3),
            ["    |", " 12 |   <date>tomorrow</date>", "    |   ^",].join("\n")
        );
    }

    #[test]
    fn tabs_wide_characters_and_accents_keep_it_there() {
        assert_eq!(excerpt("\t新聞a\u{301}x", 1, 6), "   |\n 1 | \t新聞a\u{301}x\n   | \t     ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}!{}", "a".repeat(5000), "b".repeat(5000));
        let text = excerpt(&line, 1, 5001);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() < 120), "{text}");
        let caret = lines[2].find('^').unwrap();
        assert_eq!(lines[1].chars().nth(caret), Some('!'), "{text}");
        assert!(lines[1].contains("| …a") && lines[1].ends_with("b…"), "{text}");
    }

    #[test]
    fn a_place_after_the_end_of_the_line_is_behind_it_and_control_characters_do_nothing() {
        assert_eq!(excerpt("ab", 1, 3), "   |\n 1 | ab\n   |   ^");
        assert_eq!(excerpt("\u{1b}[2Jab", 1, 1), "   |\n 1 | \u{fffd}[2Jab\n   | ^");
    }
}
