//! The events that a scanner reports for an object, whatever its syntax: elements that start and end,
//! characters between them.

pub(crate) mod bindings;
pub(crate) mod element_memory;
pub(crate) mod gap;
pub(crate) mod json_value;
pub(crate) mod names;
pub(crate) mod namespaces;
pub(crate) mod open_elements;
pub(crate) mod tag;

use std::cell::Cell;

use super::fault::{Fault, Flaw};
use super::input::window::Window;
use crate::text::cursor::Cursor;
use json_value::JsonValue;
use names::Name;
use namespaces::Namespaces;
use open_elements::OpenElements;
use tag::Attributes;

/// Receives the tokens of an object.
pub(crate) trait Sink {
    /// An element starts. Returns whether a document starts with it.
    fn start(&mut self, element: &Element<'_>) -> Result<bool, Flaw>;
    /// The innermost of the open elements ends. Returns whether a document ends with it.
    fn end(&mut self, open: &OpenElements) -> bool;
    /// Characters, decoded; `offset` is for [`Flaw`]s.
    fn text(&mut self, text: &str, offset: usize) -> Result<(), Flaw>;
    /// A character that was written as a reference.
    fn character(&mut self, c: char, offset: usize) -> Result<(), Flaw>;
    /// Counts the lines of what was found: the window is about to drop its text, or somebody needs them.
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
    pub(crate) place: &'s ElementStart<'s>,
    /// It and all elements around it.
    pub(crate) open: &'s OpenElements,
    /// Its JSON value, if the object is JSON.
    pub(crate) json: Option<JsonValue<'s>>,
}

/// Where an element starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElementStart<'w> {
    pub(crate) bytes: &'w [u8],
    pub(crate) offset: usize,
    pub(crate) cursor: &'w Cell<Cursor>,
}

/// Why the scanner pauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// A document ended.
    Document,
    /// A line of JSON that would have been a document was skipped because of this fault.
    Line(Box<Fault>),
    /// The object ended, and was well-formed.
    Object,
}

/// What the scanner can look at.
pub(crate) struct View<'w> {
    pub(crate) text: &'w str,
    pub(crate) complete: bool,
    pub(crate) cursor: &'w Cell<Cursor>,
}
