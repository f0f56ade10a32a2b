//! Reads an object token by token and rejects anything that is not well-formed.
//!
//! The requirements of XML 1.0 and Namespaces in XML are checked here and in the sibling modules: names,
//! attributes, references, prefixes, matching tags, what is allowed outside the root, and the caps. A token
//! that the window cuts off is read again after the window was filled.

use std::fmt::Write;

use docmill_crds::conversion::Syntax;
use docmill_crds::reason::Reason;

use super::tokens::{self, XmlToken};
use crate::cursor::{Mark, Position};
use crate::events::names::Names;
use crate::events::namespaces::{Namespaces, undeclared};
use crate::events::open_elements::OpenElements;
use crate::events::tag::{self, Attributes, Span};
use crate::events::{Element, ElementStart, Pause, Sink, View};
use crate::fault::Flaw;
use crate::input::chars::{check_instruction, is_space, reference};
use crate::input::declaration::{self, Declaration};
use crate::input::decode::Encoded;
use crate::input::window::{Trouble, Window, too_long};
use crate::limits::Limits;

#[derive(Debug)]
pub(crate) struct Scanner<'r, 'n> {
    window: Window<'r>,
    state: XmlState<'n>,
    /// The XML declaration was checked.
    started: bool,
}

/// What is known of the object so far.
#[derive(Debug)]
struct XmlState<'n> {
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
    /// There was nothing but white space so far.
    blank: bool,
}

/// The result of scanning the window.
enum XmlLook {
    Paused(Pause),
    /// The window ends within a token, or with it.
    More,
}

impl<'r, 'n> Scanner<'r, 'n> {
    pub(crate) fn new(window: Window<'r>, names: &'n Names, limits: &Limits) -> Self {
        let state = XmlState {
            names,
            limits: *limits,
            nodes: 0,
            document_bytes: 0,
            attributes: Vec::new(),
            open: OpenElements::default(),
            namespaces: Namespaces::new(names, limits),
            doctype: false,
            root: None,
            blank: true,
        };
        Self { window, state, started: false }
    }

    /// Reads to the end of the next document, or of the object.
    pub(crate) fn run(&mut self, sink: &mut impl Sink) -> Result<Pause, Trouble> {
        if !self.started {
            self.started = true;
            while self.window.may_grow() && self.window.text().0.len() < declaration::MOST {
                self.window.fill()?;
            }
            // Reports what is wrong within the declaration, rather than that the declaration does not end.
            if !self.window.complete() && Declaration::is_cut_off(self.window.text().0) {
                self.window.fill()?;
            }
            let length = prolog(&self.window).map_err(|flaw| self.window.refuse(flaw, None))?;
            self.window.consume_to(length);
        }
        loop {
            let Self { window, state, .. } = self;
            let (text, start) = window.text();
            let view = View { text, complete: window.complete(), cursor: window.cursor() };
            let mut at = start;
            let look = state.look(&view, &mut at, sink);
            match look {
                Ok(look) => {
                    window.consume_to(at);
                    match look {
                        XmlLook::Paused(pause) => return Ok(pause),
                        XmlLook::More => {
                            sink.settle(window);
                            window.fill()?;
                        }
                    }
                }
                Err(flaw) => return Err(window.refuse(flaw, state.open.place())),
            }
        }
    }

    /// The memory of the window, for the next object.
    pub(crate) fn into_buffers(self) -> (Vec<u8>, String) {
        self.window.into_buffers()
    }

    /// The current window.
    pub(crate) const fn window(&self) -> &Window<'r> {
        &self.window
    }

    /// Refuses the object for a flaw at the offset that was read last.
    pub(crate) fn refuse(&self, flaw: impl FnOnce(usize) -> Flaw) -> Trouble {
        self.window.refuse(flaw(self.window.text().1), self.state.open.place())
    }

    /// Whether the root element is closed.
    pub(crate) fn at_end_of_root(&self) -> bool {
        self.state.open.is_empty() && self.state.root.is_some()
    }

    /// The root element as `{namespace}name`, and where it starts.
    pub(crate) fn root(&self) -> Option<&(String, Position)> {
        self.state.root.as_ref()
    }
}

/// Checks the XML declaration, of at most [`declaration::MOST`] bytes; returns its length.
fn prolog(window: &Window<'_>) -> Result<usize, Flaw> {
    let (text, _) = window.text();
    let declaration = Declaration::read(&text[..text.floor_char_boundary(declaration::MOST)])?;
    if let Some(label) = declaration.encoding {
        Encoded::check(window.marked(), window.encoding(), label).map_err(|garbled| garbled.at(0))?;
    }
    if text[declaration.length..].starts_with('\u{feff}') {
        return Err(Flaw::malformed(declaration.length, "markup").found("U+FEFF"));
    }
    Ok(declaration.length)
}

impl XmlState<'_> {
    /// Reads the tokens of the window from `at` on, and moves `at` past each.
    fn look(&mut self, view: &View<'_>, at: &mut usize, sink: &mut impl Sink) -> Result<XmlLook, Flaw> {
        let View { text, complete, cursor } = *view;
        loop {
            let start = *at;
            let Some((token, end)) = tokens::read(text, start, || self.doctype_room(start))? else {
                return self.run_out(text, start, complete, sink, at);
            };
            self.count(start, end)?;
            *at = end;
            let place = ElementStart { bytes: text.as_bytes(), offset: start, cursor };
            match token {
                XmlToken::Start(tag) => self.open(&place, tag, sink)?,
                XmlToken::Empty(tag) => {
                    self.open(&place, tag, sink)?;
                    if self.close(sink) {
                        return Ok(XmlLook::Paused(Pause::Document));
                    }
                }
                XmlToken::End(name) => {
                    self.check_end(name, start)?;
                    if self.close(sink) {
                        return Ok(XmlLook::Paused(Pause::Document));
                    }
                }
                XmlToken::Text(text) => self.plain(text, start, sink)?,
                XmlToken::CData(text) => self.cdata(text, start, sink)?,
                XmlToken::Reference(name) => self.reference(name, start, sink)?,
                XmlToken::Comment(_) => self.blank = false,
                XmlToken::Instruction(inner) => self.instruction(inner, start)?,
                XmlToken::Doctype => {
                    self.doctype = true;
                    self.blank = false;
                }
            }
        }
    }

    /// The window ends within a token, or with one.
    fn run_out(
        &mut self,
        text: &str,
        start: usize,
        complete: bool,
        sink: &mut impl Sink,
        at: &mut usize,
    ) -> Result<XmlLook, Flaw> {
        let rest = &text[start..];
        if !complete {
            return Ok(XmlLook::More);
        }
        if rest.starts_with(['<', '&']) {
            return Err(tokens::cut_off(text, start));
        }
        if !rest.is_empty() {
            self.count(start, text.len())?;
            self.plain(rest, start, sink)?;
            *at = text.len();
        }
        self.eof(text.len())?;
        Ok(XmlLook::Paused(Pause::Object))
    }

    /// Counts a node against the caps.
    fn count(&mut self, start: usize, end: usize) -> Result<(), Flaw> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(Flaw::limit(start, format!("a document of at most {} nodes", self.limits.nodes)));
        }
        if end - start > self.limits.text_bytes {
            return Err(too_long(Syntax::Xml, start, self.limits.text_bytes));
        }
        self.document_bytes += end - start;
        if self.document_bytes > self.limits.document_bytes {
            let most = self.limits.document_bytes;
            return Err(Flaw::limit(start, format!("a document of at most {most} bytes")));
        }
        Ok(())
    }

    /// From here on, counts the nodes of the next document, or of what lies between two.
    const fn restart_count(&mut self) {
        self.nodes = 0;
        self.document_bytes = 0;
    }

    fn open(&mut self, place: &ElementStart<'_>, tag: &str, sink: &mut impl Sink) -> Result<(), Flaw> {
        let start = place.offset;
        if self.open.is_empty() && self.root.is_some() {
            return Err(Flaw::malformed(start, "the end of the object after the root element"));
        }
        let depth = self.open.depth() + 1;
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
        let (namespaces, open) = (&self.namespaces, &self.open);
        let (place, json) = (*place, None);
        if sink.start(&Element { name, prefix, local, attributes, namespaces, place, open, json })? {
            self.restart_count();
        }
        Ok(())
    }

    /// Closes an element. Returns whether a document ended.
    fn close(&mut self, sink: &mut impl Sink) -> bool {
        self.namespaces.close(self.open.depth());
        let ends = sink.end(&self.open);
        self.open.pop();
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
        check_instruction(inner, start)
    }

    /// Maximum bytes of a document type declaration; a fault if none is allowed here.
    fn doctype_room(&self, start: usize) -> Result<usize, Flaw> {
        if self.doctype || self.root.is_some() {
            return Err(Flaw::malformed(start, "at most one DOCTYPE, before the root element"));
        }
        Ok(self.limits.doctype_bytes)
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

impl ElementStart<'_> {
    /// The element's line and column, counted now.
    pub(crate) fn position(&self) -> Position {
        self.cursor.get().advanced(self.bytes, self.offset).position()
    }

    /// The same, to be counted only if needed.
    pub(crate) const fn mark(&self) -> Mark {
        Mark::At(self.offset)
    }
}
