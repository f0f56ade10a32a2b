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

/// A short name of a JSON value: 32 hex digits of its SHA-256.
pub(crate) fn digest_of(value: &serde_json::Value) -> String {
    hex(&Sha256::digest(value.to_string().as_bytes())[..16])
}
