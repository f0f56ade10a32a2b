//! Which characters XML 1.0 (fifth edition) allows in which place.

use crate::fault::Flaw;

/// White space of XML: production 3.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A character that is allowed in a document at all: production 2.
pub(crate) const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Finds the first character that is not allowed in a document: its offset, and its name.
pub(crate) fn check_chars(text: &str) -> Result<(), (usize, String)> {
    let bytes = text.as_bytes();
    // A loop without an early exit, which the compiler vectorizes: nearly every text passes it.
    let controls = bytes.iter().fold(0, |found, b| found | u8::from(is_control(*b)));
    // The two non-characters, U+FFFE and U+FFFF, in UTF-8.
    let non_character = |at: &usize| matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf]));
    let non_character = memchr::memchr_iter(0xef, bytes).find(non_character);
    let control = if controls == 0 { None } else { bytes.iter().position(|b| is_control(*b)) };
    match control.into_iter().chain(non_character).min() {
        None => Ok(()),
        Some(at) if bytes[at] == 0xef => {
            Err((at, if bytes[at + 2] == 0xbe { "U+FFFE" } else { "U+FFFF" }.into()))
        }
        Some(at) => Err((at, format!("U+{:04X}", bytes[at]))),
    }
}

/// A control character that production 2 excludes.
const fn is_control(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r'
}

/// The start of a name: production 4, without the colon.
const fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// The rest of a name: production 4a, without the colon.
const fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// A name without a colon, like targets of instructions and both halves of a qualified name (Namespaces in
/// XML).
pub(crate) fn is_ncname(name: &str) -> bool {
    let bytes = name.as_bytes();
    let Some(&first) = bytes.first() else { return false };
    if name.is_ascii() {
        return (first.is_ascii_alphabetic() || first == b'_')
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    }
    let mut characters = name.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_char)
}

/// Whether a token continues a name after its start: production 7.
pub(crate) fn is_name_token(token: &str) -> bool {
    !token.is_empty() && token.chars().all(|c| c == ':' || is_name_char(c))
}

/// Checks the text between `<?` and `?>`, which starts at `offset`: production 17.
pub(crate) fn check_instruction(inner: &str, offset: usize) -> Result<(), Flaw> {
    let target = inner.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
    if target == "xml" {
        return Err(Flaw::malformed(offset, "an XML declaration at the very start, or none"));
    }
    if !is_ncname(target) || target.eq_ignore_ascii_case("xml") {
        return Err(Flaw::malformed(offset, "the name of a processing instruction").found(target));
    }
    Ok(())
}

/// Prefix (empty when there is none) and local part of a qualified name; `None` when it is not one.
pub(crate) fn split_qname(name: &str) -> Option<(&str, &str)> {
    match name.split_once(':') {
        None => is_ncname(name).then_some(("", name)),
        Some((prefix, local)) => (is_ncname(prefix) && is_ncname(local)).then_some((prefix, local)),
    }
}

/// The character that a reference stands for, given the text between `&` and `;`. Only XML's own entities are
/// known.
pub(crate) fn reference(name: &str, offset: usize) -> Result<char, Flaw> {
    let number = match name.strip_prefix('#') {
        None => return entity(name, offset),
        Some(number) => match number.strip_prefix('x') {
            Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok(),
            None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok(),
            _ => None,
        },
    };
    number
        .and_then(char::from_u32)
        .filter(|c| is_char(*c))
        .ok_or_else(|| Flaw::malformed(offset, "a reference to a character that XML allows").found(name))
}

fn entity(name: &str, offset: usize) -> Result<char, Flaw> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ if is_ncname(name) => {
            let flaw = Flaw::malformed(offset, "one of the entities amp, lt, gt, quot and apos");
            Err(flaw.because(docmill_crds::reason::Reason::EntityRefused).found(name))
        }
        _ => Err(Flaw::malformed(offset, "the name of an entity after &").found(name)),
    }
}
