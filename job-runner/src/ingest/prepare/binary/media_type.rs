//! Detects the media type of an object from its first bytes and nothing else, as the declared type may be
//! arbitrary. Pure.
//!
//! Text is distinguished from other bytes first, as some two-letter signatures also begin texts (`BM` is a
//! bitmap, and `BMW`).

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, UTF_8};
use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::zip;

/// The type of an object without bytes, as `file(1)` reports it.
const EMPTY: &str = "inode/x-empty";
/// The type of unknown bytes (RFC 2046, section 4.5.1).
const UNKNOWN: &str = "application/octet-stream";
const PLAIN_TEXT: &str = "text/plain";
const XML: &str = "text/xml";
const HTML: &str = "text/html";

/// The start of an OLE compound file: Word, Excel and Outlook before 2007. Its directory tells which of them
/// it is, and may be anywhere in the file.
const OLE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Starts of texts that are more than text.
const TEXTS: [(&str, &str); 3] =
    [("%PDF-", "application/pdf"), ("{\\rtf", "application/rtf"), ("%!PS", "application/postscript")];

/// Shells that scripts name in their first line.
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "ksh", "zsh"];

/// Detects the type from the first bytes. `is_whole`: nothing follows.
pub(crate) fn detect(head: &[u8], is_whole: bool) -> Cow<'static, str> {
    if head.is_empty() {
        return EMPTY.into();
    }
    if let Some(text) = text(head, is_whole) {
        return of_text(&text, is_whole).into();
    }
    if head.starts_with(zip::SIGNATURE) {
        return zip::detect(head);
    }
    if head.starts_with(OLE) {
        return "application/x-ole-storage".into();
    }
    infer::get(head).map_or(UNKNOWN, |found| found.mime_type()).into()
}

/// The bytes as text, if they are UTF-8, or UTF-16 with a byte order mark, without characters that only
/// binary data has.
fn text(head: &[u8], is_whole: bool) -> Option<String> {
    let (encoding, mark) = Encoding::for_bom(head).unwrap_or((UTF_8, 0));
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let bytes = &head[mark..];
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, is_whole);
    (result == DecoderResult::InputEmpty && !text.contains(is_binary)).then_some(text)
}

/// What the standard calls binary data bytes: <https://mimesniff.spec.whatwg.org/#binary-data-byte>.
const fn is_binary(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0B' | '\x0E'..='\x1A' | '\x1C'..='\x1F')
}

fn of_text(text: &str, is_whole: bool) -> &'static str {
    let start = text.trim_start();
    if let Some((_, known)) = TEXTS.iter().find(|(signature, _)| text.starts_with(signature)) {
        return known;
    }
    if start.starts_with('<') {
        return markup(start).unwrap_or(PLAIN_TEXT);
    }
    if start.starts_with(['{', '[']) {
        return json(start, is_whole).unwrap_or(PLAIN_TEXT);
    }
    if text.starts_with("#!") && names_a_shell(text.lines().next().unwrap_or_default()) {
        return "text/x-shellscript";
    }
    PLAIN_TEXT
}

/// The type of what starts with `<`.
fn markup(text: &str) -> Option<&'static str> {
    let declared = text.starts_with("<?xml");
    let root = root(text).map(|name| name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase());
    match root.as_deref() {
        Some("svg") => Some("image/svg+xml"),
        Some("html") if declared => Some("application/xhtml+xml"),
        _ if declared => Some(XML),
        Some("html") => Some(HTML),
        _ if infer::text::is_html(text.as_bytes()) && !text.starts_with("<!--") => Some(HTML),
        Some(_) => Some(XML),
        None => None,
    }
}

/// The name of the first element, after declarations and comments.
fn root(mut text: &str) -> Option<&str> {
    loop {
        text = text.trim_start();
        let end = match text {
            _ if text.starts_with("<?") => "?>",
            _ if text.starts_with("<!--") => "-->",
            _ if text.starts_with("<!") => ">",
            _ => break,
        };
        text = text.split_once(end)?.1;
    }
    let text = text.strip_prefix('<')?;
    let length = text.find(|c: char| !(c.is_alphanumeric() || "_:-.".contains(c)))?;
    let (name, after) = text.split_at(length);
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (is_name && after.starts_with([' ', '\t', '\r', '\n', '/', '>'])).then_some(name)
}

/// JSON, or several JSON values in sequence, as far as the bytes are there.
fn json(text: &str, is_whole: bool) -> Option<&'static str> {
    let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut is_value = || match values.next()? {
        Ok(_) => Some(true),
        Err(error) => Some(error.is_eof() && !is_whole),
    };
    match (is_value()?, is_value()) {
        (true, None) => Some("application/json"),
        (true, Some(true)) => Some("application/x-ndjson"),
        _ => None,
    }
}

fn names_a_shell(line: &str) -> bool {
    let words = line.trim_start_matches("#!").split_whitespace();
    words.into_iter().any(|word| SHELLS.contains(&word.rsplit('/').next().unwrap_or(word)))
}

#[cfg(test)]
mod tests;
