//! `Encoding`: what the bytes say counts more than what the declaration says. (Bytes that do not exist in the encoding are
//! found only on the way; then the object is read again, see [`Reading`](crate::Reading).)

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The encoding of an object that has no byte order mark and begins with an ASCII character in two bytes.
pub(crate) fn of_two_bytes(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        // UTF-32, which nobody reads.
        [b'<', 0, 0, 0, ..] => None,
        [b'<', 0, ..] => Some(UTF_16LE),
        [0, b'<', ..] => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{UTF_16BE, UTF_16LE, of_two_bytes};

    #[test]
    fn the_first_character_tells_the_order_of_bytes() {
        assert_eq!(of_two_bytes(b"<\0?\0"), Some(UTF_16LE));
        assert_eq!(of_two_bytes(b"\0<\0?"), Some(UTF_16BE));
        assert_eq!((of_two_bytes(b"<\0\0\0"), of_two_bytes(b"<?"), of_two_bytes(b"")), (None, None, None));
    }
}
