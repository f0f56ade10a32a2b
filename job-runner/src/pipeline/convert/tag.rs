//! Start tags: names and attributes, checked as XML 1.0 (productions 40 to 44) and Namespaces in XML ask.

use std::borrow::Cow;

use docmill_crds::reason::Reason;

use super::chars::{is_space, reference, split_qname};
use super::fault::Flaw;
use super::limits::Limits;

/// An attribute as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawAttribute<'a> {
    /// Prefix, or empty.
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    /// The value between the quotes; references in it are valid.
    pub(super) raw: &'a str,
    /// Where the value starts in the object.
    pub(super) offset: usize,
}

/// Reads a tag without `<`, `/` and `>`: puts its attributes into `attributes` and returns its name.
pub(super) fn read<'a>(
    tag: &'a str,
    offset: usize,
    limits: &Limits,
    attributes: &mut Vec<RawAttribute<'a>>,
) -> Result<(&'a str, &'a str), Flaw> {
    attributes.clear();
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
        if attributes.len() == limits.attributes {
            return Err(Flaw::limit(offset, format!("at most {} attributes", limits.attributes)));
        }
        let (attribute, next) = attribute(tag, start, offset, limits)?;
        if attributes.iter().any(|a| a.local == attribute.local && a.prefix == attribute.prefix) {
            return Err(Flaw::malformed(offset + start, "each attribute once").found(attribute.local));
        }
        attributes.push(attribute);
        at = next;
    }
}

fn attribute<'a>(
    tag: &'a str,
    start: usize,
    offset: usize,
    limits: &Limits,
) -> Result<(RawAttribute<'a>, usize), Flaw> {
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
    Ok((RawAttribute { prefix, local, raw, offset: offset + value }, value + length + 1))
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
