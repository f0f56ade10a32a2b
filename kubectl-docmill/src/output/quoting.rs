//! Commands that are shown to be copied. Pure.

/// A text as one word of a shell. Commands are copied, so that a key must not become one.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_key_is_one_word_of_a_shell() {
        assert_eq!(quoted("wire/a-1.xml"), "wire/a-1.xml");
        assert_eq!(quoted("a b; rm -r ."), "'a b; rm -r .'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted("-rf"), "'-rf'");
        assert_eq!(quoted(""), "''");
    }
}
