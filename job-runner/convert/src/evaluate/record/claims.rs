//! Which of the values that were collected are those of the document: a later path of a field loses to an
//! earlier one, and a later value of a field that is no list to the first.

use std::collections::{BTreeMap, BTreeSet};

use super::{Content, Record};
use crate::automaton::{Slot, SlotId};
use crate::events::names::UNKNOWN;

/// Slots with values, all of which a document left out as wrong or made empty, so that the next path of the
/// field had its turn.
#[derive(Debug, Default)]
pub(crate) struct PassedOver {
    /// Frames of the document and slots in them.
    inside: BTreeSet<(u32, u32)>,
    /// Slots of the values outside of documents.
    outside: BTreeSet<u32>,
    /// Frames of the document and slots in them of which more than the first value was tried; and the last one
    /// that was.
    tried: BTreeMap<(u32, u32), u32>,
    /// Frames of the document and slots in them whose value a template took.
    made: BTreeSet<(u32, u32)>,
    /// Slots of the values outside of documents that a template took.
    made_outside: BTreeSet<u32>,
}

impl PassedOver {
    /// Notes a slot of the document or of an object in it.
    pub(crate) fn inside(&mut self, frame: u32, slot: u32) {
        self.inside.insert((frame, slot));
    }

    /// Notes the last value of a slot that was tried, after those before it came to nothing.
    pub(crate) fn tried(&mut self, frame: u32, slot: u32, last: u32) {
        self.tried.insert((frame, slot), last);
    }

    /// Notes a slot of the values outside of the document.
    pub(crate) fn outside(&mut self, slot: u32) {
        self.outside.insert(slot);
    }

    /// Notes a slot whose value a template took.
    pub(crate) fn made(&mut self, frame: u32, slot: u32) {
        self.made.insert((frame, slot));
    }

    /// The same outside of the document.
    pub(crate) fn made_outside(&mut self, slot: u32) {
        self.made_outside.insert(slot);
    }

    /// Whether a template took the value of this slot from outside of the document.
    pub(crate) fn is_made_outside(&self, slot: u32) -> bool {
        self.made_outside.contains(&slot)
    }
}

impl Record {
    /// Whether it may turn out that the value is not taken.
    pub(crate) fn is_doubtful(&self, id: u32, slot: &Slot) -> bool {
        let found = &self.found[id as usize];
        let second = !slot.repeated && found.previous != UNKNOWN;
        second
            || slot.late
            || slot.made
            || slot.index > slot.first
            || self.frames[found.frame as usize].doubtful
    }

    /// Remembers that the object of this frame may turn out not to be taken.
    pub(crate) fn doubt_frame(&mut self, frame: u32) {
        self.frames[frame as usize].doubtful = true;
    }

    /// Whether the slot has a value, when the document is judged.
    pub(crate) fn yields(&self, frame: u32, slot: u32, passed: &PassedOver) -> bool {
        self.first(frame, slot).is_some() && !passed.inside.contains(&(frame, slot))
    }

    /// The same for values outside of documents.
    pub(crate) fn yields_outside(&self, slot: u32, passed: &PassedOver) -> bool {
        self.first(0, slot).is_some() && !passed.outside.contains(&slot)
    }

    /// Whether the value is the first of its slot, or was tried after it. Values are numbered in their order.
    fn is_first_or_tried(&self, frame: u32, slot: u32, id: u32, passed: &PassedOver) -> bool {
        match passed.tried.get(&(frame, slot)) {
            Some(last) => id <= *last,
            None => self.first(frame, slot) == Some(id),
        }
    }

    /// Whether the document takes this value of this slot, when it is judged. `shared` is what was found
    /// outside of it.
    pub(crate) fn takes(
        &self,
        slots: &[Slot],
        shared: &Self,
        passed: &PassedOver,
        (mut id, mut slot): (u32, SlotId),
    ) -> bool {
        while let Some(found) = self.found.get(id as usize) {
            if matches!(found.content, Content::Empty | Content::Guard(_)) {
                return false;
            }
            let Slot { index, first, repeated, made, .. } = slots[slots[slot as usize].home as usize];
            let loses = |earlier: u32| {
                let outside = found.frame == 0 && shared.yields_outside(earlier, passed);
                outside || self.yields(found.frame, earlier, passed)
            };
            let is_one = repeated || self.is_first_or_tried(found.frame, index, id, passed);
            let unused = made && !passed.made.contains(&(found.frame, index));
            if (first..index).any(loses) || !is_one || unused {
                return false;
            }
            let frame = &self.frames[found.frame as usize];
            (id, slot) = (frame.object, frame.slot);
        }
        true
    }

    /// The position of the slot of the document's field that the value is in, however deep.
    pub(crate) fn outermost(&self, id: u32) -> u32 {
        let mut found = &self.found[id as usize];
        while let Some(object) = self.found.get(self.frames[found.frame as usize].object as usize) {
            found = object;
        }
        found.head
    }
}
