//! A value outside of documents is that of the nearest element: each element that a path from the root leads
//! through takes the values below it anew. Once it ends, they stay until the next one, unless it is within
//! another one like it: then the values of that one are back.

use super::Evaluator;
use super::late::open_objects::{Open, OpenObject};
use super::state::{Ancestor, Hidden, Memory};
use crate::automaton::NodeId;
use crate::automaton::active::Owner;

impl Evaluator<'_> {
    /// An element outside of documents starts, and has been matched.
    #[inline(never)]
    pub(crate) fn renew(&mut self) {
        let automaton = self.automaton;
        let known = self.memory.ancestors.len();
        // Values to be put back are set aside before anything is dropped.
        for nested in [true, false] {
            for index in 0..self.memory.matched.len() {
                let (node, owner) = self.memory.matched[index];
                let slots = &automaton.nodes[node as usize].renews;
                if owner != Owner::Root || slots.is_empty() {
                    continue;
                }
                let around = self.memory.ancestors.iter().take(known).any(|around| around.node == node);
                if around == nested {
                    self.memory.renew(node, slots, nested);
                }
            }
        }
        if self.memory.ancestors.len() > known {
            self.memory.compact();
        }
    }
}

impl Memory {
    fn renew(&mut self, node: NodeId, slots: &[u32], nested: bool) {
        let mut hidden = Vec::new();
        for slot in slots {
            let open = |found: u32| self.objects.iter().any(|object| object.shared && object.found == found);
            if self.shared.collects(*slot, open) {
                continue;
            }
            if nested {
                let (values, texts) = (self.shared.set_aside(*slot), self.unclaimed.doubts.set_aside(*slot));
                hidden.push(Hidden { slot: *slot, values, texts });
            } else {
                self.shared.drop_values(*slot);
                self.unclaimed.drop_outside(*slot);
            }
        }
        self.ancestors.push(Ancestor { level: self.levels.len(), node, hidden });
    }

    /// The element at this level ends.
    pub(crate) fn end_ancestors(&mut self, level: usize) {
        while let Some(ancestor) = self.ancestors.pop_if(|ancestor| ancestor.level == level) {
            self.put_back(ancestor);
        }
    }

    #[inline(never)]
    fn put_back(&mut self, ancestor: Ancestor) {
        for Hidden { slot, values, texts } in ancestor.hidden {
            self.shared.put_back(slot, values);
            self.unclaimed.put_back(slot, texts);
        }
    }

    /// Frees the memory of values that were dropped, unless others are being collected.
    fn compact(&mut self) {
        let is_counted = |object: &OpenObject| matches!(object.open, Open::Siblings);
        if self.captures.is_empty() && self.objects.iter().all(is_counted) {
            let hidden = self.ancestors.iter_mut().flat_map(|ancestor| &mut ancestor.hidden);
            self.shared.compact(hidden.map(|hidden| (hidden.slot, &mut hidden.values)));
        }
    }
}
