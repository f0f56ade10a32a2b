//! Which of the values that were collected are those of the document: a later path of a field loses to an
//! earlier one, and a later value of a field that is no list to the first.

use super::Record;
use crate::automaton::{Slot, SlotId};
use crate::events::names::UNKNOWN;

impl Record {
    /// Whether it may turn out that the value is not taken.
    pub(crate) fn is_doubtful(&self, id: u32, slot: &Slot) -> bool {
        let found = &self.found[id as usize];
        let second = !slot.repeated && found.previous != UNKNOWN;
        second || slot.index > slot.first || self.frames[found.frame as usize].doubtful
    }

    /// Remembers that the object of this frame may turn out not to be taken.
    pub(crate) fn doubt_frame(&mut self, frame: u32) {
        self.frames[frame as usize].doubtful = true;
    }

    /// Whether the document takes the value, when all slots are known. `shared` is what was found outside of
    /// it.
    pub(crate) fn takes(&self, slots: &[Slot], shared: &Self, id: u32, slot: SlotId) -> bool {
        let (mut id, mut slot) = (id, slot);
        while let Some(found) = self.found.get(id as usize) {
            let Slot { index, first, repeated, .. } = slots[slot as usize];
            let loses = |earlier: u32| {
                let outside = found.frame == 0 && shared.first(0, earlier).is_some();
                outside || self.first(found.frame, earlier).is_some()
            };
            if (first..index).any(loses) || (!repeated && self.first(found.frame, index) != Some(id)) {
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
