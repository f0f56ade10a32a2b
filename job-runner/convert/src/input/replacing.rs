//! Decodes what does not belong to a document: bytes that do not exist in the encoding become U+FFFD.

use super::decode::Transcoder;

/// Appends the text of `bytes`, and returns how many were taken: all, except for a character of UTF-8 that is cut in two
/// at the end when more of it may follow. `last`: nothing of it does.
pub(crate) fn decode(
    transcoder: Option<&mut Transcoder>,
    bytes: &[u8],
    last: bool,
    into: &mut String,
) -> usize {
    match transcoder {
        // What ends a piece does not end the object: the decoder keeps the start of a character.
        Some(transcoder) => {
            transcoder.replace(bytes, into);
            bytes.len()
        }
        None => utf8(bytes, last, into),
    }
}

fn utf8(bytes: &[u8], last: bool, into: &mut String) -> usize {
    let mut rest = bytes;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(text) => {
                into.push_str(text);
                return bytes.len();
            }
            Err(error) => error,
        };
        let (good, bad) = rest.split_at(error.valid_up_to());
        into.push_str(std::str::from_utf8(good).unwrap_or_default());
        let length = match error.error_len() {
            Some(length) => length,
            None if last => bad.len(),
            None => return bytes.len() - bad.len(),
        };
        into.push(char::REPLACEMENT_CHARACTER);
        rest = &bad[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::utf8;

    #[test]
    fn all_that_is_utf_8_stays() {
        for (bytes, last, expected, taken) in [
            (b"".as_slice(), true, "", 0),
            ("é€".as_bytes(), true, "é€", 5),
            (b"\xe9a\xff\xffb\xe2\x82c", true, "\u{fffd}a\u{fffd}\u{fffd}b\u{fffd}c", 8),
            (b"a\xe2\x82", false, "a", 1),
            (b"a\xe2\x82", true, "a\u{fffd}", 3),
        ] {
            let mut text = String::new();
            assert_eq!(
                (utf8(bytes, last, &mut text), text.as_str()),
                (taken, expected),
                "{}",
                bytes.escape_ascii()
            );
        }
    }
}
