//! `UnclosedAtEnd`: what is open at the end of an object ends there. The text that is there stays; of markup that is cut
//! off, nothing does.

use crate::text::chars::is_ncname;

/// Whether it can be the end of the object that cuts this markup off. Where a quote, a comment or the like was never
/// closed, the markup goes on over elements that are not to be lost with it: over a `<` in a tag, or over the end tag of
/// `root`, the outermost open element. Without one, that is any end tag.
pub(crate) fn is_cut_off_by_end(markup: &str, root: Option<&str>) -> bool {
    let Some(inner) = markup.strip_prefix('<') else { return true };
    if inner.starts_with(['!', '?']) {
        return !inner.match_indices("</").any(|(at, start)| is_end_tag(&inner[at + start.len()..], root));
    }
    let name = inner.strip_prefix('/').unwrap_or(inner);
    let begins_name = name.chars().next().is_none_or(|c| is_ncname(c.encode_utf8(&mut [0; 4])));
    begins_name && !inner.contains('<')
}

/// Whether what comes after `</` is the rest of the end tag of this element, or of any one.
fn is_end_tag(after: &str, name: Option<&str>) -> bool {
    let Some(name) = name else { return true };
    let rest = after.strip_prefix(name).unwrap_or_default();
    rest.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('>')
}

/// The text of a CDATA section that the end of the object cuts off; `None` for all other markup.
pub(crate) fn text_of(cut_off: &str) -> Option<&str> {
    let text = cut_off.strip_prefix("<![CDATA[")?;
    // Of the three characters that end a section, two may be there.
    Some(text.strip_suffix("]]").or_else(|| text.strip_suffix(']')).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::{is_cut_off_by_end, text_of};

    #[test]
    fn of_what_is_cut_off_only_cdata_has_text() {
        assert_eq!(text_of("<![CDATA[a <b>"), Some("a <b>"));
        assert_eq!(text_of("<![CDATA[a]]"), Some("a"));
        assert_eq!(text_of("<![CDATA["), Some(""));
        for other in ["<![CDA", "<!-- a", "<?a", "<a b='", "</a", "&am", "<"] {
            assert_eq!(text_of(other), None, "{other}");
        }
    }

    #[test]
    fn markup_that_goes_on_over_other_markup_was_never_closed() {
        for markup in [
            "<",
            "</",
            "</r",
            "<b a='",
            "<b a='>",
            "<é",
            "<!-- <b>x</b>",
            "<![CDATA[</root>",
            "<?a </b>",
            "&am",
        ] {
            assert!(is_cut_off_by_end(markup, Some("r")), "{markup}");
        }
        for markup in
            ["<b a='><c>", "<b </r>", "<3 x", "< x", "<!-- </r>", "<![CDATA[x</i></r\n>", "<?a </r>"]
        {
            assert!(!is_cut_off_by_end(markup, Some("r")), "{markup}");
        }
        assert!(is_cut_off_by_end("<!-- <b", None) && !is_cut_off_by_end("<!-- </b>", None));
    }
}
