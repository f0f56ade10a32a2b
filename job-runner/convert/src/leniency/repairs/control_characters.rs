//! `ControlCharacters`: characters that XML does not allow are left out, also when they are written as references.

use crate::text::chars::is_char;

/// Appends `text` without the characters that XML does not allow; returns how many there were.
pub(crate) fn leave_out(text: &str, into: &mut String) -> u64 {
    let mut left_out = 0;
    into.extend(text.chars().filter(|c| {
        let keeps = is_char(*c);
        left_out += u64::from(!keeps);
        keeps
    }));
    left_out
}

/// Whether the text between `&` and `;` is the number of a character that XML does not allow.
pub(crate) fn is_reference_to_one(inner: &str) -> bool {
    // What parses numbers takes a sign, which no reference has.
    let digits = |radix, digits: &str| {
        let is_number = digits.chars().all(|c| c.is_digit(radix));
        is_number.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
    };
    let number = inner.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
        Some(hex) => digits(16, hex),
        None => digits(10, number),
    });
    number.and_then(char::from_u32).is_some_and(|c| !is_char(c))
}

#[cfg(test)]
mod tests {
    use super::{is_reference_to_one, leave_out};

    #[test]
    fn the_rest_of_a_text_stays() {
        let mut text = String::new();
        assert_eq!(leave_out("a\0\u{b}b\t\n\u{fffe}é\u{85}", &mut text), 3);
        assert_eq!(text, "ab\t\né\u{85}");
    }

    #[test]
    fn a_reference_is_to_a_character_that_there_is() {
        assert!(["#0", "#x1F", "#11", "#xFFFF"].into_iter().all(is_reference_to_one));
        assert!(
            !["#65", "#xD800", "#x110000", "#", "#+5", "#x+5", "amp", "0"]
                .into_iter()
                .any(is_reference_to_one)
        );
    }
}
