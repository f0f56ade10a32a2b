//! What the values that are collected claim, so that it is not lost.

use super::Evaluator;
use super::doubts::Claimer;
use super::record::PassedOver;
use super::state::Memory;
use crate::automaton::active::Owner;
use crate::automaton::{Outside, SlotId, TextForm};
use crate::events::Element;

impl Evaluator<'_> {
    /// The text of the element that starts is a value, of this form, and perhaps of its own text alone.
    pub(crate) fn claim_element(
        &mut self,
        slot: SlotId,
        owner: Owner,
        found: u32,
        (form, own): (TextForm, bool),
        element: &Element<'_>,
    ) {
        let markup = form == TextForm::Markup;
        let blank = element.json.is_some_and(|value| value.is_blank());
        match self.doubt(slot, owner, found) {
            Some(claimer) if !blank => {
                let own = own.then_some(self.memory.levels.len());
                self.memory.unclaimed.doubts.collect(Claimer { own, markup, ..claimer });
            }
            _ => {
                self.claim.text = true;
                self.claim.content |= !own;
                self.claim.markup |= markup;
            }
        }
    }

    /// The attribute with this number of the element that starts is a value.
    pub(crate) fn claim_attribute(&mut self, slot: SlotId, owner: Owner, found: u32, index: usize) {
        match self.doubt(slot, owner, found) {
            Some(claimer) => self.memory.unclaimed.doubts.attribute(index, claimer),
            None => self.claim.attribute(index),
        }
    }

    /// The claim of a value that may not be taken.
    fn doubt(&mut self, id: SlotId, owner: Owner, found: u32) -> Option<Claimer> {
        let (record, shared) = self.record(owner);
        if shared {
            let slot = record.outermost(found);
            // What an object around documents takes from within them is its own affair.
            return self.record.is_none().then_some(Claimer::new(slot, found));
        }
        let slot = &self.automaton.slots[id as usize];
        self.memory.document.is_doubtful(found, slot).then_some(Claimer::new(id, found))
    }

    /// The document that has ended is judged: what it does not take is lost, and what it takes of the values
    /// outside is not.
    pub(crate) fn resolve_doubts(&mut self, passed: &PassedOver) {
        if !std::mem::take(&mut self.ended) {
            return;
        }
        let automaton = self.automaton;
        let Memory { document, shared, unclaimed, .. } = &mut self.memory;
        let (document, shared) = (&*document, &*shared);
        unclaimed.resolve(|found, slot| document.takes(&automaton.slots, shared, passed, (found, slot)));
        for Outside { first, index, made } in &automaton.outside {
            let has = |slot: u32| document.yields(0, slot, passed);
            let earlier = |slot: u32| has(slot) || shared.yields_outside(slot, passed);
            let taken = unclaimed.doubts.waits_outside(*index)
                && shared.first(0, *index).is_some()
                && !has(*index)
                && !(*first..*index).any(earlier)
                && (!made || passed.is_made_outside(*index));
            if taken {
                unclaimed.doubts.take_outside(*index);
            }
        }
    }
}
