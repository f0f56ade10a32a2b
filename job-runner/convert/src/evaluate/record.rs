//! What was found for one document, before it is judged: for each frame (the document, or an object in it)
//! and each slot a list of values in document order. The memory is reused for the next document.

mod claims;
mod guards;
mod renewal;

use std::ops::Range;

use crate::automaton::{Slot, SlotId};
use crate::events::json_value::{JsonKind, JsonValue};
use crate::events::names::{UNKNOWN, number};
use crate::fault::position::Position;
use crate::text::cursor::Mark;

pub(crate) use claims::PassedOver;
pub(crate) use renewal::Aside;

/// The values of one document.
#[derive(Debug, Default)]
pub(crate) struct Record {
    frames: Vec<Frame>,
    heads: Vec<Head>,
    found: Vec<Found>,
    /// All texts, concatenated.
    text: String,
    /// Bytes of all texts, including those that are still being collected.
    pub(crate) bytes: usize,
    /// Of its size, what was dropped and still occupies memory.
    dropped: usize,
    /// How many of the frames and of the values have places that were counted.
    settled: (usize, usize),
    /// The document is a JSON value without fields, and no field takes it.
    pub(crate) scalar: Option<String>,
}

/// A document or an object in it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    heads: u32,
    place: Mark,
    /// The object, as a value; unknown for the document.
    object: u32,
    /// The slot of the object.
    slot: SlotId,
    /// The object may turn out not to be taken.
    doubtful: bool,
    /// It has a value, or something to say without one.
    counts: bool,
}

/// The list of a slot's values.
#[derive(Clone, Copy, Debug)]
struct Head {
    first: u32,
    last: u32,
    /// One of the values is not empty.
    filled: bool,
}

impl Head {
    const EMPTY: Self = Self { first: UNKNOWN, last: UNKNOWN, filled: false };
}

/// A value, and where in the object it starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    previous: u32,
    next: u32,
    frame: u32,
    head: u32,
    place: Mark,
    pub(crate) content: Content,
}

/// A value as it was collected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// Nothing yet.
    Empty,
    /// Text or markup, for [`Record::text`].
    Text { start: usize, end: usize },
    /// The same, of which the value is the plain text.
    Html { start: usize, end: usize },
    /// The frame of an object.
    Object(u32),
    /// A JSON value that is not an object, or an object where none is expected; its text is for
    /// [`Record::text`].
    Json { kind: JsonKind, start: usize, end: usize },
    /// How many there are.
    Count(u32),
    /// The frame of values that may not count.
    Guard(u32),
}

impl Record {
    /// Allocated bytes, roughly.
    pub(crate) const fn capacity(&self) -> usize {
        self.text.capacity() + self.found.capacity() * size_of::<Found>()
    }

    /// Bytes of everything that was found, including the bookkeeping: a flood of empty objects is not free.
    pub(crate) const fn size(&self) -> usize {
        let whole = self.bytes + self.found.len() * size_of::<Found>() + self.heads.len() * size_of::<Head>();
        whole.saturating_sub(self.dropped)
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.heads.clear();
        self.found.clear();
        self.text.clear();
        self.bytes = 0;
        self.dropped = 0;
        self.settled = (0, 0);
        self.scalar = None;
    }

    /// Starts a frame with `slots` slots.
    pub(crate) fn open_frame(&mut self, slots: u32, place: Mark) -> u32 {
        let heads = number(self.heads.len());
        self.heads.resize(self.heads.len() + slots as usize, Head::EMPTY);
        let (object, slot) = (UNKNOWN, UNKNOWN);
        self.frames.push(Frame { heads, place, object, slot, doubtful: false, counts: false });
        number(self.frames.len() - 1)
    }

    /// Whether one more value of this slot could still matter, if `first` is the first of the slots that come
    /// before it, and `several` values of this one may matter.
    pub(crate) fn wants(&self, frame: u32, slot: &Slot, first: u32, several: bool) -> bool {
        let base = self.frames[frame as usize].heads;
        let to = slot.index + u32::from(!several);
        !(first..to).any(|index| self.heads[(base + index) as usize].filled)
    }

    /// Whether the last value of this slot starts here.
    pub(crate) fn has(&self, frame: u32, slot: &Slot, place: Mark) -> bool {
        let mut last = self.heads[self.head(frame, slot) as usize].last;
        while let Some(found) = self.found.get(last as usize).filter(|found| found.place == place) {
            if !matches!(found.content, Content::Guard(_)) {
                return true;
            }
            last = found.previous;
        }
        false
    }

    /// Reserves the place of a value that starts here.
    pub(crate) fn reserve(&mut self, frame: u32, slot: &Slot, place: Mark) -> u32 {
        self.append(frame, slot.index, place)
    }

    fn append(&mut self, frame: u32, slot: u32, place: Mark) -> u32 {
        let id = number(self.found.len());
        let head_id = self.frames[frame as usize].heads + slot;
        let head = &mut self.heads[head_id as usize];
        let previous = head.last;
        if previous == UNKNOWN {
            head.first = id;
        } else {
            self.found[previous as usize].next = id;
        }
        head.last = id;
        let content = Content::Empty;
        self.found.push(Found { previous, next: UNKNOWN, frame, head: head_id, place, content });
        id
    }

    /// Counts one more occurrence for a slot.
    pub(crate) fn tally(&mut self, frame: u32, slot: &Slot, place: Mark) {
        self.tally_by(1, frame, slot, place);
    }

    /// Counts more occurrences for a slot.
    fn tally_by(&mut self, more: u32, frame: u32, slot: &Slot, place: Mark) {
        let mut id = self.heads[self.head(frame, slot) as usize].first;
        while let Some(found) = self.found.get(id as usize) {
            if let Content::Count(count) = found.content {
                return self.put(id, Content::Count(count.saturating_add(more)));
            }
            id = found.next;
        }
        let id = self.reserve(frame, slot, place);
        self.put(id, Content::Count(more));
    }

    /// Puts an object of this slot into its place. Until it has a value, it does not count as one, unless it
    /// `speaks` without.
    pub(crate) fn open_object(&mut self, found: u32, frame: u32, slot: SlotId, speaks: bool) {
        self.found[found as usize].content = Content::Object(frame);
        let opened = &mut self.frames[frame as usize];
        (opened.object, opened.slot) = (found, slot);
        if speaks {
            self.count_in(frame);
        }
    }

    /// Completes an object. Like any other empty value, one without values leaves no trace.
    pub(crate) fn close_object(&mut self, found: u32) {
        let Content::Object(frame) = self.found[found as usize].content else { return };
        let Frame { heads, counts, .. } = self.frames[frame as usize];
        if counts {
            return;
        }
        self.remove(found);
        if frame as usize + 1 == self.frames.len() {
            self.frames.pop();
            self.settled.0 = self.settled.0.min(self.frames.len());
            self.heads.truncate(heads as usize);
        }
    }

    /// Marks a frame, and every object around it, as having a value.
    fn count_in(&mut self, mut frame: u32) {
        while let Some(counted) = self.frames.get_mut(frame as usize).filter(|frame| !frame.counts) {
            counted.counts = true;
            let Some(object) = self.found.get(counted.object as usize) else { return };
            self.heads[object.head as usize].filled = true;
            frame = object.frame;
        }
    }

    /// Puts a text into its place. An empty text does not count, and leaves no trace, so that later steps
    /// need not skip it.
    pub(crate) fn fill_text(&mut self, found: u32, text: &str) {
        self.fill(found, text, |start, end| Content::Text { start, end });
    }

    /// The same with HTML.
    pub(crate) fn fill_html(&mut self, found: u32, html: &str) {
        self.fill(found, html, |start, end| Content::Html { start, end });
    }

    fn fill(&mut self, found: u32, text: &str, content: impl Fn(usize, usize) -> Content) {
        if text.is_empty() {
            return self.remove(found);
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.put(found, content(start, self.text.len()));
    }

    /// Changes a text in its place.
    pub(crate) fn change_text(&mut self, found: u32, change: impl FnOnce(&str) -> Option<String>) {
        let Some(Content::Text { start, end }) = self.found.get(found as usize).map(|found| found.content)
        else {
            return;
        };
        if let Some(changed) = change(self.text(start, end)) {
            self.text.truncate(if end == self.text.len() { start } else { self.text.len() });
            self.bytes = self.bytes.saturating_add(changed.len());
            self.fill_text(found, &changed);
        }
    }

    /// Puts a JSON value into its place.
    pub(crate) fn fill_json(&mut self, found: u32, value: &JsonValue<'_>) {
        let start = self.text.len();
        self.text.push_str(value.text);
        self.put(found, Content::Json { kind: value.kind, start, end: self.text.len() });
    }

    fn head(&self, frame: u32, slot: &Slot) -> u32 {
        self.frames[frame as usize].heads + slot.index
    }

    fn put(&mut self, found: u32, content: Content) {
        let found = &mut self.found[found as usize];
        self.heads[found.head as usize].filled = true;
        found.content = content;
        let frame = found.frame;
        self.count_in(frame);
    }

    /// Removes a value that turned out not to be one.
    pub(crate) fn remove(&mut self, id: u32) {
        self.unlink(id);
        // Values end innermost first, so this is nearly always the last one.
        if id as usize + 1 == self.found.len() {
            self.found.pop();
            self.settled.1 = self.settled.1.min(self.found.len());
        }
    }

    /// Takes a value out of the list of its slot.
    fn unlink(&mut self, id: u32) {
        let Found { previous, next, head, .. } = self.found[id as usize];
        let head = &mut self.heads[head as usize];
        match self.found.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => head.first = next,
        }
        match self.found.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => head.last = previous,
        }
    }

    /// Places that may have to be counted.
    pub(crate) fn unsettled(&mut self) -> impl Iterator<Item = &mut Mark> {
        let (frames, found) = self.settled;
        let frames = self.frames[frames..].iter_mut().map(|frame| &mut frame.place);
        frames.chain(self.found[found..].iter_mut().map(|found| &mut found.place))
    }

    /// Marks them as counted.
    pub(crate) const fn all_settled(&mut self) {
        self.settled = (self.frames.len(), self.found.len());
    }

    /// Whether nothing was found outside of any document.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Where the frame's element starts.
    pub(crate) fn place(&self, frame: u32) -> Position {
        self.frames[frame as usize].place.position()
    }

    /// The first value of a slot, as a number for [`Self::found`].
    pub(crate) fn first(&self, frame: u32, slot: u32) -> Option<u32> {
        let head = self.heads[(self.frames[frame as usize].heads + slot) as usize];
        if head.filled { self.or_next(head.first) } else { None }
    }

    /// Whether anything was found for one of these slots.
    pub(crate) fn any(&self, frame: u32, slots: Range<u32>) -> bool {
        let first = self.frames[frame as usize].heads;
        let heads = &self.heads[(first + slots.start) as usize..(first + slots.end) as usize];
        heads.iter().any(|head| head.filled)
    }

    /// The value of the same slot after this one.
    pub(crate) fn next(&self, found: u32) -> Option<u32> {
        self.or_next(self.found[found as usize].next)
    }

    /// Where a value starts.
    pub(crate) fn place_of(&self, id: u32) -> Position {
        self.found[id as usize].place.position()
    }

    pub(crate) fn found(&self, id: u32) -> &Found {
        &self.found[id as usize]
    }

    /// A text, by its [`Content`].
    pub(crate) fn text(&self, start: usize, end: usize) -> &str {
        &self.text[start..end]
    }

    /// Skips values that are still being collected, or may not count; there are never more of them than open elements.
    fn or_next(&self, mut id: u32) -> Option<u32> {
        while id != UNKNOWN {
            let found = &self.found[id as usize];
            match found.content {
                Content::Empty | Content::Guard(_) => {}
                Content::Object(frame) if !self.frames[frame as usize].counts => {}
                _ => return Some(id),
            }
            id = found.next;
        }
        None
    }
}
