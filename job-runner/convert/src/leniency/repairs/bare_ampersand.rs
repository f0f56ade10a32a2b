//! `BareAmpersand`: an `&` that begins no reference stands for itself.

use crate::text::chars::is_ncname;

/// Whether the text between an `&` and the next `;` makes no reference: it is neither the name of an entity, which may
/// be unknown, nor the number of a character, which XML may not allow.
pub(crate) fn is_no_reference(inner: &str) -> bool {
    let is_number = inner.strip_prefix('#').is_some_and(|number| match number.strip_prefix('x') {
        Some(hex) => !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()),
    });
    !is_number && !is_ncname(inner)
}

#[cfg(test)]
mod tests {
    use super::is_no_reference;

    #[test]
    fn names_and_numbers_are_references() {
        for inner in ["amp", "nbsp", "unknown", "b.alpha", "#38", "#x26", "#0", "#xFFFFFFFF", "été"] {
            assert!(!is_no_reference(inner), "{inner}");
        }
        for inner in ["", " b", "b=2", "#", "#x", "#x2G", "#12a", "a:b", "1a", "\"x", "#X41"] {
            assert!(is_no_reference(inner), "{inner}");
        }
    }
}
