//! Reads an object token by token and lets nothing pass that is not well-formed.
//!
//! quick-xml finds where markup begins and ends; what else XML 1.0 and Namespaces in XML ask for is checked here and in
//! the modules beside: names, attributes, references, prefixes, comments, that tags match, what may stand outside the
//! root, and the caps. A token that the window cuts off is read again when the window was filled.

use std::cell::Cell;
use std::fmt::Write;

use docmill_crds::reason::Reason;
use encoding_rs::UTF_8;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::chars::{is_ncname, is_space, reference};
use super::cursor::{Cursor, Position};
use super::declaration::Declaration;
use super::decode::{Encoded, invalid};
use super::doctype;
use super::fault::Flaw;
use super::limits::Limits;
use super::names::{Name, Names};
use super::namespaces::{Namespaces, undeclared};
use super::open_elements::OpenElements;
use super::tag::{self, Attributes, Span};
use super::window::{Trouble, Window};

/// U+FEFF. At the very start of an object it is the byte order mark, and gone by now.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Who looks at the tokens of an object.
pub(super) trait Sink {
    /// An element starts. Returns whether a document starts with it.
    fn start(&mut self, element: &Element<'_>) -> Result<bool, Flaw>;
    /// The innermost element ends. Returns whether a document ends with it.
    fn end(&mut self) -> bool;
    /// Characters, as they are meant; `offset` is for [`Flaw`]s.
    fn text(&mut self, text: &str, offset: usize) -> Result<(), Flaw>;
    /// A character that was written as a reference.
    fn character(&mut self, c: char, offset: usize) -> Result<(), Flaw>;
}

/// An element that has just started.
#[derive(Debug)]
pub(super) struct Element<'s> {
    pub(super) name: Name,
    pub(super) prefix: &'s str,
    pub(super) local: &'s str,
    pub(super) attributes: Attributes<'s>,
    pub(super) namespaces: &'s Namespaces,
    pub(super) place: Place<'s>,
}

/// Where an element starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'w> {
    pub(super) bytes: &'w [u8],
    pub(super) offset: usize,
    pub(super) cursor: &'w Cell<Cursor>,
}

/// Why the scanner stops for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// A document ended.
    Document,
    /// The object ended, and was well-formed.
    Object,
}

#[derive(Debug)]
pub(super) struct Scanner<'r, 'n> {
    window: Window<'r>,
    state: State<'n>,
    /// The XML declaration was looked at.
    started: bool,
}

/// What is known of the object from what was read so far.
#[derive(Debug)]
struct State<'n> {
    names: &'n Names,
    limits: Limits,
    nodes: u32,
    document_bytes: usize,
    attributes: Vec<Span>,
    open: OpenElements,
    namespaces: Namespaces,
    doctype: bool,
    /// The root element as `{namespace}name`, and where it starts.
    root: Option<(String, Position)>,
    /// There was nothing but white space.
    blank: bool,
}

/// What a look at the window came to.
enum Look {
    Paused(Pause),
    /// The window ends within a token, or with it.
    More,
}

impl<'r, 'n> Scanner<'r, 'n> {
    pub(super) fn new(window: Window<'r>, names: &'n Names, limits: &Limits) -> Self {
        let state = State {
            names,
            limits: *limits,
            nodes: 0,
            document_bytes: 0,
            attributes: Vec::new(),
            open: OpenElements::default(),
            namespaces: Namespaces::new(names),
            doctype: false,
            root: None,
            blank: true,
        };
        Self { window, state, started: false }
    }

    /// Reads on to the end of the next document, or of the object.
    pub(super) fn run(&mut self, sink: &mut impl Sink) -> Result<Pause, Trouble> {
        if !self.started {
            self.started = true;
            let length = prolog(&self.window).map_err(|flaw| self.window.refuse(flaw, None))?;
            self.window.consume_to(length);
        }
        loop {
            let Self { window, state, .. } = self;
            let (bytes, start) = window.bytes();
            let view = View { bytes, complete: window.complete(), cursor: window.cursor() };
            let mut at = start;
            let look = state.look(&view, &mut at, sink);
            match look {
                Ok(look) => {
                    window.consume_to(at);
                    match look {
                        Look::Paused(pause) => return Ok(pause),
                        Look::More => window.fill()?,
                    }
                }
                Err(flaw) => return Err(window.refuse(flaw, state.open.path())),
            }
        }
    }

    /// Whether the root element is closed.
    pub(super) fn at_end_of_root(&self) -> bool {
        self.state.open.is_empty() && self.state.root.is_some()
    }

    /// The root element as `{namespace}name`, and where it starts.
    pub(super) fn root(&self) -> Option<&(String, Position)> {
        self.state.root.as_ref()
    }
}

/// Checks the XML declaration; returns its length.
fn prolog(window: &Window<'_>) -> Result<usize, Flaw> {
    let (bytes, _) = window.bytes();
    let end = memchr::memmem::find(bytes, b"?>").map_or(bytes.len(), |at| at + 2);
    let head = std::str::from_utf8(&bytes[..end]).unwrap_or_default();
    let declaration = Declaration::read(head)?;
    if let Some(label) = declaration.encoding {
        Encoded::check(window.marked(), label).map_err(|garbled| garbled.at(0))?;
    }
    if bytes[declaration.length..].starts_with(MARK) {
        return Err(Flaw::malformed(declaration.length, "markup").found("U+FEFF"));
    }
    Ok(declaration.length)
}

/// What there is to look at.
struct View<'w> {
    bytes: &'w [u8],
    complete: bool,
    cursor: &'w Cell<Cursor>,
}

impl State<'_> {
    /// Reads the tokens of the window from `at` on, which is moved past each.
    fn look(&mut self, view: &View<'_>, at: &mut usize, sink: &mut impl Sink) -> Result<Look, Flaw> {
        // A new reader takes U+FEFF for a byte order mark, which it can only be at the start of the object.
        while view.bytes[*at..].starts_with(MARK) {
            self.text("\u{feff}", *at, sink)?;
            *at += MARK.len();
        }
        let base = *at;
        let mut reader = Reader::from_reader(&view.bytes[base..]);
        let config = reader.config_mut();
        config.check_comments = true;
        // Tags may lie in different windows.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        loop {
            let start = *at;
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) if !view.complete && is_cut_off(&view.bytes[start..], &error) => {
                    return Ok(Look::More);
                }
                Err(error) => return Err(broken(view.bytes, base, start, &reader, error)),
            };
            let end = base + usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            // The document that was just read may be judged before what comes next is looked at.
            if end == view.bytes.len() && !view.complete && matches!(event, Event::Text(_) | Event::Eof) {
                return Ok(Look::More);
            }
            self.count(start, end)?;
            *at = end;
            match event {
                Event::Start(tag) => {
                    self.open(&view.at(start), &tag, sink)?;
                }
                Event::Empty(tag) => {
                    self.open(&view.at(start), &tag, sink)?;
                    if self.close(sink) {
                        return Ok(Look::Paused(Pause::Document));
                    }
                }
                Event::End(tag) => {
                    self.check_end(tag.name().as_ref(), start)?;
                    if self.close(sink) {
                        return Ok(Look::Paused(Pause::Document));
                    }
                }
                Event::Text(text) => self.plain(&text, start, sink)?,
                Event::CData(text) => self.cdata(&text, start, sink)?,
                Event::GeneralRef(name) => self.reference(&name, start, sink)?,
                Event::Comment(_) => self.blank = false,
                Event::PI(inner) => self.instruction(&inner, start)?,
                Event::Decl(_) => {
                    return Err(Flaw::malformed(start, "an XML declaration at the very start, or none"));
                }
                Event::DocType(_) => self.doctype(&view.bytes[start..end], start)?,
                Event::Eof => {
                    self.eof(end)?;
                    return Ok(Look::Paused(Pause::Object));
                }
            }
        }
    }

    /// Counts a node against the caps.
    fn count(&mut self, start: usize, end: usize) -> Result<(), Flaw> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(Flaw::limit(start, format!("a document of at most {} nodes", self.limits.nodes)));
        }
        self.document_bytes += end - start;
        if self.document_bytes > self.limits.document_bytes {
            let most = self.limits.document_bytes;
            return Err(Flaw::limit(start, format!("a document of at most {most} bytes")));
        }
        Ok(())
    }

    /// Counts the nodes of the next document, or of what lies between two, from here.
    const fn restart_count(&mut self) {
        self.nodes = 0;
        self.document_bytes = 0;
    }

    fn open(&mut self, place: &Place<'_>, tag: &str, sink: &mut impl Sink) -> Result<(), Flaw> {
        let start = place.offset;
        if self.open.is_empty() && self.root.is_some() {
            return Err(Flaw::malformed(start, "the end of the object after the root element"));
        }
        let depth = u32::try_from(self.open.depth()).unwrap_or(u32::MAX) + 1;
        if depth > self.limits.depth {
            return Err(Flaw::limit(start, format!("at most {} levels of elements", self.limits.depth)));
        }
        let (prefix, local) = tag::read(tag, start + 1, &self.limits, &mut self.attributes)?;
        let attributes = Attributes::new(tag, &self.attributes, start + 1);
        self.namespaces.open(attributes, depth, self.names)?;
        let Some(namespace) = self.namespaces.id(prefix).filter(|_| prefix != "xmlns") else {
            return Err(undeclared(prefix, start));
        };
        let name = self.names.resolve(namespace, local);
        if self.root.is_none() {
            let mut root = String::new();
            let uri = self.namespaces.uri(prefix);
            let _ = if uri.is_empty() { write!(root, "{local}") } else { write!(root, "{{{uri}}}{local}") };
            self.root = Some((root, place.position()));
        }
        self.open.push(prefix, local);
        let namespaces = &self.namespaces;
        if sink.start(&Element { name, prefix, local, attributes, namespaces, place: *place })? {
            self.restart_count();
        }
        Ok(())
    }

    /// Returns whether a document ended.
    fn close(&mut self, sink: &mut impl Sink) -> bool {
        self.namespaces.close(u32::try_from(self.open.depth()).unwrap_or(u32::MAX));
        self.open.pop();
        let ends = sink.end();
        if ends {
            self.restart_count();
        }
        ends
    }

    fn check_end(&self, name: &str, start: usize) -> Result<(), Flaw> {
        match self.open.innermost() {
            Some(open) if open == name => Ok(()),
            Some(open) => Err(Flaw::malformed(start, format!("</{open}>")).found(&format!("</{name}>"))),
            None => {
                Err(Flaw::malformed(start, "no end tag without a start tag").found(&format!("</{name}>")))
            }
        }
    }

    fn plain(&mut self, text: &str, start: usize, sink: &mut impl Sink) -> Result<(), Flaw> {
        if let Some(at) = memchr::memchr_iter(b'>', text.as_bytes()).find(|at| text[..*at].ends_with("]]")) {
            return Err(Flaw::malformed(start + at - 2, "]]&gt; outside of CDATA").found("]]>"));
        }
        self.text(text, start, sink)
    }

    fn cdata(&mut self, text: &str, start: usize, sink: &mut impl Sink) -> Result<(), Flaw> {
        self.inside("CDATA", start)?;
        self.text(text, start, sink)
    }

    fn text(&mut self, text: &str, start: usize, sink: &mut impl Sink) -> Result<(), Flaw> {
        if text.len() > self.limits.text_bytes {
            let most = self.limits.text_bytes;
            return Err(Flaw::limit(start, format!("a text of at most {most} bytes")));
        }
        if !self.open.is_empty() {
            return sink.text(text, start);
        }
        if text.bytes().all(is_space) {
            return Ok(());
        }
        Err(Flaw::malformed(start, "no text outside the root element").found(text.trim()))
    }

    fn reference(&mut self, name: &str, start: usize, sink: &mut impl Sink) -> Result<(), Flaw> {
        self.inside("a reference", start)?;
        sink.character(reference(name, start)?, start)
    }

    fn inside(&self, what: &str, start: usize) -> Result<(), Flaw> {
        if self.open.is_empty() {
            return Err(Flaw::malformed(start, format!("no {what} outside the root element")));
        }
        Ok(())
    }

    fn instruction(&mut self, inner: &str, start: usize) -> Result<(), Flaw> {
        self.blank = false;
        let target = inner.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
        if !is_ncname(target) || target.eq_ignore_ascii_case("xml") {
            return Err(Flaw::malformed(start, "the name of a processing instruction").found(target));
        }
        Ok(())
    }

    fn doctype(&mut self, markup: &[u8], start: usize) -> Result<(), Flaw> {
        if self.doctype || self.root.is_some() {
            return Err(Flaw::malformed(start, "at most one DOCTYPE, before the root element"));
        }
        self.doctype = true;
        self.blank = false;
        doctype::check(std::str::from_utf8(markup).unwrap_or_default(), start)
    }

    fn eof(&self, end: usize) -> Result<(), Flaw> {
        if let Some(open) = self.open.innermost() {
            return Err(Flaw::malformed(end, format!("</{open}>")).found("the end of the object"));
        }
        match (&self.root, self.blank) {
            (Some(_), _) => Ok(()),
            (None, true) => Err(Flaw::malformed(0, "an XML document").because(Reason::EmptyObject)),
            (None, false) => Err(Flaw::malformed(end, "a root element").found("the end of the object")),
        }
    }
}

impl<'w> View<'w> {
    const fn at(&self, offset: usize) -> Place<'w> {
        Place { bytes: self.bytes, offset, cursor: self.cursor }
    }
}

impl Place<'_> {
    /// The element's line and column.
    pub(super) fn position(&self) -> Position {
        let cursor = self.cursor.get().advanced(self.bytes, self.offset);
        self.cursor.set(cursor);
        cursor.position()
    }

    /// Line and column of an offset within the element's tag.
    pub(super) fn position_of(&self, offset: usize) -> Position {
        self.position();
        self.cursor.get().advanced(self.bytes, offset).position()
    }
}

/// Whether a token that starts here may still become good when more of the object is there.
fn is_cut_off(rest: &[u8], error: &Error) -> bool {
    match error {
        Error::Syntax(_) if rest.starts_with(b"<!") => {
            ["<!--", "<![CDATA[", "<!DOCTYPE"].iter().any(|start| {
                let length = start.len().min(rest.len());
                rest[..length] == start.as_bytes()[..length]
            })
        }
        Error::Syntax(_) => true,
        Error::IllFormed(IllFormedError::UnclosedReference) => {
            memchr::memchr3(b';', b'&', b'<', &rest[1..]).is_none()
        }
        Error::Encoding(_) => std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none()),
        _ => false,
    }
}

/// What is wrong with the token at `start`.
fn broken(bytes: &[u8], base: usize, start: usize, reader: &Reader<&[u8]>, error: Error) -> Flaw {
    let offset = base + usize::try_from(reader.error_position()).unwrap_or(0);
    let flaw = |expected: &str| Flaw::malformed(offset, expected);
    match error {
        Error::IllFormed(IllFormedError::UnclosedReference) => flaw("a ; after the reference, or &amp;"),
        Error::IllFormed(IllFormedError::DoubleHyphenInComment) => {
            Flaw::malformed(start, "no -- within a comment")
        }
        Error::Encoding(_) => {
            let good = std::str::from_utf8(&bytes[start..]).map_or_else(|e| e.valid_up_to(), str::len);
            invalid(UTF_8.name(), &bytes[start + good..]).at(start + good)
        }
        Error::Syntax(error) => flaw("well-formed XML").found(&error.to_string()),
        other => flaw("well-formed XML").found(&other.to_string()),
    }
}
