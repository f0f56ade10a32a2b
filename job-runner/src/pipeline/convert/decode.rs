//! From bytes to text, strictly: a byte that the object's encoding does not know refuses the object, and is never
//! replaced. The encoding is what the byte order mark says, else what the XML declaration says, else UTF-8 (XML 1.0,
//! section 4.3.3 and appendix F).

use std::borrow::Cow;

use docmill_crds::reason::Reason;
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED};

use super::chars::check_chars;
use super::declaration::{Declaration, sniff_encoding};
use super::fault::{Fault, Flaw, Positions, Refusal};
use super::limits::Limits;

/// The text of an object, ready to be read.
#[derive(Debug)]
pub struct Source<'a> {
    text: Cow<'a, str>,
    body: usize,
    limits: Limits,
}

impl<'a> Source<'a> {
    /// Decodes an object and reads its XML declaration.
    pub fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, Refusal> {
        let size = bytes.len();
        if size > limits.object_bytes {
            let expected = format!("an object of at most {} bytes", limits.object_bytes);
            return Err(refuse(Reason::LimitExceeded, b"", &expected, &format!("{size} bytes")));
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(refuse(Reason::EmptyObject, b"", "an XML document", &format!("{size} bytes")));
        }
        let (text, marked) = to_text(bytes)?;
        let body = prolog(&text, marked, limits).map_err(|flaw| {
            let position = Positions::new(&text).of(flaw.offset);
            Refusal::object(flaw.place(None, position))
        })?;
        Ok(Self { text, body, limits: *limits })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where the XML declaration, if there is one, ends.
    pub(super) const fn body(&self) -> usize {
        self.body
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Checks the text as a whole and the declaration; returns the length of the latter.
fn prolog(text: &str, marked: Option<&'static Encoding>, limits: &Limits) -> Result<usize, Flaw> {
    if text.len() > limits.object_bytes {
        return Err(Flaw::limit(0, format!("at most {} bytes of text", limits.object_bytes)));
    }
    check_chars(text)?;
    let declaration = Declaration::read(text)?;
    if let (Some(marked), Some(label)) = (marked, declaration.encoding) {
        let declared = Encoding::for_label(label.as_bytes());
        let both_utf16 = marked != UTF_8 && declared.is_some_and(|d| d == UTF_16BE || d == UTF_16LE);
        if declared != Some(marked) && !both_utf16 {
            let expected = format!("{}, as the byte order mark says", marked.name());
            return Err(Flaw::malformed(0, expected).because(Reason::UnsupportedEncoding).found(label));
        }
    }
    if text[declaration.length..].starts_with('\u{feff}') {
        return Err(Flaw::malformed(declaration.length, "markup").found("U+FEFF"));
    }
    Ok(declaration.length)
}

/// The text, and what its byte order mark said.
fn to_text(bytes: &[u8]) -> Result<(Cow<'_, str>, Option<&'static Encoding>), Refusal> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let bytes = &bytes[length..];
        let text = if encoding == UTF_8 { utf8(bytes)? } else { Cow::Owned(decode(encoding, bytes, 0)?) };
        return Ok((text, Some(encoding)));
    }
    if matches!(bytes, [b'<', 0, ..] | [0, b'<', ..]) {
        return Err(refuse(
            Reason::UnsupportedEncoding,
            b"",
            "a byte order mark",
            "UTF-16 or UTF-32 without one",
        ));
    }
    let Some(label) = sniff_encoding(bytes) else { return Ok((utf8(bytes)?, None)) };
    let encoding = match Encoding::for_label_no_replacement(label.as_bytes()) {
        Some(encoding) if encoding != X_USER_DEFINED => encoding,
        _ => return Err(refuse(Reason::UnsupportedEncoding, b"", "a known encoding", label)),
    };
    if encoding == UTF_8 {
        return Ok((utf8(bytes)?, None));
    }
    if encoding == UTF_16BE || encoding == UTF_16LE {
        return Err(refuse(Reason::UnsupportedEncoding, b"", "UTF-16 with a byte order mark", label));
    }
    Ok((Cow::Owned(legacy(encoding, label, bytes)?), None))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| invalid(UTF_8.name(), bytes, error.valid_up_to()))
}

/// Encodings of one or two bytes a character. The WHATWG table behind `encoding_rs` takes ASCII and some of ISO-8859 for
/// the Windows code page that extends them. XML means what the label says: in ASCII there is nothing beyond 7F, and in
/// ISO-8859 80 to 9F are the C1 controls.
fn legacy(encoding: &'static Encoding, label: &str, bytes: &[u8]) -> Result<String, Refusal> {
    let label = label.to_ascii_lowercase();
    let ascii = label.contains("ascii") || label.starts_with("ansi_x3");
    if let Some(offset) = bytes.iter().position(|b| !b.is_ascii()).filter(|_| ascii) {
        return Err(invalid("us-ascii", bytes, offset));
    }
    let iso = label.starts_with("iso") || label.starts_with("latin") || label.starts_with('l');
    if !iso || !encoding.name().starts_with("windows-") {
        return decode(encoding, bytes, 0);
    }
    let mut text = String::with_capacity(bytes.len() * 2);
    let mut start = 0;
    for (offset, byte) in bytes.iter().enumerate().filter(|(_, b)| matches!(b, 0x80..=0x9f)) {
        text.push_str(&decode(encoding, &bytes[..offset], start)?);
        text.push(char::from(*byte));
        start = offset + 1;
    }
    text.push_str(&decode(encoding, bytes, start)?);
    Ok(text)
}

/// Decodes the bytes from `start` on.
fn decode(encoding: &'static Encoding, object: &[u8], start: usize) -> Result<String, Refusal> {
    let bytes = &object[start..];
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let capacity = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0);
    let mut text = String::with_capacity(capacity);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::Malformed(bad, after) => {
            let good = read.saturating_sub(usize::from(bad) + usize::from(after));
            Err(invalid(encoding.name(), object, start + good))
        }
        DecoderResult::OutputFull => Err(invalid(encoding.name(), object, start + read)),
    }
}

fn invalid(encoding: &str, bytes: &[u8], offset: usize) -> Refusal {
    let found = bytes[offset.min(bytes.len())..].iter().take(4).map(|b| format!("{b:02X}"));
    let found = found.collect::<Vec<_>>().join(" ");
    refuse(Reason::InvalidBytes, &bytes[..offset.min(bytes.len())], &format!("bytes of {encoding}"), &found)
}

/// The refusal of an object for what comes after the bytes `before`.
fn refuse(reason: Reason, before: &[u8], expected: &str, found: &str) -> Refusal {
    let (mut line, mut column) = (0, 1);
    for text in before.split(|b| *b == b'\n') {
        line += 1;
        column = text.len() as u64 + 1;
    }
    let (expected, found) = (expected.to_owned(), Some(found.to_owned()));
    Refusal::object(Fault { reason, field: None, at: None, line, column, expected, found })
}
