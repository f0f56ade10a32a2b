//! One line of a snapshot: a document, with `_docmill` at its end. Pure.

use memchr::memmem;

use super::units::content_digest;

/// The name of the object that says where a document comes from.
pub const FIELD: &str = "_docmill";
/// The end of a line: of `_docmill`, and of the document.
pub const CLOSING: &[u8] = b"}}";

/// Adds the reference of its snapshot to a line that was made without it.
pub fn with_snapshot(mut line: Vec<u8>, reference: &str) -> Vec<u8> {
    line.truncate(line.strip_suffix(CLOSING).unwrap_or(&line).len());
    line.extend_from_slice(b",\"snapshot\":");
    line.extend_from_slice(serde_json::Value::from(reference).to_string().as_bytes());
    line.extend_from_slice(CLOSING);
    line
}

/// Digest of the document of a line, without `_docmill`.
pub fn digest_of_line(line: &[u8]) -> String {
    content_digest([content(line), b"}"])
}

/// The document without `_docmill` and without the closing brace.
pub fn content(line: &[u8]) -> &[u8] {
    const NAME: &[u8] = b"\"_docmill\":{";
    // Quotes inside of a text are escaped, so the name with bare quotes is a key; the last one is ours, since
    // the provenance has none.
    let Some(at) = memmem::rfind(line, NAME) else { return line };
    line[..at].strip_suffix(b",").unwrap_or(&line[..at])
}

#[cfg(test)]
mod tests {
    use super::{content, digest_of_line, with_snapshot};

    #[test]
    fn the_digest_is_that_of_the_document_whatever_is_told_of_it() {
        let line = br#"{"a":"\"_docmill\":{","_docmill":{"runner":"pod"}}"#;
        assert_eq!(content(line), br#"{"a":"\"_docmill\":{""#);
        let told = with_snapshot(line.to_vec(), "p#1+2");
        assert!(told.ends_with(br#""runner":"pod","snapshot":"p#1+2"}}"#));
        assert_eq!(digest_of_line(&told), digest_of_line(line));
        assert_eq!(content(br#"{"_docmill":{"runner":"pod"}}"#), b"{");
    }
}
