//! The XML declaration: XML 1.0, productions 23 to 32 and 80.

use super::chars::is_space;
use crate::fault::Flaw;

/// How many bytes at the start of an object are searched for the encoding of its declaration.
pub(crate) const SNIFFED: usize = 1024;

/// Maximum bytes of a declaration. If it is longer than the part searched for its encoding, it can only be in
/// UTF-8 or UTF-16.
pub(crate) const MOST: usize = 4 * SNIFFED;

/// What the declaration says.
#[derive(Debug, Default)]
pub(crate) struct Declaration<'a> {
    /// Bytes from the start to the end of `?>`; 0 if there is no declaration.
    pub(crate) length: usize,
    /// The name of the encoding.
    pub(crate) encoding: Option<&'a str>,
}

/// The name of the encoding in a declaration that is at least readable as ASCII.
pub(crate) fn sniff_encoding(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(SNIFFED)];
    let end = end_of(head)? + 2;
    let head = std::str::from_utf8(&head[..end]).ok()?;
    Declaration::read(head).ok()?.encoding
}

/// Where the `?>` of a declaration starts.
fn end_of(text: &[u8]) -> Option<usize> {
    let ends = memchr::memchr_iter(b'>', text);
    ends.filter_map(|at| at.checked_sub(1)).find(|at| text[*at] == b'?')
}

impl<'a> Declaration<'a> {
    /// Whether the text ends within a declaration that may still fit into [`MOST`] bytes.
    pub(crate) fn is_cut_off(text: &str) -> bool {
        let starts = text.starts_with("<?xml") || "<?xml".starts_with(text);
        starts && text.len() < MOST && !text.contains("?>")
    }

    /// Reads the declaration at the start of `text`.
    pub(crate) fn read(text: &'a str) -> Result<Self, Flaw> {
        let Some(rest) = text.strip_prefix("<?xml").filter(|rest| rest.bytes().next().is_some_and(is_space))
        else {
            return Ok(Self::default());
        };
        let Some(end) = end_of(rest.as_bytes()) else {
            return Err(Flaw::malformed(0, "the end of the XML declaration"));
        };
        let (inner, after) = (&rest[..end], &rest[end + 2..]);
        let mut parameters = Parameters { offset: 5, rest: inner };
        let version = parameters.take("version")?;
        if !version.is_some_and(is_version) {
            let flaw = Flaw::malformed(5, "version=\"1.0\"");
            return Err(version.map_or(flaw.clone(), |found| flaw.found(found)));
        }
        let encoding = parameters.take("encoding")?;
        if let Some(name) = encoding.filter(|name| !is_encoding(name)) {
            return Err(Flaw::malformed(5, "the name of an encoding").found(name));
        }
        let standalone = parameters.take("standalone")?;
        if let Some(found) = standalone.filter(|found| !matches!(*found, "yes" | "no")) {
            return Err(Flaw::malformed(5, "standalone=\"yes\" or \"no\"").found(found));
        }
        if !parameters.rest.bytes().all(is_space) {
            let flaw = Flaw::malformed(parameters.offset, "the end of the XML declaration");
            return Err(flaw.found(parameters.rest));
        }
        Ok(Self { length: text.len() - after.len(), encoding })
    }
}

struct Parameters<'a> {
    offset: usize,
    rest: &'a str,
}

impl<'a> Parameters<'a> {
    /// The value of the next pseudo-attribute, if it has this name.
    fn take(&mut self, name: &str) -> Result<Option<&'a str>, Flaw> {
        let trimmed = skip_space(self.rest);
        let Some(rest) = trimmed.strip_prefix(name).filter(|_| trimmed.len() < self.rest.len()) else {
            return Ok(None);
        };
        let value = skip_space(rest).strip_prefix('=').map(skip_space);
        let quoted = value.and_then(|value| {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            value[1..].split_once(quote)
        });
        let Some((value, rest)) = quoted else {
            return Err(Flaw::malformed(self.offset, format!("a value in quotes after {name}")));
        };
        self.offset += self.rest.len() - rest.len();
        self.rest = rest;
        Ok(Some(value))
    }
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r', '\n'])
}

/// 1.0, and what a processor of version 1.0 has to read as if it were (fifth edition, section 2.8).
fn is_version(version: &str) -> bool {
    version
        .strip_prefix("1.")
        .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()))
}

fn is_encoding(name: &str) -> bool {
    name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
