//! Finds where markup begins and ends: XML 1.0, productions 14 to 21, 39 to 44 and 66 to 68. The scanner
//! checks the content; quick-xml decides where tags, comments and instructions end.

use quick_xml::parser::{CommentParser, ElementParser, Parser, PiParser};

use super::doctype::{self, Rules};
use crate::fault::Flaw;

/// A piece of an object, without the characters that delimit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum XmlToken<'w> {
    /// `<…>`
    Start(&'w str),
    /// `<…/>`
    Empty(&'w str),
    /// `</…>`
    End(&'w str),
    /// Characters between markup.
    Text(&'w str),
    /// `<![CDATA[…]]>`
    CData(&'w str),
    /// `&…;`
    Reference(&'w str),
    /// `<!--…-->`
    Comment(&'w str),
    /// `<?…?>`
    Instruction(&'w str),
    /// `<!DOCTYPE …>`, as a whole
    Doctype(&'w str),
}

impl<'w> XmlToken<'w> {
    /// What is between its delimiters.
    pub(crate) const fn content(self) -> &'w str {
        match self {
            Self::Start(content)
            | Self::Empty(content)
            | Self::End(content)
            | Self::Text(content)
            | Self::CData(content)
            | Self::Reference(content)
            | Self::Comment(content)
            | Self::Instruction(content)
            | Self::Doctype(content) => content,
        }
    }

    /// The same token with other content.
    pub(crate) const fn with(self, content: &str) -> XmlToken<'_> {
        match self {
            Self::Start(_) => XmlToken::Start(content),
            Self::Empty(_) => XmlToken::Empty(content),
            Self::End(_) => XmlToken::End(content),
            Self::Text(_) => XmlToken::Text(content),
            Self::CData(_) => XmlToken::CData(content),
            Self::Reference(_) => XmlToken::Reference(content),
            Self::Comment(_) => XmlToken::Comment(content),
            Self::Instruction(_) => XmlToken::Instruction(content),
            Self::Doctype(_) => XmlToken::Doctype(content),
        }
    }
}

const CDATA: &str = "<![CDATA[";
const COMMENT: &str = "<!--";

/// The token that starts at `at`, and where it ends; `None` if the text ends before the token does. `doctype`
/// says what a DOCTYPE may be, or why none is allowed: its place is checked before its content, of which the
/// text may hold only a part. The flaw is boxed, so that a token fits into registers: one that is passed through memory
/// stalls its reader.
pub(crate) fn read(
    text: &str,
    at: usize,
    doctype: impl FnOnce() -> Result<Rules, Flaw>,
) -> Result<Option<(XmlToken<'_>, usize)>, Box<Flaw>> {
    let rest = &text.as_bytes()[at..];
    let found = match rest {
        [] | [b'<'] => None,
        [b'<', b'/', ..] => memchr::memchr(b'>', rest).map(|end| {
            let name = text[at + 2..at + end].trim_end_matches([' ', '\t', '\r', '\n']);
            (XmlToken::End(name), at + end + 1)
        }),
        [b'<', b'?', ..] => PiParser::default()
            .feed(&rest[2..])
            .map(|last| (XmlToken::Instruction(&text[at + 2..][..last - 1]), at + last + 3)),
        [b'<', b'!', ..] => declaration(text, at, doctype)?,
        [b'<', ..] => ElementParser::Outside.feed(&rest[1..]).map(|end| {
            let tag = &text[at + 1..at + 1 + end];
            (tag.strip_suffix('/').map_or(XmlToken::Start(tag), XmlToken::Empty), at + end + 2)
        }),
        [b'&', ..] => match memchr::memchr3(b';', b'&', b'<', &rest[1..]) {
            Some(end) if rest[end + 1] == b';' => {
                Some((XmlToken::Reference(&text[at + 1..at + 1 + end]), at + end + 2))
            }
            Some(_) => return Err(Box::new(Flaw::malformed(at, "a ; after the reference, or &amp;"))),
            None => None,
        },
        _ => memchr::memchr2(b'<', b'&', rest).map(|end| (XmlToken::Text(&text[at..at + end]), at + end)),
    };
    Ok(found)
}

/// The fault of a token that the end of the object cuts off.
pub(crate) fn cut_off(text: &str, at: usize) -> Flaw {
    let rest = &text[at..];
    let expected = if rest.starts_with(COMMENT) {
        "--> at the end of the comment"
    } else if rest.starts_with(CDATA) {
        "]]> at the end of CDATA"
    } else if rest.starts_with(doctype::START) {
        "> at the end of the document type declaration"
    } else if rest.starts_with("<?") {
        "?> at the end of the processing instruction"
    } else if rest.starts_with('&') {
        "a ; after the reference, or &amp;"
    } else {
        "> at the end of the markup"
    };
    Flaw::malformed(at, expected).found("the end of the object")
}

fn declaration(
    text: &str,
    at: usize,
    doctype: impl FnOnce() -> Result<Rules, Flaw>,
) -> Result<Option<(XmlToken<'_>, usize)>, Box<Flaw>> {
    let rest = &text[at..];
    if let Some(inner) = rest.strip_prefix(COMMENT) {
        let end = comment(inner, at)?;
        let comment = |end: usize| (XmlToken::Comment(&inner[..end]), at + COMMENT.len() + end + "-->".len());
        return Ok(end.map(comment));
    }
    if let Some(inner) = rest.strip_prefix(CDATA) {
        let end = memchr::memmem::find(inner.as_bytes(), b"]]>");
        return Ok(end.map(|end| (XmlToken::CData(&inner[..end]), at + CDATA.len() + end + 3)));
    }
    if rest.starts_with(doctype::START) {
        let length = doctype::check(rest, at, doctype()?)?;
        return Ok(length.map(|length| (XmlToken::Doctype(&rest[..length]), at + length)));
    }
    if [COMMENT, CDATA, doctype::START].iter().any(|start| start.starts_with(rest)) {
        return Ok(None);
    }
    let found: String = rest.chars().take(3).collect();
    Err(Box::new(Flaw::malformed(at, "a comment, CDATA or DOCTYPE after <!").found(&found)))
}

/// Where the content of a comment ends; `None` if the text ends before. Production 15: `--` ends a comment, and nothing
/// else does.
#[inline(never)]
fn comment(inner: &str, at: usize) -> Result<Option<usize>, Flaw> {
    let Some(end) = CommentParser::default().feed(inner.as_bytes()) else { return Ok(None) };
    let content = &inner[..end - "-->".len()];
    if content.ends_with('-') || memchr::memmem::find(content.as_bytes(), b"--").is_some() {
        return Err(Flaw::malformed(at, "no -- within a comment"));
    }
    Ok(Some(content.len()))
}
