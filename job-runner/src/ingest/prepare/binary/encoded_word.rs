//! User metadata is sent in headers, which are ASCII; S3 returns everything else as encoded words (RFC 2047):
//! `=?UTF-8?B?WsO8cmljaA==?=`. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;

/// Decodes the encoded words of a text. What only looks like one stays as it is.
pub(crate) fn decode(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        if let Some((words, after)) = words(from) {
            text.push_str(&words);
            rest = after;
        } else {
            text.push_str("=?");
            rest = &from["=?".len()..];
        }
    }
    text.push_str(rest);
    text
}

/// The consecutive words at the start, and what follows. The space between two of them is not part of the
/// text; a character may have bytes in both, if a writer split it.
fn words(from: &str) -> Option<(String, &str)> {
    let EncodedWord { encoding, mut bytes, mut rest } = word(from)?;
    while let Some(next) = word(rest.trim_start()).filter(|next| next.encoding == encoding) {
        bytes.extend(next.bytes);
        rest = next.rest;
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
    let after = rest.trim_start();
    Some((text.into_owned(), if word(after).is_some() { after } else { rest }))
}

struct EncodedWord<'a> {
    encoding: &'static Encoding,
    bytes: Vec<u8>,
    rest: &'a str,
}

/// `=?charset?B?text?=`, or with Q; a language may follow the charset (RFC 2231, section 5).
fn word(from: &str) -> Option<EncodedWord<'_>> {
    let (charset, from) = from.strip_prefix("=?")?.split_once('?')?;
    let (form, from) = from.split_once('?')?;
    let (text, rest) = from.split_once("?=")?;
    let charset = charset.split('*').next().unwrap_or(charset);
    let bytes = match form {
        "B" | "b" => STANDARD.decode(text).ok()?,
        "Q" | "q" => quoted(text.as_bytes())?,
        _ => return None,
    };
    Some(EncodedWord { encoding: Encoding::for_label(charset.as_bytes())?, bytes, rest })
}

/// RFC 2047, section 4.2.
fn quoted(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()?
            }
            byte => *byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::decode;

    #[test]
    fn encoded_words_are_read() {
        for (value, text) in [
            ("plain", "plain"),
            ("=?UTF-8?B?WsO8cmljaA==?=", "Zürich"),
            ("=?utf-8?q?Z=C3=BCrich_West?=", "Zürich West"),
            ("=?ISO-8859-1?Q?Stra=DFe?= 1", "Straße 1"),
            ("=?utf-8*de?Q?a?=", "a"),
            ("a =?UTF-8?Q?b?= =?UTF-8?Q?c?= d", "a bc d"),
            ("=?UTF-8?Q?=C3?= =?UTF-8?Q?=BC?=", "ü"),
            ("=?UTF-8?Q?a?= =?ISO-8859-1?Q?=DF?=", "aß"),
        ] {
            assert_eq!(decode(value), text);
        }
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for value in [
            "=?",
            "=?=?=?",
            "a =? b ?= c",
            "=?UTF-8?X?abc?=",
            "=?UTF-8?B?***?=",
            "=?UTF-8?Q?=C?=",
            "=?UTF-8?Q?=FF?=",
            "=?no-such-charset?Q?a?=",
            "=?UTF-8?B?YQ==",
        ] {
            assert_eq!(decode(value), value);
        }
    }

    proptest! {
        #[test]
        fn whatever_was_encoded_comes_back(text in ".{0,60}", around in "[a-z ]{0,5}") {
            let word = format!("=?UTF-8?B?{}?=", STANDARD.encode(&text));
            prop_assert_eq!(decode(&format!("{around}{word}{around}")), format!("{around}{text}{around}"));
        }

        #[test]
        fn nothing_makes_it_fail(value in "[=?a-zA-Z0-9_ \\-üQB]{0,60}") {
            let _ = decode(&value);
        }
    }
}
