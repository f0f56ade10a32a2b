//! Reads an object token by token and rejects anything that is not well-formed.
//!
//! The requirements of XML 1.0 and Namespaces in XML are checked here and in the sibling modules: names,
//! attributes, references, prefixes, matching tags, what is allowed outside the root, and the caps. A token
//! that the window cuts off is read again after the window was filled.
//!
//! What a model allows beyond that is asked only where a rule is broken: [`mend`] for tokens and tags,
//! [`references`] for entities, [`prologs`] for what comes before a root element and after it.

mod mend;
mod prologs;
mod references;

use docmill_crds::conversion::{Entities, Repair, RepairCounts, Syntax};
use docmill_crds::reason::Reason;
use encoding_rs::Encoding;

use super::tokens::{self, XmlToken};
use crate::events::element_memory::ElementMemory;
use crate::events::names::Names;
use crate::events::namespaces::Namespaces;
use crate::events::open_elements::OpenElements;
use crate::events::tag::{self, Attributes, Span};
use crate::events::{Element, ElementStart, Pause, Sink, View};
use crate::fault::Flaw;
use crate::fault::position::Position;
use crate::input::window::{Departure, Trouble, Window, too_long};
use crate::leniency::Leniency;
use crate::leniency::entities::declared::Declared;
use crate::leniency::repairs::log::RepairLog;
use crate::limits::Limits;
use crate::text::chars::{is_space, reference};
use crate::text::cursor::Mark;
use crate::text::declaration::{self, Declaration};
use prologs::{Stage, leading};

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
    /// How far the current document is.
    stage: Stage,
    /// The first root element of the object as `{namespace}name`, and where it starts.
    root: Option<(String, Position)>,
    /// There was nothing but white space so far.
    blank: bool,
    /// Which entities the object may use, and those that it declares.
    entities: Entities,
    declared: Declared,
    /// `Named` as soon as it used the name of a character.
    used_entities: Entities,
    /// The object may be several XML documents.
    concatenated: bool,
    /// It has what only such an object may have.
    used_concatenated: bool,
    log: RepairLog,
    /// The encoding of the byte order mark, and the one in use.
    marked: Option<&'static Encoding>,
    encoding: &'static Encoding,
    departure: Departure,
}

/// The result of scanning the window.
enum XmlLook {
    Paused(Pause),
    /// The window ends within a token, or with it.
    More,
}

impl<'r, 'n> Scanner<'r, 'n> {
    pub(crate) fn new(
        window: Window<'r>,
        names: &'n Names,
        limits: &Limits,
        leniency: &Leniency,
        elements: ElementMemory,
    ) -> Self {
        let Leniency { entities, repairs, concatenated, .. } = *leniency;
        let ElementMemory { attributes, open, namespaces } = elements.for_object(Syntax::Xml, names, limits);
        let state = XmlState {
            names,
            limits: *limits,
            nodes: 0,
            document_bytes: 0,
            attributes,
            open,
            namespaces,
            stage: Stage::Start,
            root: None,
            blank: true,
            entities,
            declared: Declared::default(),
            used_entities: Entities::Refuse,
            concatenated,
            used_concatenated: false,
            log: RepairLog::new(repairs),
            marked: window.marked(),
            encoding: window.encoding(),
            departure: window.departure(),
        };
        Self { window, state, started: false }
    }

    /// Reads to the end of the next document, or of the object.
    pub(crate) fn run(&mut self, sink: &mut impl Sink) -> Result<Pause, Trouble> {
        if !self.started {
            self.started = true;
            self.start()?;
        }
        loop {
            let Self { window, state, .. } = self;
            let (text, start) = window.text();
            let view = View { text, complete: window.complete(), cursor: window.cursor() };
            let mut at = start;
            state.departure = window.departure();
            if state.departure.mended {
                state.log.mend_object(Repair::Encoding);
            }
            let look = state.look(&view, &mut at, sink);
            match look {
                Ok(look) => {
                    window.consume_to(at);
                    match look {
                        XmlLook::Paused(Pause::Object) if window.ends_within_character() => {
                            state.log.mend_object(Repair::UnclosedAtEnd);
                            return Ok(Pause::Object);
                        }
                        XmlLook::Paused(pause) => return Ok(pause),
                        XmlLook::More => {
                            sink.settle(window);
                            if window.meets_invalid_bytes() && state.leaves_out_bytes(window.rest()) {
                                window.pass_over_invalid_bytes(!state.concatenated);
                            } else {
                                window.fill()?;
                            }
                        }
                    }
                }
                Err(flaw) => return Err(window.refuse(flaw, state.open.place())),
            }
        }
    }

    /// Reads the XML declaration.
    #[inline(never)]
    fn start(&mut self) -> Result<(), Trouble> {
        while self.window.may_grow() && self.window.text().0.len() < declaration::MOST {
            self.window.fill()?;
        }
        // Reports what is wrong within the declaration, rather than that the declaration does not end.
        let (text, _) = self.window.text();
        if !self.window.complete() && Declaration::is_cut_off(&text[leading(&self.state.log, text)..]) {
            self.window.fill()?;
        }
        let (text, _) = self.window.text();
        let prolog = self.state.prolog(text);
        let length = prolog.map_err(|flaw| self.window.refuse(flaw, None))?;
        self.window.consume_to(length);
        Ok(())
    }

    /// The memory of the window and of elements, for the next object.
    pub(crate) fn into_buffers(self) -> ((Vec<u8>, String), ElementMemory) {
        let XmlState { attributes, open, namespaces, .. } = self.state;
        (self.window.into_buffers(), ElementMemory { attributes, open, namespaces })
    }

    /// The current window.
    pub(crate) const fn window(&self) -> &Window<'r> {
        &self.window
    }

    /// Refuses the object for a flaw at the offset that was read last.
    pub(crate) fn refuse(&self, flaw: impl FnOnce(usize) -> Flaw) -> Trouble {
        self.window.refuse(flaw(self.window.text().1), self.state.open.place())
    }

    /// Whether the root element is closed, and only the end may follow.
    pub(crate) const fn at_end_of_root(&self) -> bool {
        !self.state.concatenated && self.state.is_after_root()
    }

    /// What was mended so far.
    pub(crate) const fn repairs(&self) -> &RepairCounts {
        self.state.log.counts()
    }

    /// The first root element as `{namespace}name`, and where it starts.
    pub(crate) fn root(&self) -> Option<&(String, Position)> {
        self.state.root.as_ref()
    }
}

impl XmlState<'_> {
    /// Reads the tokens of the window from `at` on, and moves `at` past each.
    fn look(&mut self, view: &View<'_>, at: &mut usize, sink: &mut impl Sink) -> Result<XmlLook, Flaw> {
        let View { text, complete, cursor } = *view;
        let mut cleaned = String::new();
        loop {
            let start = *at;
            let (mut token, end) = match tokens::read(text, start, || self.doctype_rules(start)) {
                Ok(Some((token, end))) => (token, end),
                Ok(None) if !complete => return Ok(XmlLook::More),
                Ok(None) => {
                    let Some(last) = self.last_token(text, start)? else {
                        *at = text.len();
                        return self.finish(text.len(), sink);
                    };
                    last
                }
                Err(flaw) => self.bare_ampersand(text, start, *flaw)?,
            };
            self.count(start, end, !matches!(token, XmlToken::End(_)))?;
            *at = end;
            let place = ElementStart { bytes: text.as_bytes(), offset: start, cursor };
            if self.departure.controls {
                if let Some(is_empty) = self.open_without_controls(&place, token, sink)? {
                    if is_empty && self.close(sink) {
                        return Ok(XmlLook::Paused(Pause::Document));
                    }
                    continue;
                }
                token = self.without_controls(token, (&text[start..end], start), &mut cleaned)?;
            }
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
                XmlToken::Reference(name) => self.reference(name, start, at, sink)?,
                XmlToken::Comment(_) => self.blank = false,
                XmlToken::Instruction(inner) => self.instruction(inner, start)?,
                XmlToken::Doctype(content) => self.doctype(content, start)?,
            }
        }
    }

    /// The object ends: closes what is open, if that may be mended.
    #[inline(never)]
    fn finish(&mut self, end: usize, sink: &mut impl Sink) -> Result<XmlLook, Flaw> {
        while !self.open.is_empty() && self.log.mend_object(Repair::UnclosedAtEnd) {
            if self.close(sink) {
                return Ok(XmlLook::Paused(Pause::Document));
            }
        }
        self.eof(end)?;
        Ok(XmlLook::Paused(Pause::Object))
    }

    /// Counts a token against the caps; one that ends a node is none itself.
    fn count(&mut self, start: usize, end: usize, is_node: bool) -> Result<(), Flaw> {
        let (bytes, limits) = (end - start, &self.limits);
        self.nodes += u32::from(is_node);
        self.document_bytes += bytes;
        let in_document = self.nodes <= limits.nodes && self.document_bytes <= limits.document_bytes;
        if in_document && bytes <= limits.text_bytes { Ok(()) } else { Err(self.limit(start, bytes)) }
    }

    /// The fault of a token of so many bytes that goes beyond the caps.
    #[cold]
    fn limit(&self, start: usize, bytes: usize) -> Flaw {
        let Limits { nodes, text_bytes, document_bytes, .. } = self.limits;
        if self.nodes > nodes {
            Flaw::limit(start, format!("a document of at most {nodes} nodes"))
        } else if bytes > text_bytes {
            too_long(Syntax::Xml, start, text_bytes)
        } else {
            Flaw::limit(start, format!("a document of at most {document_bytes} bytes"))
        }
    }

    /// From here on, counts the nodes of the next document, or of what lies between two.
    const fn restart_count(&mut self) {
        self.nodes = 0;
        self.document_bytes = 0;
    }

    /// Checks that an element may begin here.
    #[inline]
    fn begin(&mut self, start: usize) -> Result<(), Flaw> {
        if self.is_after_root() {
            if !self.concatenated {
                return Err(Flaw::malformed(start, "the end of the object after the root element"));
            }
            self.next_document();
        }
        if self.open.depth() + 1 > self.limits.depth {
            return Err(Flaw::limit(start, format!("at most {} levels of elements", self.limits.depth)));
        }
        Ok(())
    }

    fn open(&mut self, place: &ElementStart<'_>, tag: &str, sink: &mut impl Sink) -> Result<(), Flaw> {
        let start = place.offset;
        self.begin(start)?;
        match tag::read(tag, start + 1, &self.limits, &mut self.attributes, None) {
            Ok(name) => self.enter(place, tag, name.parts(tag), sink),
            Err(flaw) => self.open_mended(place, tag, flaw, sink),
        }
    }

    /// Opens the element of a tag whose attributes were read.
    #[expect(clippy::inline_always, reason = "names that are passed through memory stall their reader")]
    #[inline(always)]
    fn enter(
        &mut self,
        place: &ElementStart<'_>,
        tag: &str,
        (prefix, local): (&str, &str),
        sink: &mut impl Sink,
    ) -> Result<(), Flaw> {
        let start = place.offset;
        let depth = self.open.depth() + 1;
        let mut attributes = Attributes::new(tag, &self.attributes, start + 1);
        let (namespaces, log, names) = (&mut self.namespaces, &mut self.log, self.names);
        let prefixed = namespaces.open(attributes, depth, names)?;
        if let Err(flaw) = namespaces.check(attributes, prefixed) {
            let scope = (&mut *namespaces, &mut *log, names);
            let repeated = mend::prefixes(scope, attributes, (depth, prefixed), flaw)?;
            tag::leave_out(&mut self.attributes, &repeated);
            attributes = Attributes::new(tag, &self.attributes, start + 1);
        }
        let namespace = match namespaces.id(prefix).filter(|_| prefix != "xmlns") {
            Some(namespace) => namespace,
            None => mend::prefix((namespaces, log, names), prefix, (depth, start))?,
        };
        let name = self.names.resolve(namespace, local);
        if self.stage != Stage::Root {
            self.stage = Stage::Root;
            // Its place is counted of the first one alone: an object may be very many documents in one line.
            if self.root.is_none() {
                self.root = Some((expanded_name(self.namespaces.uri(prefix), local), place.position()));
            }
        }
        self.open.push(prefix, local);
        let (namespaces, open) = (&self.namespaces, &self.open);
        if sink.start(&Element { name, prefix, local, attributes, namespaces, place, open, json: None })? {
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
        if let Some(at) = memchr::memchr_iter(b'>', text.as_bytes()).find(|at| text[..*at].ends_with("]]"))
            && !self.leaves_out_text()
        {
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
        if text.bytes().all(is_space) || self.is_left_out(text) {
            return Ok(());
        }
        Err(Flaw::malformed(start, "no text outside the root element").found(text.trim()))
    }

    /// A reference between `start` and `at`, which moves back if it turns out to be none.
    fn reference(
        &mut self,
        name: &str,
        start: usize,
        at: &mut usize,
        sink: &mut impl Sink,
    ) -> Result<(), Flaw> {
        if self.is_after_root() && self.log.mend(Repair::TrailingData) {
            return Ok(());
        }
        self.inside("a reference", start)?;
        match reference(name, start) {
            Ok(c) => sink.character(c, start),
            Err(flaw) => self.other_reference(name, flaw, at, sink),
        }
    }

    fn inside(&self, what: &str, start: usize) -> Result<(), Flaw> {
        if self.open.is_empty() {
            return Err(Flaw::malformed(start, format!("no {what} outside the root element")));
        }
        Ok(())
    }

    fn eof(&self, end: usize) -> Result<(), Flaw> {
        if let Some(open) = self.open.innermost() {
            return Err(Flaw::malformed(end, format!("</{open}>")).found("the end of the object"));
        }
        match (self.stage, self.blank) {
            (Stage::Root, _) => Ok(()),
            (_, true) => Err(Flaw::malformed(0, "an XML document").because(Reason::EmptyObject)),
            (_, false) => Err(Flaw::malformed(end, "a root element").found("the end of the object")),
        }
    }
}

/// A name as `{namespace}name`.
fn expanded_name(uri: &str, local: &str) -> String {
    if uri.is_empty() { local.to_owned() } else { ["{", uri, "}", local].concat() }
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
