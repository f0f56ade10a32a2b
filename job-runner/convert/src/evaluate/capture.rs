//! A value that is being collected while its element is open.

use super::markup::MarkupBuffer;
use super::text::TextBuffer;
use crate::automaton::active::Owner;
use crate::events::Element;
use crate::events::gap::Gap;

#[derive(Debug)]
pub(crate) struct Capture {
    /// To which record it goes, and the place that is kept for it there.
    pub(crate) owner: Owner,
    pub(crate) found: u32,
    /// The level of its element.
    level: usize,
    /// Without the text of child elements.
    own: bool,
    /// The level of the element whose content is left out.
    excluded: Option<usize>,
    buffer: Buffer,
}

#[derive(Debug)]
pub(crate) enum Buffer {
    Text(TextBuffer),
    /// In a box: it is large, seldom, and would be moved about with every text.
    Markup(Box<MarkupBuffer>),
}

impl Capture {
    pub(crate) const fn new(owner: Owner, found: u32, level: usize, own: bool, buffer: Buffer) -> Self {
        Self { owner, found, level, own, excluded: None, buffer }
    }

    /// What is within the element at this level is left out.
    pub(crate) fn exclude(&mut self, level: usize) {
        self.excluded.get_or_insert(level);
    }

    /// Characters of the element at this level, whose white space may have to be kept. Returns by how many bytes the value
    /// grows.
    pub(crate) fn text(&mut self, level: usize, text: &str, preserve: bool) -> usize {
        self.collect(level, |buffer| match buffer {
            Buffer::Text(buffer) if preserve => buffer.push_preserved(text),
            Buffer::Text(buffer) => buffer.push(text),
            Buffer::Markup(buffer) => buffer.push(text),
        })
    }

    /// A character of the element at this level that was written as a reference. Returns by how many bytes the value grows.
    pub(crate) fn character(&mut self, level: usize, c: char, preserve: bool) -> usize {
        self.collect(level, |buffer| match buffer {
            Buffer::Text(buffer) if preserve => buffer.push_preserved_char(c),
            Buffer::Text(buffer) => buffer.push_char(c),
            Buffer::Markup(buffer) => buffer.push_char(c),
        })
    }

    /// An element within starts at this level. Returns by how many bytes the value grows.
    pub(crate) fn element_starts(&mut self, level: usize, element: &Element<'_>) -> usize {
        let excluded = self.excluded;
        self.grow(|buffer| match buffer {
            // What is left out sets text apart as an element, whatever is within it.
            Buffer::Text(buffer) if excluded.is_none_or(|around| around == level) => {
                buffer.set_apart(element.name.gap);
            }
            Buffer::Markup(buffer) if excluded.is_none() => buffer.start(element),
            _ => {}
        })
    }

    /// The element within at this level ends. Returns by how many bytes the value grows.
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
