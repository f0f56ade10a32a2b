//! `UnclosedAtEnd`: what is open at the end of an object ends there. The text that is there stays; of markup that is cut
//! off, nothing does.

/// The text of a CDATA section that the end of the object cuts off; `None` for all other markup.
pub(crate) fn text_of(cut_off: &str) -> Option<&str> {
    let text = cut_off.strip_prefix("<![CDATA[")?;
    // Of the three characters that end a section, two may be there.
    Some(text.strip_suffix("]]").or_else(|| text.strip_suffix(']')).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::text_of;

    #[test]
    fn of_what_is_cut_off_only_cdata_has_text() {
        assert_eq!(text_of("<![CDATA[a <b>"), Some("a <b>"));
        assert_eq!(text_of("<![CDATA[a]]"), Some("a"));
        assert_eq!(text_of("<![CDATA["), Some(""));
        for other in ["<![CDA", "<!-- a", "<?a", "<a b='", "</a", "&am", "<"] {
            assert_eq!(text_of(other), None, "{other}");
        }
    }
}
