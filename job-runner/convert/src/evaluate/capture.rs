//! A value that is collected while its element is open.

use super::markup::MarkupBuffer;
use super::text::TextBuffer;
use crate::automaton::active::Owner;
use crate::events::Element;
use crate::events::gap::Gap;
use crate::events::names::UNKNOWN;

#[derive(Debug)]
pub(crate) struct Capture {
    /// The record that it belongs to, and the place reserved for it there.
    pub(crate) owner: Owner,
    pub(crate) found: u32,
    /// The level of its element.
    level: usize,
    /// Without the text of child elements.
    own: bool,
    /// The text is HTML, since its element says so and has no elements in it so far.
    pub(crate) html: bool,
    /// The level of the element whose content is excluded.
    excluded: Option<usize>,
    /// The number of the base that it is resolved against, if it is.
    pub(crate) base: u32,
    buffer: Buffer,
}

#[derive(Debug)]
pub(crate) enum Buffer {
    Text(TextBuffer),
    /// Boxed: it is large and rare, and would be moved with every text.
    Markup(Box<MarkupBuffer>),
}

impl Capture {
    pub(crate) const fn new(
        owner: Owner,
        found: u32,
        level: usize,
        (own, html): (bool, bool),
        buffer: Buffer,
    ) -> Self {
        Self { owner, found, level, own, html, excluded: None, base: UNKNOWN, buffer }
    }

    /// The same, resolved against the base of this number.
    pub(crate) fn with_base(self, base: u32) -> Self {
        Self { base, ..self }
    }

    /// Excludes the content of the element at this level.
    pub(crate) fn exclude(&mut self, level: usize) {
        self.excluded.get_or_insert(level);
    }

    /// Adds characters of the element at this level, whose white space may have to be kept. Returns by how
    /// many bytes the value grows.
    pub(crate) fn text(&mut self, level: usize, text: &str, preserve: bool) -> usize {
        self.collect(level, |buffer| match buffer {
            Buffer::Text(buffer) if preserve => buffer.push_preserved(text),
            Buffer::Text(buffer) => buffer.push(text),
            Buffer::Markup(buffer) => buffer.push(text),
        })
    }

    /// Adds a character of the element at this level that was written as a reference. Returns by how many
    /// bytes the value grows.
    pub(crate) fn character(&mut self, level: usize, c: char, preserve: bool) -> usize {
        self.collect(level, |buffer| match buffer {
            Buffer::Text(buffer) if preserve => buffer.push_preserved_char(c),
            Buffer::Text(buffer) => buffer.push_char(c),
            Buffer::Markup(buffer) => buffer.push_char(c),
        })
    }

    /// A nested element starts at this level, `gap` apart from what is before it. Returns by how many bytes the value
    /// grows.
    pub(crate) fn element_starts(&mut self, level: usize, element: &Element<'_>, gap: Gap) -> usize {
        let excluded = self.excluded;
        self.html = false;
        self.grow(|buffer| match buffer {
            // Excluded content separates text as an element does, whatever is within it.
            Buffer::Text(buffer) if excluded.is_none_or(|around| around == level) => buffer.set_apart(gap),
            Buffer::Markup(buffer) if excluded.is_none() => buffer.start(element),
            _ => {}
        })
    }

    /// The nested element at this level ends. Returns by how many bytes the value grows.
    pub(crate) fn element_ends(&mut self, level: usize, gap: Gap) -> usize {
        let excluded = self.excluded;
        self.excluded = excluded.filter(|around| *around != level);
        self.grow(|buffer| match buffer {
            Buffer::Text(buffer) if excluded.is_none_or(|around| around == level) => buffer.set_apart(gap),
            Buffer::Markup(buffer) if excluded.is_none() => buffer.end(),
            _ => {}
        })
    }

    pub(crate) fn into_buffer(self) -> Buffer {
        self.buffer
    }

    fn collect(&mut self, level: usize, push: impl FnOnce(&mut Buffer)) -> usize {
        if self.excluded.is_some() || (self.own && self.level != level) {
            return 0;
        }
        self.grow(push)
    }

    fn grow(&mut self, change: impl FnOnce(&mut Buffer)) -> usize {
        let before = self.buffer.len();
        change(&mut self.buffer);
        self.buffer.len() - before
    }
}

impl Buffer {
    const fn len(&self) -> usize {
        match self {
            Self::Text(buffer) => buffer.len(),
            Self::Markup(buffer) => buffer.len(),
        }
    }
}
