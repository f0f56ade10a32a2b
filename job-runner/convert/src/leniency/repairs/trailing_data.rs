//! `TrailingData`: control characters, text and references after the root element are left out. Markup is not: it could be
//! a second document.

/// Whether text between XML documents, or after the last one, is no fault: white space, and the byte order mark of a
/// file that was appended to another.
pub(crate) fn may_be_between(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::may_be_between;

    #[test]
    fn space_and_marks_may_be_between_documents() {
        assert!(may_be_between("") && may_be_between("\r\n\u{feff} "));
        assert!(!may_be_between("x") && !may_be_between("\0"));
    }
}
