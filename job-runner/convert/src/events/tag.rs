//! Start tags: names and attributes, checked as XML 1.0 (productions 40 to 44) and Namespaces in XML ask.

use std::borrow::Cow;
use std::collections::HashSet;

use docmill_crds::reason::Reason;

use crate::fault::Flaw;
use crate::limits::Limits;
use crate::text::chars::{is_space, reference, split_qname};

/// Up to this many attributes are compared one by one. More are hashed, so that a flood of them costs no more
/// than its bytes.
pub(crate) const FEW: usize = 16;

/// An attribute as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawAttribute<'t> {
    /// Prefix, or empty.
    pub(crate) prefix: &'t str,
    pub(crate) local: &'t str,
    /// The value between the quotes; its references are valid.
    pub(crate) raw: &'t str,
    /// Where the value starts in the window.
    pub(crate) offset: usize,
    /// The value is what is between the quotes.
    plain: bool,
}

/// The attributes of a tag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes<'t> {
    tag: &'t str,
    spans: &'t [Span],
    /// Where the tag starts in the window.
    offset: usize,
}

impl<'t> Attributes<'t> {
    pub(crate) const fn new(tag: &'t str, spans: &'t [Span], offset: usize) -> Self {
        Self { tag, spans, offset }
    }

    pub(crate) const fn len(self) -> usize {
        self.spans.len()
    }

    pub(crate) fn get(self, index: usize) -> RawAttribute<'t> {
        self.spans[index].of(self.tag, self.offset)
    }

    /// The first attribute with this local name whose prefix `good` accepts, and its number.
    pub(crate) fn find(self, local: &str, good: impl Fn(&str) -> bool) -> Option<(usize, RawAttribute<'t>)> {
        let bytes = self.tag.as_bytes();
        let same = |span: &Span| &bytes[span.name.local..span.name.end] == local.as_bytes();
        let named = self.spans.iter().enumerate().filter(|(_, span)| same(span));
        let mut named = named.map(|(index, span)| (index, span.of(self.tag, self.offset)));
        named.find(|(_, attribute)| good(attribute.prefix))
    }

    /// Those that have a prefix or declare a namespace.
    pub(crate) fn qualified(self) -> impl Iterator<Item = RawAttribute<'t>> {
        let bytes = self.tag.as_bytes();
        let name = |span: &Span| &bytes[span.name.start..span.name.end];
        let is_plain = move |span: &Span| span.name.start == span.name.local && name(span) != b"xmlns";
        let qualified = self.spans.iter().filter(move |span| !is_plain(span));
        qualified.map(move |span| span.of(self.tag, self.offset))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = RawAttribute<'t>> {
        self.spans.iter().map(move |span| span.of(self.tag, self.offset))
    }
}

/// The position of an attribute in its tag. Kept apart from the tag, so that the list can be reused for the
/// next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    name: QName,
    /// Start and end of the value.
    value: usize,
    value_end: usize,
    /// Where the value starts in the tag as the object has it: references may have been replaced since.
    written: usize,
    /// There is nothing in the value to resolve or to normalise.
    plain: bool,
}

/// The position of a qualified name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QName {
    start: usize,
    /// The start, or what comes after the colon.
    local: usize,
    end: usize,
}

impl QName {
    /// Prefix (or nothing) and local part.
    pub(crate) fn parts(self, tag: &str) -> (&str, &str) {
        (&tag[self.start..self.local.saturating_sub(1).max(self.start)], &tag[self.local..self.end])
    }
}

impl Span {
    fn of(self, tag: &str, offset: usize) -> RawAttribute<'_> {
        let (prefix, local) = self.name.parts(tag);
        let (raw, offset) = (&tag[self.value..self.value_end], offset + self.written);
        RawAttribute { prefix, local, raw, offset, plain: self.plain }
    }
}

/// Tells where the values of attributes start in the tag as the object has it, by where they were said to start.
pub(crate) fn relocate(spans: &mut [Span], written: impl Fn(usize) -> usize) {
    for span in spans {
        span.written = written(span.written);
    }
}

/// Leaves out the attributes with these numbers, which ascend.
pub(crate) fn leave_out(spans: &mut Vec<Span>, numbers: &[usize]) {
    let mut number = 0;
    spans.retain(|_| {
        number += 1;
        numbers.binary_search(&(number - 1)).is_err()
    });
}

/// Parses a tag without `<`, `/` and `>`, which starts at `offset`: puts its attributes into `spans` and
/// returns its name. With `dropped`, an attribute whose name has come already is no
/// fault but left out, and counted there.
pub(crate) fn read(
    tag: &str,
    offset: usize,
    limits: &Limits,
    spans: &mut Vec<Span>,
    mut dropped: Option<&mut u64>,
) -> Result<QName, Flaw> {
    spans.clear();
    let bytes = tag.as_bytes();
    let name = qname(tag, 0, offset, limits)?;
    let mut at = name.end;
    let mut seen: Option<HashSet<&[u8]>> = None;
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
        let span = attribute(tag, start, offset, limits)?;
        let written = |span: &Span| &bytes[span.name.start..span.name.end];
        let twice = if spans.len() < FEW {
            spans.iter().any(|other| written(other) == written(&span))
        } else {
            is_seen(&mut seen, spans.iter().map(written), written(&span))
        };
        if twice {
            if let Some(dropped) = &mut dropped {
                **dropped += 1;
                at = span.value_end + 1;
                continue;
            }
            let found = tag.get(span.name.start..span.name.end).unwrap_or_default();
            return Err(Flaw::malformed(offset + start, "each attribute once").found(found));
        }
        at = span.value_end + 1;
        spans.push(span);
    }
}

/// Whether a name is among those before it, of which there are many.
#[cold]
fn is_seen<'t>(
    seen: &mut Option<HashSet<&'t [u8]>>,
    before: impl Iterator<Item = &'t [u8]>,
    name: &'t [u8],
) -> bool {
    !seen.get_or_insert_with(|| before.collect()).insert(name)
}

fn attribute(tag: &str, start: usize, offset: usize, limits: &Limits) -> Result<Span, Flaw> {
    let bytes = tag.as_bytes();
    let name = qname(tag, start, offset, limits)?;
    let local = || name.parts(tag).1;
    let equals = skip_space(bytes, name.end);
    if bytes.get(equals) != Some(&b'=') {
        return Err(Flaw::malformed(offset + name.end, "= after the name of an attribute").found(local()));
    }
    let open = skip_space(bytes, equals + 1);
    let Some(&quote) = bytes.get(open).filter(|b| matches!(b, b'"' | b'\'')) else {
        return Err(Flaw::malformed(offset + open, "a value in quotes").found(local()));
    };
    let value = open + 1;
    let Some(length) = memchr::memchr(quote, &bytes[value..]) else {
        return Err(Flaw::malformed(offset + open, "the closing quote").found(local()));
    };
    let value_end = value + length;
    let plain = check_value(&tag[value..value_end], offset + value, limits)?;
    Ok(Span { name, value, value_end, written: value, plain })
}

/// Checks the value of an attribute, which starts at `offset`. Returns whether there is nothing in it to resolve or to
/// normalise.
fn check_value(raw: &str, offset: usize, limits: &Limits) -> Result<bool, Flaw> {
    if raw.len() > limits.attribute_bytes {
        let most = limits.attribute_bytes;
        return Err(Flaw::limit(offset, format!("an attribute of at most {most} bytes")));
    }
    // A loop without an early exit, which the compiler vectorizes.
    let is_special = |byte: u8| byte < b' ' || byte == b'<' || byte == b'&';
    if raw.bytes().fold(0, |found, byte| found | u8::from(is_special(byte))) == 0 {
        return Ok(true);
    }
    check_references(raw, offset).map(|()| false)
}

/// Checks the text between the quotes of an attribute value: production 10.
pub(crate) fn check_references(raw: &str, offset: usize) -> Result<(), Flaw> {
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
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
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
    /// Whether it declares a namespace.
    pub(crate) fn is_declaration(&self) -> bool {
        self.prefix == "xmlns" || (self.prefix.is_empty() && self.local == "xmlns")
    }

    /// The name as it is written.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        match self.prefix {
            "" => Cow::Borrowed(self.local),
            prefix => Cow::Owned(format!("{prefix}:{}", self.local)),
        }
    }

    /// The value with references resolved and white space normalised: XML 1.0, section 3.3.3.
    pub(crate) fn value(&self) -> Cow<'a, str> {
        if self.plain {
            return Cow::Borrowed(self.raw);
        }
        let mut value = String::with_capacity(self.raw.len());
        // A line end of two characters counts as one (section 2.11), and then as one space.
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

/// Parses the name that starts at `start`: Namespaces in XML, production 7.
#[expect(clippy::inline_always, reason = "a name that is returned through memory stalls its reader")]
#[inline(always)]
fn qname(tag: &str, start: usize, offset: usize, limits: &Limits) -> Result<QName, Flaw> {
    let bytes = tag.as_bytes();
    let mut local = start;
    let mut plain = true;
    let mut end = start;
    // Names are nearly always ASCII; then this loop checks everything except the starts of both parts.
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | b'-' | b'.' => {}
            b':' if local == start => local = end + 1,
            b' ' | b'\t' | b'\r' | b'\n' | b'=' => break,
            _ => plain = false,
        }
        end += 1;
    }
    let starts_well = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let good = plain && local < end && starts_well(start) && starts_well(local);
    if !good || end - start > limits.name_bytes {
        check_name(tag, (start, end), offset, limits)?;
    }
    Ok(QName { start, local, end })
}

/// Checks a name that is long or not of ASCII alone.
#[cold]
fn check_name(tag: &str, (start, end): (usize, usize), offset: usize, limits: &Limits) -> Result<(), Flaw> {
    if end - start > limits.name_bytes {
        let found = tag.get(start..end).unwrap_or_default();
        let flaw = Flaw::limit(offset + start, format!("a name of at most {} bytes", limits.name_bytes));
        return Err(flaw.found(found));
    }
    if split_qname(&tag[start..end]).is_some() {
        return Ok(());
    }
    let flaw = Flaw::malformed(offset + start, "a name").because(Reason::MalformedXml);
    Err(flaw.found(&tag[start..end]))
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().position(|b| !is_space(*b)).unwrap_or(bytes.len() - from)
}
