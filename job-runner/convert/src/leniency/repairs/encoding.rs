//! `Encoding`: what the bytes say counts more than what the declaration says. (Bytes that do not exist in the encoding are
//! found only on the way; then the object is read again, see [`Reading`](crate::Reading).)

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The encoding of an object that does not begin with a byte order mark, and whose first character that is neither white
/// space nor a mark is `<` in two bytes.
pub(crate) fn of_two_bytes(head: &[u8]) -> Option<&'static Encoding> {
    if begins(head, u16::from_le_bytes) {
        Some(UTF_16LE)
    } else if begins(head, u16::from_be_bytes) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Whether `<` comes first in this order of bytes.
fn begins(head: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let (pairs, _) = head.as_chunks::<2>();
    let mut units = pairs.iter().map(|pair| unit(*pair));
    units.find(|unit| !matches!(*unit, 0x20 | 0x09 | 0x0a | 0x0d | 0xfeff)) == Some(u16::from(b'<'))
}

#[cfg(test)]
mod tests {
    use super::{UTF_16BE, UTF_16LE, of_two_bytes};

    #[test]
    fn the_first_character_tells_the_order_of_bytes() {
        assert_eq!(of_two_bytes(b"<\0?\0"), Some(UTF_16LE));
        assert_eq!(of_two_bytes(b"\0<\0?"), Some(UTF_16BE));
        assert_eq!(of_two_bytes(b"\r\0\n\0\xff\xfe<\0"), Some(UTF_16LE));
        assert_eq!(of_two_bytes(b"\0\n\0 \0<"), Some(UTF_16BE));
        for other in ["<?", "", "\n\0", "\n<\0", "\n\0\0<", "\n\0\0\0<\0\0\0", "x\0<\0", "\0\0\0<"] {
            assert_eq!(of_two_bytes(other.as_bytes()), None, "{other:?}");
        }
    }
}
