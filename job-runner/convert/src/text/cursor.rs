//! Positions, counted while an object streams by.

use std::cell::Cell;

use crate::fault::position::Position;

/// Where a value is. Lines are counted only when they are needed: when something is wrong with the document,
/// or when the window drops the value's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// An offset in the window.
    At(usize),
    Known(Position),
}

impl Mark {
    /// The place, once it has been settled.
    pub(crate) const fn position(self) -> Position {
        match self {
            Self::At(_) => Position::START,
            Self::Known(position) => position,
        }
    }

    /// Counts what is not known yet. The marks are in `text`, not before what the cursor has already counted.
    pub(crate) fn settle<'m>(marks: impl Iterator<Item = &'m mut Self>, text: &str, cursor: &Cell<Cursor>) {
        let offset = |mark: &'m mut Self| match *mark {
            Self::At(offset) => Some((offset, mark)),
            Self::Known(_) => None,
        };
        let mut marks: Vec<_> = marks.filter_map(offset).collect();
        marks.sort_unstable_by_key(|(offset, _)| *offset);
        for (offset, mark) in marks {
            let counted = cursor.get().advanced(text.as_bytes(), offset);
            cursor.set(counted);
            *mark = Self::Known(counted.position());
        }
    }
}

/// How far lines and characters have been counted. Counting only moves forward, so that all places of an
/// object together cost one pass over it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    offset: usize,
    position: Position,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { offset: 0, position: Position::START }
    }
}

impl Cursor {
    pub(crate) const fn position(self) -> Position {
        self.position
    }

    /// The cursor at a later offset of the same bytes.
    pub(crate) fn advanced(self, bytes: &[u8], offset: usize) -> Self {
        let offset = offset.min(bytes.len());
        let Some(passed) = bytes.get(self.offset..offset) else { return self };
        let Position { mut line, mut column } = self.position;
        let mut rest = passed;
        if let Some(last) = memchr::memrchr(b'\n', passed) {
            line = line.saturating_add(capped(memchr::memchr_iter(b'\n', passed).count()));
            column = 1;
            rest = &passed[last + 1..];
        }
        // Every byte except those that continue a character (RFC 3629, section 3).
        let characters = rest.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        Self { offset, position: Position { line, column: column.saturating_add(capped(characters)) } }
    }

    /// The same place after the bytes before it were dropped.
    pub(crate) const fn moved_to_start(self) -> Self {
        Self { offset: 0, position: self.position }
    }
}

fn capped(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
