//! Reads an object token by token and lets nothing pass that is not well-formed.
//!
//! quick-xml finds where markup begins and ends and matches tags; what else XML 1.0 and Namespaces in XML ask for is
//! checked here and in the modules beside: names, attributes, references, prefixes, comments, what may stand outside the
//! root, and the caps.

use std::fmt::Write;

use docmill_crds::reason::Reason;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::chars::{is_ncname, is_space, reference};
use super::decode::Source;
use super::doctype;
use super::fault::{Flaw, shorten};
use super::limits::Limits;
use super::names::{Name, Names, UNKNOWN};
use super::namespaces::{Namespaces, undeclared};
use super::tag::{self, RawAttribute};

/// A step through the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An element starts: see [`Scanner::element`].
    Start,
    /// The innermost element ends.
    End,
    /// Characters, as they are meant.
    Text(&'a str),
    /// A character that was written as a reference.
    Character(char),
    /// Nothing of interest.
    Other,
    /// The object ends, and was well-formed.
    Eof,
}

/// The element that has just started.
#[derive(Debug)]
pub(super) struct Element<'s, 'a> {
    pub(super) name: Name,
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) attributes: &'s [RawAttribute<'a>],
    pub(super) namespaces: &'s Namespaces<'a>,
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    names: &'a Names,
    limits: &'a Limits,
    base: usize,
    start: usize,
    end: usize,
    nodes: u32,
    open: Vec<(&'a str, &'a str)>,
    attributes: Vec<RawAttribute<'a>>,
    namespaces: Namespaces<'a>,
    name: Name,
    empty: bool,
    doctype: bool,
    root: Option<(String, usize)>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(source: &'a Source<'_>, names: &'a Names) -> Self {
        let text = source.text();
        let base = source.body();
        let mut reader = Reader::from_str(&text[base..]);
        reader.config_mut().enable_all_checks(true);
        Self {
            text,
            reader,
            names,
            limits: source.limits(),
            base,
            start: base,
            end: base,
            nodes: 0,
            open: Vec::new(),
            attributes: Vec::new(),
            namespaces: Namespaces::new(names),
            name: names.resolve(UNKNOWN, ""),
            empty: false,
            doctype: false,
            root: None,
        }
    }

    /// The next token, or what is wrong with it.
    pub(super) fn next(&mut self) -> Result<Token<'a>, Flaw> {
        if self.empty {
            self.empty = false;
            return Ok(self.close());
        }
        self.start = self.end;
        let event = self.reader.read_event().map_err(|error| self.broken(error))?;
        self.end = self.base + usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(Flaw::limit(
                self.start,
                format!("a document of at most {} nodes", self.limits.nodes),
            ));
        }
        match event {
            Event::Start(_) => self.open(false),
            Event::Empty(_) => self.open(true),
            Event::End(_) => Ok(self.close()),
            Event::Text(_) => self.plain(),
            Event::CData(_) => self.cdata(),
            Event::GeneralRef(_) => self.reference(),
            Event::Comment(_) => Ok(Token::Other),
            Event::PI(_) => self.instruction(),
            Event::Decl(_) => {
                Err(Flaw::malformed(self.start, "an XML declaration at the very start, or none"))
            }
            Event::DocType(_) => self.doctype(),
            Event::Eof => self.eof(),
        }
    }

    /// The element of the last [`Token::Start`].
    pub(super) fn element(&self) -> Element<'_, 'a> {
        let (prefix, local) = self.open.last().copied().unwrap_or_default();
        let (attributes, namespaces) = (self.attributes.as_slice(), &self.namespaces);
        Element { name: self.name, prefix, local, attributes, namespaces, offset: self.start }
    }

    /// Counts the nodes of the next document from here.
    pub(super) fn restart_count(&mut self) {
        self.nodes = 0;
    }

    /// Where the last token starts.
    pub(super) const fn offset(&self) -> usize {
        self.start
    }

    /// Whether the root element is closed.
    pub(super) fn at_end_of_root(&self) -> bool {
        self.open.is_empty() && self.root.is_some()
    }

    /// The elements that are open, as a path.
    pub(super) fn path(&self) -> Option<String> {
        let names = self.open.iter().map(|(prefix, local)| match *prefix {
            "" => format!("/{local}"),
            _ => format!("/{prefix}:{local}"),
        });
        let path = names.collect::<String>();
        (!path.is_empty()).then(|| shorten(&path))
    }

    /// The root element as `{namespace}name`, and where it starts.
    pub(super) fn root(&self) -> Option<&(String, usize)> {
        self.root.as_ref()
    }

    /// What the reader has just passed, without so many bytes at its start and its end.
    fn raw(&self, before: usize, after: usize) -> &'a str {
        self.text.get(self.start + before..self.end.saturating_sub(after)).unwrap_or_default()
    }

    fn open(&mut self, empty: bool) -> Result<Token<'a>, Flaw> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(Flaw::malformed(self.start, "the end of the object after the root element"));
        }
        let depth = u32::try_from(self.open.len()).unwrap_or(u32::MAX) + 1;
        if depth > self.limits.depth {
            return Err(Flaw::limit(self.start, format!("at most {} levels of elements", self.limits.depth)));
        }
        let tag = self.raw(1, if empty { 2 } else { 1 });
        let (prefix, local) = tag::read(tag, self.start + 1, self.limits, &mut self.attributes)?;
        self.namespaces.open(&self.attributes, depth, self.names)?;
        let Some(namespace) = self.namespaces.id(prefix).filter(|_| prefix != "xmlns") else {
            return Err(undeclared(prefix, self.start));
        };
        self.name = self.names.resolve(namespace, local);
        if self.root.is_none() {
            let mut root = String::new();
            let uri = self.namespaces.uri(prefix);
            let _ = if uri.is_empty() { write!(root, "{local}") } else { write!(root, "{{{uri}}}{local}") };
            self.root = Some((root, self.start));
        }
        self.open.push((prefix, local));
        self.empty = empty;
        Ok(Token::Start)
    }

    fn close(&mut self) -> Token<'a> {
        self.namespaces.close(u32::try_from(self.open.len()).unwrap_or(u32::MAX));
        self.open.pop();
        Token::End
    }

    fn plain(&mut self) -> Result<Token<'a>, Flaw> {
        let text = self.raw(0, 0);
        if let Some(at) = memchr::memchr_iter(b'>', text.as_bytes()).find(|at| text[..*at].ends_with("]]")) {
            return Err(Flaw::malformed(self.start + at - 2, "]]&gt; outside of CDATA").found("]]>"));
        }
        if self.open.is_empty() && !text.bytes().all(is_space) {
            return Err(Flaw::malformed(self.start, "no text outside the root element").found(text.trim()));
        }
        self.check_text(text)
    }

    fn cdata(&mut self) -> Result<Token<'a>, Flaw> {
        self.inside("CDATA")?;
        self.check_text(self.raw("<![CDATA[".len(), "]]>".len()))
    }

    fn check_text(&self, text: &'a str) -> Result<Token<'a>, Flaw> {
        if text.len() > self.limits.text_bytes {
            return Err(Flaw::limit(
                self.start,
                format!("a text of at most {} bytes", self.limits.text_bytes),
            ));
        }
        Ok(Token::Text(text))
    }

    fn reference(&mut self) -> Result<Token<'a>, Flaw> {
        self.inside("a reference")?;
        reference(self.raw(1, 1), self.start).map(Token::Character)
    }

    fn inside(&self, what: &str) -> Result<(), Flaw> {
        if self.open.is_empty() {
            return Err(Flaw::malformed(self.start, format!("no {what} outside the root element")));
        }
        Ok(())
    }

    fn instruction(&self) -> Result<Token<'a>, Flaw> {
        let inner = self.raw(2, 2);
        let target = inner.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
        if !is_ncname(target) || target.eq_ignore_ascii_case("xml") {
            return Err(Flaw::malformed(self.start, "the name of a processing instruction").found(target));
        }
        Ok(Token::Other)
    }

    fn doctype(&mut self) -> Result<Token<'a>, Flaw> {
        if self.doctype || self.root.is_some() {
            return Err(Flaw::malformed(self.start, "at most one DOCTYPE, before the root element"));
        }
        self.doctype = true;
        doctype::check(self.raw(0, 0), self.start)?;
        Ok(Token::Other)
    }

    fn eof(&mut self) -> Result<Token<'a>, Flaw> {
        if let Some((prefix, local)) = self.open.last() {
            let colon = if prefix.is_empty() { "" } else { ":" };
            let flaw = Flaw::malformed(self.text.len(), format!("</{prefix}{colon}{local}>"));
            return Err(flaw.found("the end of the object"));
        }
        if self.root.is_none() {
            return Err(Flaw::malformed(self.text.len(), "a root element").found("the end of the object"));
        }
        Ok(Token::Eof)
    }

    fn broken(&self, error: Error) -> Flaw {
        let offset = self.base + usize::try_from(self.reader.error_position()).unwrap_or(0);
        let flaw = |expected: &str| Flaw::malformed(offset, expected);
        match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                flaw(&format!("</{expected}>")).found(&format!("</{found}>"))
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => {
                flaw("no end tag without a start tag").found(&format!("</{found}>"))
            }
            Error::IllFormed(IllFormedError::UnclosedReference) => flaw("a ; after the reference, or &amp;"),
            Error::IllFormed(IllFormedError::DoubleHyphenInComment) => {
                Flaw::malformed(self.start, "no -- within a comment")
            }
            Error::Syntax(error) => flaw("well-formed XML").found(&error.to_string()),
            other => flaw("well-formed XML").because(Reason::MalformedXml).found(&other.to_string()),
        }
    }
}
