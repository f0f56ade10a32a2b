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
    line_ends: LineEnds,
}

/// What ended the lines so far. As XML has it (section 2.11), a carriage return alone ends a line, too; but hardly any
/// object has both kinds, and looking for both would cost each. So returns count until the first line feed.
#[derive(Clone, Copy, Debug)]
enum LineEnds {
    /// Carriage returns, if there was any line end. `just_now`: the last character was one.
    Returns {
        just_now: bool,
    },
    Feeds,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { offset: 0, position: Position::START, line_ends: LineEnds::Returns { just_now: false } }
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
        let Self { position, line_ends, .. } = self;
        let LineEnds::Returns { just_now } = line_ends else {
            return Self { offset, position: after(position, b'\n', passed), line_ends };
        };
        let feed = memchr::memchr(b'\n', passed);
        let before = &passed[..feed.unwrap_or(passed.len())];
        let position = after(position, b'\r', before);
        let just_now = before.last().map_or(just_now, |last| *last == b'\r');
        let Some(feed) = feed else {
            return Self { offset, position, line_ends: LineEnds::Returns { just_now } };
        };
        // A return and a feed are one line end, which was counted with the return.
        let rest = &passed[feed + usize::from(just_now)..];
        Self { offset, position: after(position, b'\n', rest), line_ends: LineEnds::Feeds }
    }

    /// The same place after the bytes before it were dropped.
    pub(crate) const fn moved_to_start(self) -> Self {
        Self { offset: 0, ..self }
    }
}

/// The position after these bytes, in which this one ends lines.
fn after(position: Position, line_end: u8, passed: &[u8]) -> Position {
    let Position { mut line, mut column } = position;
    let mut rest = passed;
    if let Some(last) = memchr::memrchr(line_end, passed) {
        line = line.saturating_add(capped(memchr::memchr_iter(line_end, passed).count()));
        column = 1;
        rest = &passed[last + 1..];
    }
    // Every byte except those that continue a character (RFC 3629, section 3).
    let characters = rest.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    Position { line, column: column.saturating_add(capped(characters)) }
}

fn capped(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    /// Line and column behind a text, counted in portions of so many bytes.
    fn counted(text: &str, portion: usize) -> (u32, u32) {
        let mut cursor = Cursor::default();
        for bytes in text.as_bytes().chunks(portion) {
            cursor = cursor.advanced(bytes, bytes.len()).moved_to_start();
        }
        (cursor.position().line, cursor.position().column)
    }

    #[test]
    fn lines_end_with_feeds_returns_or_both_however_they_come_in() {
        for (text, expected) in [
            ("", (1, 1)),
            ("ab", (1, 3)),
            ("a\nb\n\nc", (4, 2)),
            ("a\r\nb\r\n\r\nc", (4, 2)),
            ("a\rb\r\rcé", (4, 3)),
            ("\r", (2, 1)),
            ("\r\n", (2, 1)),
            ("\r\r\n", (3, 1)),
            ("a\rb\nc", (3, 2)),
            // Where lines end with feeds, a return is a character like any other.
            ("a\nb\rc", (2, 4)),
        ] {
            for portion in 1..=text.len().max(1) {
                assert_eq!(counted(text, portion), expected, "{text:?} by {portion}");
            }
        }
    }
}
