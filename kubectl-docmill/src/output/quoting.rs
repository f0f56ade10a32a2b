//! Commands that are shown to be copied. Pure.

/// A text as one word of a shell. Commands are copied, so that a key must not become one.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text as the last argument of a command, which does not take it for an option.
pub fn operand(text: &str) -> String {
    let word = quoted(text);
    if text.starts_with('-') { format!("-- {word}") } else { word }
}

/// An option with its value, which is not taken for another option.
pub fn option(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{between}{}", quoted(value))
}

#[cfg(test)]
mod tests {
    use super::{operand, option, quoted};

    #[test]
    fn a_key_is_one_word_of_a_shell() {
        assert_eq!(quoted("wire/a-1.xml"), "wire/a-1.xml");
        assert_eq!(quoted("a b; rm -r ."), "'a b; rm -r .'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted("-rf"), "'-rf'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn what_begins_with_a_hyphen_is_no_option() {
        assert_eq!(operand("a b.xml"), "'a b.xml'");
        assert_eq!(operand("-rf.xml"), "-- '-rf.xml'");
        assert_eq!(option("--key", "a.xml"), "--key a.xml");
        assert_eq!(option("--key", "-rf.xml"), "--key='-rf.xml'");
    }
}
