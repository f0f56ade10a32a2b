//! Short names of contents.

use sha2::{Digest as _, Sha256};

/// Lower case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// The SHA-256 of several texts: of each of them, followed by a NUL.
#[derive(Clone, Debug, Default)]
pub struct DigestOfTexts(Sha256);

impl DigestOfTexts {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.0.update(text);
        self.0.update([0]);
    }

    /// The digest, as 64 hexadecimal digits.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The SHA-256 of these bytes, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A short name of a JSON value: 32 hex digits of its SHA-256.
pub(crate) fn digest_of(value: &serde_json::Value) -> String {
    hex(&Sha256::digest(value.to_string().as_bytes())[..16])
}
