//! Entities by the names that standards give to characters.
//!
//! `names.tsv` has the names of HTML (<https://html.spec.whatwg.org/entities.json>), which comprise the sets of ISO 8879,
//! ISO 9573-13 and MathML as the W3C has them (<https://www.w3.org/TR/xml-entity-names/>), and from the same
//! recommendation the Greek sets that HTML leaves out and the DTDs of NITF, JATS and `DocBook` include: isogrk1, isogrk2
//! and isogrk4. A line is a name and its characters in hexadecimal.

use std::collections::HashMap;
use std::sync::LazyLock;

static NAMES: LazyLock<HashMap<&str, String>> =
    LazyLock::new(|| include_str!("names.tsv").lines().filter_map(entry).collect());

fn entry(line: &str) -> Option<(&str, String)> {
    let (name, numbers) = line.split_once('\t')?;
    let character = |number| u32::from_str_radix(number, 16).ok().and_then(char::from_u32);
    Some((name, numbers.split(' ').map(character).collect::<Option<_>>()?))
}

/// The characters that a name stands for, one or two.
pub(crate) fn characters(name: &str) -> Option<&'static str> {
    NAMES.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::{NAMES, characters};
    use crate::text::chars::is_char;

    #[test]
    fn every_line_is_a_name_and_what_xml_allows() {
        assert_eq!(NAMES.len(), include_str!("names.tsv").lines().count());
        for (name, characters) in NAMES.iter() {
            assert!(crate::text::chars::is_ncname(name), "{name}");
            assert!((1..=2).contains(&characters.chars().count()), "{name}");
            assert!(characters.chars().all(is_char), "{name}");
        }
    }

    #[test]
    fn the_sets_of_the_formats_are_there() {
        for (name, expected) in [
            ("nbsp", "\u{a0}"),
            ("mdash", "—"),
            ("eacute", "é"),
            ("Sigma", "Σ"),
            ("hellip", "…"),
            ("zeta", "ζ"),
            ("agr", "α"),
            ("EEgr", "Η"),
            ("udiagr", "ΰ"),
            ("b.alpha", "\u{1d6c2}"),
            ("lcub", "{"),
            ("Zcaron", "Ž"),
            ("acE", "\u{223e}\u{333}"),
        ] {
            assert_eq!(characters(name), Some(expected), "{name}");
        }
        assert_eq!((characters("wire"), characters(""), characters("NBSP")), (None, None, None));
    }
}
