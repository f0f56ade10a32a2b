//! The part of a text that a function examines.

/// The beginning of a text, at most `bytes` bytes.
pub(crate) fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
