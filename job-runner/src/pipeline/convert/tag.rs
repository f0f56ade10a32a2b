//! Start tags: names and attributes, checked as XML 1.0 (productions 40 to 44) and Namespaces in XML ask.

use std::borrow::Cow;

use docmill_crds::reason::Reason;

use super::chars::{is_space, reference, split_qname};
use super::fault::Flaw;
use super::limits::Limits;

/// An attribute as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawAttribute<'t> {
    /// Prefix, or empty.
    pub(super) prefix: &'t str,
    pub(super) local: &'t str,
    /// The value between the quotes; references in it are valid.
    pub(super) raw: &'t str,
    /// Where the value starts in the window.
    pub(super) offset: usize,
}

/// The attributes of a tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes<'t> {
    tag: &'t str,
    spans: &'t [Span],
    /// Where the tag starts in the window.
    offset: usize,
}

/// Where in its tag an attribute is. Kept apart from the tag, so that the list is used again for the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Start of the name, start of its local part, end of the name.
    name: usize,
    local: usize,
    name_end: usize,
    /// Start and end of the value.
    value: usize,
    value_end: usize,
}

impl<'t> Attributes<'t> {
    pub(super) const fn new(tag: &'t str, spans: &'t [Span], offset: usize) -> Self {
        Self { tag, spans, offset }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = RawAttribute<'t>> {
        self.spans.iter().map(move |span| span.of(self.tag, self.offset))
    }
}

impl Span {
    fn of(self, tag: &str, offset: usize) -> RawAttribute<'_> {
        // Without a prefix both parts start at the same place; with one, the colon is between.
        let prefix_end = if self.local > self.name { self.local - 1 } else { self.name };
        RawAttribute {
            prefix: &tag[self.name..prefix_end],
            local: &tag[self.local..self.name_end],
            raw: &tag[self.value..self.value_end],
            offset: offset + self.value,
        }
    }
}

/// Reads a tag without `<`, `/` and `>`, which starts at `offset`: puts its attributes into `spans` and returns prefix
/// and local part of its name.
pub(super) fn read<'t>(
    tag: &'t str,
    offset: usize,
    limits: &Limits,
    spans: &mut Vec<Span>,
) -> Result<(&'t str, &'t str), Flaw> {
    spans.clear();
    let bytes = tag.as_bytes();
    let end = bytes.iter().position(|b| is_space(*b)).unwrap_or(bytes.len());
    let name = qname(&tag[..end], offset, limits)?;
    let mut at = end;
    loop {
        let start = skip_space(bytes, at);
        if start == bytes.len() {
            return Ok(name);
        }
        if start == at {
            return Err(Flaw::malformed(offset + at, "white space before an attribute"));
        }
        if spans.len() == limits.attributes {
            return Err(Flaw::limit(offset, format!("at most {} attributes", limits.attributes)));
        }
        let (span, next) = attribute(tag, start, offset, limits)?;
        let written = &tag[span.name..span.name_end];
        if spans.iter().any(|other| &tag[other.name..other.name_end] == written) {
            return Err(Flaw::malformed(offset + start, "each attribute once").found(written));
        }
        spans.push(span);
        at = next;
    }
}

fn attribute(tag: &str, start: usize, offset: usize, limits: &Limits) -> Result<(Span, usize), Flaw> {
    let bytes = tag.as_bytes();
    let rest = &bytes[start..];
    let end = start + rest.iter().position(|b| *b == b'=' || is_space(*b)).unwrap_or(rest.len());
    let (prefix, local) = qname(&tag[start..end], offset + start, limits)?;
    let equals = skip_space(bytes, end);
    if bytes.get(equals) != Some(&b'=') {
        return Err(Flaw::malformed(offset + end, "= after the name of an attribute").found(local));
    }
    let open = skip_space(bytes, equals + 1);
    let Some(&quote) = bytes.get(open).filter(|b| matches!(b, b'"' | b'\'')) else {
        return Err(Flaw::malformed(offset + open, "a value in quotes").found(local));
    };
    let value = open + 1;
    let Some(length) = bytes[value..].iter().position(|b| *b == quote) else {
        return Err(Flaw::malformed(offset + open, "the closing quote").found(local));
    };
    let raw = &tag[value..value + length];
    check_value(raw, offset + value, limits)?;
    let local = if prefix.is_empty() { start } else { start + prefix.len() + 1 };
    let value_end = value + length;
    Ok((Span { name: start, local, name_end: end, value, value_end }, value_end + 1))
}

fn check_value(raw: &str, offset: usize, limits: &Limits) -> Result<(), Flaw> {
    if raw.len() > limits.attribute_bytes {
        return Err(Flaw::limit(offset, format!("an attribute of at most {} bytes", limits.attribute_bytes)));
    }
    if !raw.bytes().any(|b| matches!(b, b'<' | b'&')) {
        return Ok(());
    }
    if let Some(at) = raw.find('<') {
        return Err(Flaw::malformed(offset + at, "&lt; in the value of an attribute").found("<"));
    }
    references(raw, offset, |_| ())
}

/// Calls `piece` with every run of plain text (as `Ok`) and every referenced character (as `Err`).
fn references<'a>(
    raw: &'a str,
    offset: usize,
    mut piece: impl FnMut(Result<&'a str, char>),
) -> Result<(), Flaw> {
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        piece(Ok(&rest[..at]));
        let start = offset + raw.len() - rest.len() + at;
        let Some((name, after)) = rest[at + 1..].split_once(';') else {
            return Err(Flaw::malformed(start, "a ; after the reference"));
        };
        piece(Err(reference(name, start)?));
        rest = after;
    }
    piece(Ok(rest));
    Ok(())
}

impl<'a> RawAttribute<'a> {
    /// The value with references resolved and white space normalised: XML 1.0, section 3.3.3.
    pub(super) fn value(&self) -> Cow<'a, str> {
        if !self.raw.bytes().any(|b| matches!(b, b'&' | b'\t' | b'\r' | b'\n')) {
            return Cow::Borrowed(self.raw);
        }
        let mut value = String::with_capacity(self.raw.len());
        // A line end of two characters is one (section 2.11), and then one space.
        let raw = if self.raw.contains('\r') {
            Cow::Owned(self.raw.replace("\r\n", "\n"))
        } else {
            Cow::Borrowed(self.raw)
        };
        let result = references(&raw, self.offset, |piece| match piece {
            Ok(text) => {
                value.extend(text.chars().map(|c| if matches!(c, '\t' | '\r' | '\n') { ' ' } else { c }));
            }
            Err(c) => value.push(c),
        });
        debug_assert!(result.is_ok(), "the references were checked when the tag was read");
        Cow::Owned(value)
    }
}

fn qname<'a>(name: &'a str, offset: usize, limits: &Limits) -> Result<(&'a str, &'a str), Flaw> {
    if name.len() > limits.name_bytes {
        return Err(Flaw::limit(offset, format!("a name of at most {} bytes", limits.name_bytes)).found(name));
    }
    split_qname(name)
        .ok_or_else(|| Flaw::malformed(offset, "a name").because(Reason::MalformedXml).found(name))
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().position(|b| !is_space(*b)).unwrap_or(bytes.len() - from)
}
