//! The tokens of JSON, read as strictly as RFC 8259 defines them.

use crate::fault::Flaw;
use crate::text::json_writer::plain_length;

/// A token of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonToken<'w> {
    /// One of `{ } [ ] : ,`
    Mark(u8),
    /// The text between the quotes of a string; its escapes are valid.
    String {
        raw: &'w str,
        escaped: bool,
    },
    Number(&'w str),
    /// `true` or `false`
    Boolean(&'w str),
    Null,
    /// Text that is not a JSON token.
    Stray(&'w str),
}

/// The token that starts at `at`, where there is no white space, and where it ends. `None` if the text ends
/// before the end of the token is known, unless the text is `complete`.
pub(crate) fn read(text: &str, at: usize, complete: bool) -> Result<Option<(JsonToken<'_>, usize)>, Flaw> {
    let rest = &text[at..];
    let Some(&first) = rest.as_bytes().first() else { return Ok(None) };
    match first {
        b'{' | b'}' | b'[' | b']' | b':' | b',' => Ok(Some((JsonToken::Mark(first), at + 1))),
        b'"' => string(text, at, complete),
        _ if is_word(first) => {
            let length = rest.bytes().position(|b| !is_word(b));
            if length.is_none() && !complete {
                return Ok(None);
            }
            let length = length.unwrap_or(rest.len());
            Ok(Some((word(&rest[..length]), at + length)))
        }
        _ => {
            let length = rest.chars().next().map_or(0, char::len_utf8);
            Ok(Some((JsonToken::Stray(&rest[..length]), at + length)))
        }
    }
}

/// Appends the decoded text of a string, given the text between its quotes.
pub(crate) fn unescape(raw: &str, into: &mut String) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        into.push_str(&rest[..at]);
        let Escape::Character(c, length) = escape(&rest.as_bytes()[at..]) else { return };
        into.push(c);
        rest = &rest[at + length..];
    }
    into.push_str(rest);
}

/// Characters of numbers and literals, and of what people write in their place: a word is a number or literal
/// only as a whole.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
}

fn word(word: &str) -> JsonToken<'_> {
    match word {
        "true" | "false" => JsonToken::Boolean(word),
        "null" => JsonToken::Null,
        _ if is_number(word.as_bytes()) => JsonToken::Number(word),
        _ => JsonToken::Stray(word),
    }
}

/// Section 6.
fn is_number(word: &[u8]) -> bool {
    let unsigned = word.strip_prefix(b"-").unwrap_or(word);
    let (whole, rest) = digits(unsigned);
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return false;
    }
    let mut rest = rest;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (fraction, after) = digits(fraction);
        if fraction.is_empty() {
            return false;
        }
        rest = after;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let (exponent, after) = digits(exponent);
        if exponent.is_empty() {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len()))
}

/// Section 7. The first error is reported first, whether or not the closing quote is there already.
fn string(text: &str, at: usize, complete: bool) -> Result<Option<(JsonToken<'_>, usize)>, Flaw> {
    let start = at + 1;
    let bytes = &text.as_bytes()[start..];
    let (mut end, mut escaped) = (0, false);
    loop {
        end += plain_length(&bytes[end..]);
        match bytes.get(end) {
            Some(b'"') => {
                let raw = &text[start..start + end];
                return Ok(Some((JsonToken::String { raw, escaped }, start + end + 1)));
            }
            Some(b'\\') => match escape(&bytes[end..]) {
                Escape::Character(_, length) => {
                    escaped = true;
                    end += length;
                }
                Escape::Wrong => return Err(wrong_escape(text, start + end)),
                Escape::CutOff if complete => return Err(unclosed(text)),
                Escape::CutOff => return Ok(None),
            },
            Some(control) => {
                let expected = "a closing quote, or an escape for the control character";
                let found = format!("U+{control:04X}");
                return Err(Flaw::malformed_json(start + end, expected).found(&found));
            }
            None if complete => return Err(unclosed(text)),
            None => return Ok(None),
        }
    }
}

fn unclosed(text: &str) -> Flaw {
    Flaw::malformed_json(text.len(), "a closing quote").found("the end of the object")
}

fn wrong_escape(text: &str, at: usize) -> Flaw {
    // Only what is certain to be there, in whatever portions the object arrives.
    let found: String = text[at..].chars().take(2).collect();
    let expected = "an escape that JSON knows, surrogates only in pairs";
    Flaw::malformed_json(at, expected).found(&found)
}

/// An escape.
enum Escape {
    /// The character that it stands for, and its length.
    Character(char, usize),
    Wrong,
    /// It continues after the end of the text.
    CutOff,
}

/// Reads the escape that starts here.
fn escape(bytes: &[u8]) -> Escape {
    let c = match bytes.get(1) {
        None => return Escape::CutOff,
        Some(b'u') => return unicode(bytes),
        Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(_) => return Escape::Wrong,
    };
    Escape::Character(c, 2)
}

/// `\u0041`, or two of them for a character beyond U+FFFF.
fn unicode(bytes: &[u8]) -> Escape {
    let first = match unit(bytes) {
        Ok(unit) => unit,
        Err(other) => return other,
    };
    if let Some(c) = char::from_u32(first) {
        return Escape::Character(c, 6);
    }
    if first >= 0xdc00 {
        return Escape::Wrong;
    }
    let low = &bytes[6..];
    match (low.first(), low.get(1)) {
        (Some(b'\\'), Some(b'u')) => {}
        (None, _) | (Some(b'\\'), None) => return Escape::CutOff,
        _ => return Escape::Wrong,
    }
    match unit(low) {
        Ok(second @ 0xdc00..=0xdfff) => {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            char::from_u32(code).map_or(Escape::Wrong, |c| Escape::Character(c, 12))
        }
        Ok(_) => Escape::Wrong,
        Err(other) => other,
    }
}

/// The number of an escape like `\u0041`.
fn unit(bytes: &[u8]) -> Result<u32, Escape> {
    let mut unit = 0;
    for index in 2..6 {
        let Some(byte) = bytes.get(index) else { return Err(Escape::CutOff) };
        let digit = char::from(*byte).to_digit(16).ok_or(Escape::Wrong)?;
        unit = unit << 4 | digit;
    }
    Ok(unit)
}
