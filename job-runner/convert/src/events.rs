//! What a scanner tells of an object, whatever its syntax: elements that start and end, characters between them.

pub(crate) mod bindings;
pub(crate) mod gap;
pub(crate) mod json_value;
pub(crate) mod names;
pub(crate) mod namespaces;
pub(crate) mod open_elements;
pub(crate) mod tag;

use std::cell::Cell;

use super::cursor::Cursor;
use super::fault::{Fault, Flaw};
use super::input::window::Window;
use json_value::JsonValue;
use names::Name;
use namespaces::Namespaces;
use open_elements::OpenElements;
use tag::Attributes;

/// Who looks at the tokens of an object.
pub(crate) trait Sink {
    /// An element starts. Returns whether a document starts with it.
    fn start(&mut self, element: &Element<'_>) -> Result<bool, Flaw>;
    /// The innermost of the open elements ends. Returns whether a document ends with it.
    fn end(&mut self, open: &OpenElements) -> bool;
    /// Characters, as they are meant; `offset` is for [`Flaw`]s.
    fn text(&mut self, text: &str, offset: usize) -> Result<(), Flaw>;
    /// A character that was written as a reference.
    fn character(&mut self, c: char, offset: usize) -> Result<(), Flaw>;
    /// The lines of what was found have to be counted now: the window is about to let go of it, or somebody asks.
    fn settle(&mut self, window: &Window<'_>);
}

/// An element that has just started.
#[derive(Debug)]
pub(crate) struct Element<'s> {
    pub(crate) name: Name,
    pub(crate) prefix: &'s str,
    pub(crate) local: &'s str,
    pub(crate) attributes: Attributes<'s>,
    pub(crate) namespaces: &'s Namespaces,
    pub(crate) place: ElementStart<'s>,
    /// It and all around it.
    pub(crate) open: &'s OpenElements,
    /// The value that it is, when the object is JSON.
    pub(crate) json: Option<JsonValue<'s>>,
}

/// Where an element starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElementStart<'w> {
    pub(crate) bytes: &'w [u8],
    pub(crate) offset: usize,
    pub(crate) cursor: &'w Cell<Cursor>,
}

/// Why the scanner stops for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// A document ended.
    Document,
    /// A line of JSON that would have been a document was passed over, for this fault.
    Line(Box<Fault>),
    /// The object ended, and was well-formed.
    Object,
}

/// What there is to look at.
pub(crate) struct View<'w> {
    pub(crate) text: &'w str,
    pub(crate) complete: bool,
    pub(crate) cursor: &'w Cell<Cursor>,
}
