//! Values that may not count, in a frame of their own until that is known.

use super::{Content, Found, Head, Record};
use crate::automaton::{Slot, SlotId};
use crate::events::names::UNKNOWN;

impl Record {
    /// Puts the frame of values that may not count into its place.
    pub(crate) fn open_guard(&mut self, found: u32, frame: u32, slot: SlotId) {
        self.found[found as usize].content = Content::Guard(frame);
        let opened = &mut self.frames[frame as usize];
        // It counts already, so that nothing around it does because of it.
        (opened.object, opened.slot, opened.counts) = (found, slot, true);
    }

    /// Takes such a frame from its place.
    pub(crate) fn close_guard(&mut self, found: u32) -> Option<u32> {
        let Content::Guard(frame) = self.found[found as usize].content else { return None };
        self.unlink(found);
        self.found[found as usize].content = Content::Empty;
        Some(frame)
    }

    /// The values of a frame count: they become those of the slot in which its guard stood, in the order of the
    /// document. Returns them.
    pub(crate) fn release(&mut self, guard: u32, frame: u32, slot: &Slot) -> Vec<u32> {
        let Found { frame: outer, head, .. } = self.found[guard as usize];
        let mut released = Vec::new();
        let mut before = self.heads[head as usize].last;
        for id in self.take_values(frame).into_iter().rev() {
            let Found { place, content, .. } = self.found[id as usize];
            if let Content::Count(count) = content {
                self.tally_by(count, outer, slot, place);
                continue;
            }
            // Values are numbered in the order of the document.
            while before != UNKNOWN && before > id {
                before = self.found[before as usize].previous;
            }
            if self.link(id, before, (outer, head)) {
                released.push(id);
            }
        }
        released
    }

    /// The values of a frame do not count. Returns none.
    pub(crate) fn discard(&mut self, frame: u32) -> Vec<u32> {
        for id in self.take_values(frame) {
            self.found[id as usize].content = Content::Empty;
        }
        Vec::new()
    }

    /// A value does not count after all.
    pub(crate) fn drop_value(&mut self, id: u32) {
        self.unlink(id);
        let found = &mut self.found[id as usize];
        found.content = Content::Empty;
        let head = &mut self.heads[found.head as usize];
        head.filled &= head.first != UNKNOWN;
    }

    /// Empties the first slot of a frame.
    fn take_values(&mut self, frame: u32) -> Vec<u32> {
        let head = self.frames[frame as usize].heads as usize;
        let Head { first, .. } = std::mem::replace(&mut self.heads[head], Head::EMPTY);
        let known = |id: u32| (id != UNKNOWN).then_some(id);
        std::iter::successors(known(first), |id| known(self.found[*id as usize].next)).collect()
    }

    /// Adds a value to a list behind the one `before` it, unless the same element is there already, found by way of
    /// another guard or another path of a union. Returns whether it did.
    fn link(&mut self, id: u32, before: u32, (frame, head): (u32, u32)) -> bool {
        let list = &mut self.heads[head as usize];
        let next = self.found.get(before as usize).map_or(list.first, |before| before.next);
        let place = self.found[id as usize].place;
        let is_same = |other: u32| {
            let other = self.found.get(other as usize);
            other.is_some_and(|other| other.place == place && !matches!(other.content, Content::Guard(_)))
        };
        if is_same(before) || is_same(next) {
            self.found[id as usize].content = Content::Empty;
            return false;
        }
        match self.found.get_mut(before as usize) {
            Some(before) => before.next = id,
            None => list.first = id,
        }
        match self.found.get_mut(next as usize) {
            Some(next) => next.previous = id,
            None => list.last = id,
        }
        list.filled = true;
        let found = &mut self.found[id as usize];
        (found.previous, found.next, found.frame, found.head) = (before, next, frame, head);
        self.count_in(frame);
        true
    }
}
