//! Standard error: what is told beside the answer.

use std::io::{self, Write as _};

use super::untrusted;

/// Writes a text. Control characters of it, which may come from a server or a document, are replaced; and whether anybody
/// reads it is no concern of the command's.
pub fn tell(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(untrusted::lines(text).as_bytes());
    let _ = out.flush();
}
