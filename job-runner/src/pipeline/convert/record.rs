//! What was found for one document, before it is judged: for each frame (the document, or an object in it) and each slot
//! a list of values in the order of the document. The memory is used again for the next document.

use std::ops::Range;

use super::automaton::Slot;
use super::cursor::Position;
use super::names::{UNKNOWN, number};

/// The values of one document.
#[derive(Debug, Default)]
pub(crate) struct Record {
    frames: Vec<Frame>,
    heads: Vec<Head>,
    found: Vec<Found>,
    /// All texts, one after the other.
    text: String,
    /// Bytes of all texts, also of those that are still being collected.
    pub(super) bytes: usize,
}

/// A document or an object in it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    heads: u32,
    place: Position,
}

/// The list of a slot's values.
#[derive(Clone, Copy, Debug)]
struct Head {
    first: u32,
    last: u32,
    /// One of the values is not empty.
    filled: bool,
}

/// A value, and where in the object it starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    previous: u32,
    next: u32,
    head: u32,
    pub(crate) place: Position,
    pub(crate) content: Content,
}

/// A value as it was collected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// Nothing yet.
    Empty,
    /// Text or markup, for [`Record::text`].
    Text { start: usize, end: usize },
    /// The frame of an object.
    Object(u32),
    /// How many there are.
    Count(u32),
}

impl Record {
    /// Bytes that it has room for, roughly.
    pub(super) const fn capacity(&self) -> usize {
        self.text.capacity() + self.found.capacity() * size_of::<Found>()
    }

    /// Bytes of all that was found, with what is needed to tell it apart: a flood of empty objects is not free.
    pub(super) const fn size(&self) -> usize {
        self.bytes + self.found.len() * size_of::<Found>() + self.heads.len() * size_of::<Head>()
    }

    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.heads.clear();
        self.found.clear();
        self.text.clear();
        self.bytes = 0;
    }

    /// Starts a frame with so many slots.
    pub(super) fn open_frame(&mut self, slots: u32, place: Position) -> u32 {
        let heads = number(self.heads.len());
        let empty = Head { first: UNKNOWN, last: UNKNOWN, filled: false };
        self.heads.resize(self.heads.len() + slots as usize, empty);
        self.frames.push(Frame { heads, place });
        number(self.frames.len() - 1)
    }

    /// Whether one more value of this slot could still matter.
    pub(super) fn wants(&self, frame: u32, slot: &Slot) -> bool {
        let base = self.frames[frame as usize].heads;
        let to = slot.index + u32::from(!slot.repeated);
        !(slot.first..to).any(|index| self.heads[(base + index) as usize].filled)
    }

    /// Keeps the place of a value that starts here.
    pub(super) fn reserve(&mut self, frame: u32, slot: &Slot, place: Position) -> u32 {
        let id = number(self.found.len());
        let head_id = self.head(frame, slot);
        let head = &mut self.heads[head_id as usize];
        let previous = head.last;
        if previous == UNKNOWN {
            head.first = id;
        } else {
            self.found[previous as usize].next = id;
        }
        head.last = id;
        self.found.push(Found { previous, next: UNKNOWN, head: head_id, place, content: Content::Empty });
        id
    }

    /// One more of what a slot counts.
    pub(super) fn tally(&mut self, frame: u32, slot: &Slot, place: impl FnOnce() -> Position) {
        let first = self.heads[self.head(frame, slot) as usize].first;
        let (id, count) = match self.found.get(first as usize).map(|found| found.content) {
            Some(Content::Count(count)) => (first, count.saturating_add(1)),
            _ => (self.reserve(frame, slot, place()), 1),
        };
        self.put(id, Content::Count(count));
    }

    /// Puts an object into its place.
    pub(super) fn fill(&mut self, found: u32, frame: u32) {
        self.put(found, Content::Object(frame));
    }

    /// Puts a text into its place. An empty one is none, and leaves no trace: however many there are, nobody has to pass
    /// them later on.
    pub(super) fn fill_text(&mut self, found: u32, text: &str) {
        if text.is_empty() {
            return self.remove(found);
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.put(found, Content::Text { start, end: self.text.len() });
    }

    fn head(&self, frame: u32, slot: &Slot) -> u32 {
        self.frames[frame as usize].heads + slot.index
    }

    fn put(&mut self, found: u32, content: Content) {
        let found = &mut self.found[found as usize];
        self.heads[found.head as usize].filled = true;
        found.content = content;
    }

    fn remove(&mut self, id: u32) {
        let Found { previous, next, head, .. } = self.found[id as usize];
        let head = &mut self.heads[head as usize];
        if previous == UNKNOWN {
            head.first = next
        } else {
            self.found[previous as usize].next = next
        }
        if next == UNKNOWN {
            head.last = previous
        } else {
            self.found[next as usize].previous = previous
        }
        // Values end innermost first, so that this is nearly always the last one.
        if id as usize + 1 == self.found.len() {
            self.found.pop();
        }
    }

    /// Whether nothing was found outside of any document.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Where the frame's element starts.
    pub(crate) fn place(&self, frame: u32) -> Position {
        self.frames[frame as usize].place
    }

    /// The first value of a slot, as a number for [`Self::found`].
    pub(crate) fn first(&self, frame: u32, slot: u32) -> Option<u32> {
        let head = self.heads[(self.frames[frame as usize].heads + slot) as usize];
        if head.filled { self.or_next(head.first) } else { None }
    }

    /// Whether anything was found for one of these slots.
    pub(crate) fn any(&self, frame: u32, slots: Range<u32>) -> bool {
        let heads = self.frames[frame as usize].heads;
        (heads + slots.start..heads + slots.end).any(|head| self.heads[head as usize].filled)
    }

    /// The value of the same slot after this one.
    pub(crate) fn next(&self, found: u32) -> Option<u32> {
        self.or_next(self.found[found as usize].next)
    }

    pub(crate) fn found(&self, id: u32) -> &Found {
        &self.found[id as usize]
    }

    /// A text, by its [`Content`].
    pub(crate) fn text(&self, start: usize, end: usize) -> &str {
        &self.text[start..end]
    }

    /// Passes what is still being collected, of which there is not more than elements are open.
    fn or_next(&self, mut id: u32) -> Option<u32> {
        while id != UNKNOWN {
            let found = &self.found[id as usize];
            if !matches!(found.content, Content::Empty) {
                return Some(id);
            }
            id = found.next;
        }
        None
    }
}
