//! `LeadingSpace`: white space and byte order marks before the XML declaration are left out, and marks before any other
//! markup. White space alone before the root element is no fault.

use crate::text::chars::is_space;
use crate::text::declaration::SNIFFED;

/// How many bytes come before the declaration, or before other markup if there are marks among them: 0 where it is at
/// the start, or where anything else comes first. They are looked for in the first [`SNIFFED`] bytes.
pub(crate) fn length(text: &[u8]) -> usize {
    let head = &text[..text.len().min(SNIFFED)];
    let mut rest = head;
    while let [b' ' | b'\t' | b'\r' | b'\n', after @ ..] | [0xef, 0xbb, 0xbf, after @ ..] = rest {
        rest = after;
    }
    let leading = head.len() - rest.len();
    let declared = rest.strip_prefix(b"<?xml").and_then(<[u8]>::first).is_some_and(|b| is_space(*b));
    if declared || (rest.starts_with(b"<") && has_mark(&head[..leading])) { leading } else { 0 }
}

/// Whether a byte order mark of UTF-8 is in what comes before the declaration.
pub(crate) fn has_mark(leading: &[u8]) -> bool {
    leading.contains(&0xef)
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn only_space_and_marks_before_a_declaration_count() {
        assert_eq!(length(b"\r\n\t <?xml version='1.0'?>"), 4);
        assert_eq!(length("\n\u{feff} \u{feff}<?xml version='1.0'?>".as_bytes()), 8);
        assert_eq!(length("\n\u{feff}<r/>".as_bytes()), 4);
        assert_eq!(length("\u{feff}text".as_bytes()), 0);
        let others =
            ["<?xml version='1.0'?>", "\n<r/>", "\nx<?xml version='1.0'?>", "\n<?xml-model?>", "\n", ""];
        for text in others {
            assert_eq!(length(text.as_bytes()), 0, "{text}");
        }
        assert_eq!(length(format!("{}<?xml version='1.0'?>", " ".repeat(2000)).as_bytes()), 0);
    }
}
