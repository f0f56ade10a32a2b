//! Reads a JSON object token by token, rejects anything that is not well-formed, and presents values as
//! elements.
//!
//! A member becomes an element with its name, a top-level value one with the name
//! [`TOP`](docmill_crds::conversion::TOP). A list is not an element: each of its items is one more element
//! with the list's name. At the top level, values follow one another: as lines (NDJSON), after a record
//! separator (RFC 7464) or side by side. A document that is such a value is not returned before what follows
//! in its line is known to be well-formed.

use docmill_crds::conversion::Syntax;
use docmill_crds::reason::Reason;

use super::caps::Caps;
use super::lexer::{self, JsonToken};
use super::lines::{Lines, Skip};
use super::stack::Stack;
use crate::events::element_memory::ElementMemory;
use crate::events::json_value::{JsonKind, JsonValue, is_space};
use crate::events::names::{NO_NAMESPACE, Names};
use crate::events::namespaces::Namespaces;
use crate::events::open_elements::OpenElements;
use crate::events::tag::Attributes;
use crate::events::{Element, ElementStart, Pause, Sink, View};
use crate::fault::Flaw;
use crate::fault::position::Position;
use crate::input::window::{Trouble, Window};
use crate::limits::Limits;

/// May precede a top-level value: RFC 7464.
const RECORD_SEPARATOR: u8 = 0x1e;

#[derive(Debug)]
pub(crate) struct JsonScanner<'r, 'n> {
    window: Window<'r>,
    state: JsonState<'n>,
    /// A faulty line that is being skipped.
    skip: Option<Skip>,
}

/// What is known of the object so far.
#[derive(Debug)]
struct JsonState<'n> {
    names: &'n Names,
    caps: Caps,
    expected: Expected,
    stack: Stack,
    open: OpenElements,
    /// Always empty, but elements need them.
    namespaces: Namespaces,
    lines: Lines,
    /// The top-level value that has just ended was a document.
    ended: bool,
    /// The decoded text of the last string with escapes.
    text: String,
    /// The kind of the first top-level value, and where it starts.
    root: Option<(String, Position)>,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// A top-level value, or the end of the object.
    Top,
    /// The end of the line, of the object, or another top-level value.
    AfterTop,
    Value,
    FirstItem,
    FirstMember,
    Member,
    Colon,
    /// A comma, or the end of the innermost object or list.
    Next,
}

/// The result of scanning the window.
enum JsonLook {
    Paused(Pause),
    /// The window ends within a token, or with it.
    More,
}

impl<'r, 'n> JsonScanner<'r, 'n> {
    /// `by_line`: every top-level value is a document, so that a faulty line can be skipped.
    pub(crate) fn new(
        window: Window<'r>,
        names: &'n Names,
        limits: &Limits,
        by_line: bool,
        elements: ElementMemory,
    ) -> Self {
        let ElementMemory { open, namespaces, .. } = elements.for_object(Syntax::Json, names, limits);
        let state = JsonState {
            names,
            caps: Caps::new(limits),
            expected: Expected::Top,
            stack: Stack::default(),
            open,
            namespaces,
            lines: Lines::new(by_line),
            ended: false,
            text: String::new(),
            root: None,
        };
        Self { window, state, skip: None }
    }

    /// Reads to the end of the next document, or of the object.
    #[inline(never)]
    pub(crate) fn run(&mut self, sink: &mut impl Sink) -> Result<Pause, Trouble> {
        loop {
            if let Some(skip) = self.skip.take() {
                return skip.run(&mut self.window).map(|fault| Pause::Line(Box::new(fault)));
            }
            let Self { window, state, .. } = self;
            let (text, start) = window.text();
            let view = View { text, complete: window.complete(), cursor: window.cursor() };
            let mut at = start;
            match state.look(&view, &mut at, sink) {
                Ok(look) => {
                    window.consume_to(at);
                    match look {
                        JsonLook::Paused(pause) => return Ok(pause),
                        JsonLook::More => {
                            sink.settle(window);
                            window.fill()?;
                        }
                    }
                }
                Err(flaw) => {
                    let (reason, offset) = (flaw.reason, flaw.offset);
                    let fault = window.fault(flaw, Some(state.place()));
                    if reason != Reason::MalformedJson {
                        return Err(Trouble::refused(fault));
                    }
                    let Some(first) = state.lines.give_up() else { return Err(Trouble::refused(fault)) };
                    state.abandon(sink);
                    sink.settle(window);
                    window.consume_to(offset);
                    self.skip = Some(Skip::new(fault, first));
                }
            }
        }
    }

    /// The memory of the window and of elements, for the next object.
    pub(crate) fn into_buffers(self) -> ((Vec<u8>, String), ElementMemory) {
        let JsonState { open, namespaces, .. } = self.state;
        (self.window.into_buffers(), ElementMemory { open, namespaces, ..ElementMemory::default() })
    }

    /// The current window.
    pub(crate) const fn window(&self) -> &Window<'r> {
        &self.window
    }

    /// Refuses the object for a flaw at the offset that was read last.
    pub(crate) fn refuse(&self, flaw: impl FnOnce(usize) -> Flaw) -> Trouble {
        self.window.refuse(flaw(self.window.text().1), Some(self.state.place()))
    }

    /// The kind of the first top-level value, and where it starts.
    pub(crate) fn root(&self) -> Option<&(String, Position)> {
        self.state.root.as_ref()
    }
}

impl JsonState<'_> {
    /// Reads the tokens of the window from `at` on, and moves `at` past each.
    fn look(&mut self, view: &View<'_>, at: &mut usize, sink: &mut impl Sink) -> Result<JsonLook, Flaw> {
        let View { text, complete, cursor } = *view;
        loop {
            let before = *at;
            *at = self.skip_space(text.as_bytes(), before)?;
            self.caps.bytes(*at - before, *at)?;
            if *at == text.len() && !complete {
                return Ok(JsonLook::More);
            }
            if self.expected == Expected::AfterTop {
                if !self.is_over(text, *at, complete)? {
                    return Ok(JsonLook::More);
                }
                self.expected = Expected::Top;
                if std::mem::take(&mut self.ended) {
                    return Ok(JsonLook::Paused(Pause::Document));
                }
            }
            let start = *at;
            if start == text.len() {
                self.check_end(start)?;
                return Ok(JsonLook::Paused(Pause::Object));
            }
            let Some((token, end)) = lexer::read(text, start, complete)? else { return Ok(JsonLook::More) };
            self.caps.token(start, end)?;
            let place = ElementStart { bytes: text.as_bytes(), offset: start, cursor };
            let ends = self.token(token, &text[start..end], &place, sink)?;
            *at = end;
            if ends {
                return Ok(JsonLook::Paused(Pause::Document));
            }
        }
    }

    fn skip_space(&mut self, bytes: &[u8], from: usize) -> Result<usize, Flaw> {
        let top = matches!(self.expected, Expected::Top | Expected::AfterTop);
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            match *byte {
                b'\n' if self.lines.cuts_off() => {
                    return Err(Flaw::malformed_json(at, "the end of the value before that of its line"));
                }
                b'\n' => self.lines.line_ends(),
                RECORD_SEPARATOR if top => self.lines.line_ends(),
                byte if is_space(byte) => {}
                _ => break,
            }
            at += 1;
        }
        Ok(at)
    }

    /// Whether the top-level value that ended is known to be separated from what comes now.
    fn is_over(&self, text: &str, at: usize, complete: bool) -> Result<bool, Flaw> {
        if self.lines.at_start() || at == text.len() || text[at..].starts_with(['{', '[', '"']) {
            return Ok(true);
        }
        // A number or a literal; no token that starts otherwise begins a value.
        match lexer::read(text, at, complete)? {
            None => Ok(false),
            Some((JsonToken::Number(_) | JsonToken::Boolean(_) | JsonToken::Null, _)) => Ok(true),
            Some((_, end)) => Err(self.unexpected(at, &text[at..end])),
        }
    }

    /// Processes a token. Returns whether a document ended that has to be returned at once.
    fn token(
        &mut self,
        token: JsonToken<'_>,
        written: &str,
        place: &ElementStart<'_>,
        sink: &mut impl Sink,
    ) -> Result<bool, Flaw> {
        use Expected::{Colon, FirstItem, FirstMember, Member, Next, Top, Value};
        let start = place.offset;
        match (self.expected, token) {
            (Top | Value | FirstItem, _) => self.value(token, written, place, sink),
            (FirstMember | Member, JsonToken::String { raw, escaped }) => {
                self.member(raw, escaped, start)?;
                self.expected = Colon;
                Ok(false)
            }
            (Colon, JsonToken::Mark(b':')) => {
                self.expected = Value;
                Ok(false)
            }
            (Next, JsonToken::Mark(b',')) => {
                self.stack.next_item();
                self.expected = if self.stack.end() == Some(b'}') { Member } else { Value };
                Ok(false)
            }
            (FirstMember, JsonToken::Mark(b'}')) => Ok(self.close(sink)),
            (Next, JsonToken::Mark(mark)) if self.stack.end() == Some(mark) => Ok(self.close(sink)),
            _ => Err(self.unexpected(start, written)),
        }
    }

    fn value(
        &mut self,
        token: JsonToken<'_>,
        written: &str,
        place: &ElementStart<'_>,
        sink: &mut impl Sink,
    ) -> Result<bool, Flaw> {
        let start = place.offset;
        let (kind, text) = match token {
            JsonToken::Mark(b'{') => (JsonKind::Object, ""),
            JsonToken::Mark(b'[') => {
                self.start_value("a list", place)?;
                self.caps.depth(self.stack.depth(), start)?;
                self.stack.open_array();
                self.expected = Expected::FirstItem;
                return Ok(false);
            }
            JsonToken::Mark(b']') if self.expected == Expected::FirstItem => return Ok(self.close(sink)),
            JsonToken::String { raw, escaped: false } => (JsonKind::String, raw),
            JsonToken::String { raw, escaped: true } => {
                self.text.clear();
                lexer::unescape(raw, &mut self.text);
                (JsonKind::String, "")
            }
            JsonToken::Number(number) => (JsonKind::Number, number),
            JsonToken::Boolean(boolean) => (JsonKind::Boolean, boolean),
            JsonToken::Null => (JsonKind::Null, ""),
            JsonToken::Mark(_) | JsonToken::Stray(_) => return Err(self.unexpected(start, written)),
        };
        self.start_value(kind.as_str(), place)?;
        if kind == JsonKind::Object {
            self.caps.depth(self.stack.depth(), start)?;
            self.open(JsonValue { kind, text }, place, sink)?;
            self.stack.open_object();
            self.expected = Expected::FirstMember;
            return Ok(false);
        }
        let unescaped = std::mem::take(&mut self.text);
        let text =
            if matches!(token, JsonToken::String { escaped: true, .. }) { unescaped.as_str() } else { text };
        self.open(JsonValue { kind, text }, place, sink)?;
        sink.text(text, start)?;
        self.text = unescaped;
        let ends = self.end_element(sink);
        Ok(self.end_value(ends))
    }

    /// A value starts: counts it, and remembers it at the top level.
    fn start_value(&mut self, what: &str, place: &ElementStart<'_>) -> Result<(), Flaw> {
        self.caps.node(place.offset)?;
        if self.stack.depth() == 0 {
            self.lines.value_starts();
            if self.root.is_none() {
                self.root = Some((what.to_owned(), place.position()));
            }
        }
        Ok(())
    }

    fn open(
        &mut self,
        value: JsonValue<'_>,
        place: &ElementStart<'_>,
        sink: &mut impl Sink,
    ) -> Result<(), Flaw> {
        let local = self.stack.name();
        let name = self.names.resolve(NO_NAMESPACE, local);
        self.open.push("", local);
        let (attributes, namespaces, open) = (Attributes::new("", &[], 0), &self.namespaces, &self.open);
        let (prefix, json) = ("", Some(value));
        if sink.start(&Element { name, prefix, local, attributes, namespaces, place, open, json })? {
            self.caps.restart();
        }
        Ok(())
    }

    /// The innermost object or list ends. Returns whether a document ended that has to be returned at once.
    fn close(&mut self, sink: &mut impl Sink) -> bool {
        let object = self.stack.end() == Some(b'}');
        self.stack.close();
        let ends = object && self.end_element(sink);
        self.end_value(ends)
    }

    fn end_element(&mut self, sink: &mut impl Sink) -> bool {
        let ends = sink.end(&self.open);
        self.open.pop();
        if ends {
            self.caps.restart();
        }
        ends
    }

    /// A value is complete. `ends`: a document with it.
    fn end_value(&mut self, ends: bool) -> bool {
        if self.stack.depth() == 0 {
            self.ended = ends;
            self.expected = Expected::AfterTop;
            self.lines.value_ends();
            return false;
        }
        self.stack.end_value();
        self.expected = Expected::Next;
        ends
    }

    fn member(&mut self, raw: &str, escaped: bool, start: usize) -> Result<(), Flaw> {
        let new = self
            .stack
            .start_member(|name| if escaped { lexer::unescape(raw, name) } else { name.push_str(raw) });
        let name = self.stack.name();
        self.caps.name(name, start)?;
        if !new {
            return Err(Flaw::malformed_json(start, "each member of an object once").found(name));
        }
        Ok(())
    }

    /// Closes everything that is open.
    fn abandon(&mut self, sink: &mut impl Sink) {
        while !self.open.is_empty() {
            sink.end(&self.open);
            self.open.pop();
        }
        self.stack.clear();
        self.caps.restart();
        self.ended = false;
        self.expected = Expected::Top;
    }

    fn unexpected(&self, at: usize, written: &str) -> Flaw {
        let next = if self.stack.end() == Some(b'}') { "a comma or }" } else { "a comma or ]" };
        let expected = match self.expected {
            Expected::Top | Expected::Value => "a value of JSON",
            Expected::AfterTop => "a line end or another value",
            Expected::FirstItem => "a value of JSON or ]",
            Expected::FirstMember => "the name of a member in quotes, or }",
            Expected::Member => "the name of a member in quotes",
            Expected::Colon => "a colon",
            Expected::Next => next,
        };
        let found = if written.is_empty() { "the end of the object" } else { written };
        Flaw::malformed_json(at, expected).found(found)
    }

    fn check_end(&self, end: usize) -> Result<(), Flaw> {
        match (self.expected, &self.root) {
            (Expected::Top, Some(_)) => Ok(()),
            (Expected::Top, None) if self.lines.count() > 0 => Ok(()),
            (Expected::Top, None) => {
                Err(Flaw::malformed_json(end, "a value of JSON").because(Reason::EmptyObject))
            }
            _ => Err(self.unexpected(end, "")),
        }
    }

    /// The scanner's place, for faults.
    fn place(&self) -> String {
        crate::fault::shorten(&self.stack.place())
    }
}
