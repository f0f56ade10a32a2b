//! Values of which it is known only at the end of an element whether they count: see
//! [`Guard`](crate::automaton::late::Guard). They take memory as other values do, until the document ends, and count
//! towards the limit of a document's values.

use std::iter::successors;

use docmill_crds::conversion::{Place, Test};

use crate::automaton::active::Owner;
use crate::automaton::late::{LateCondition, LatePredicate};
use crate::automaton::{GuardId, SlotContent, SlotId};
use crate::evaluate::late::open_objects::{Open, OpenObject};
use crate::evaluate::record::{Content, Record};
use crate::evaluate::state::Memory;
use crate::evaluate::{Evaluator, frame};
use crate::events::Element;
use crate::fault::Flaw;

impl Evaluator<'_> {
    /// An element starts whose values go to a guard of this slot.
    #[inline(never)]
    pub(crate) fn open_guard(
        &mut self,
        id: SlotId,
        guard: GuardId,
        owner: Owner,
        element: &Element<'_>,
    ) -> Result<(), Flaw> {
        let automaton = self.automaton;
        let scope = &automaton.scopes[automaton.guards[guard as usize].scope as usize];
        let (Some(outer), place) = (frame(owner), element.place.mark()) else { return Ok(()) };
        let (record, shared) = self.record(owner);
        // Guards are within documents alone: the check of the model sees to that.
        if shared {
            return Ok(());
        }
        let found = record.reserve(outer, &automaton.slots[id as usize], place);
        let inner = record.open_frame(scope.slots, place);
        record.open_guard(found, inner, id);
        let level = self.memory.levels.len();
        self.memory.objects.push(OpenObject { level, found, shared, open: Open::Guard(id, owner) });
        self.count(owner, 0, element.place.offset)?;
        self.enter(scope.root, Owner::Frame(inner), element)
    }

    /// The element ends in which something was open.
    #[inline(never)]
    pub(crate) fn close(&mut self, object: OpenObject) {
        let Memory { document, shared, siblings, .. } = &mut self.memory;
        match object.open {
            Open::Object if object.shared => shared.close_object(object.found),
            Open::Object => document.close_object(object.found),
            Open::Guard(slot, owner) => self.close_guard(object, slot, owner),
            Open::Siblings => {
                for value in siblings.close(object.level) {
                    document.drop_value(value);
                }
            }
        }
    }

    fn close_guard(&mut self, object: OpenObject, id: SlotId, owner: Owner) {
        let automaton = self.automaton;
        let slot = &automaton.slots[id as usize];
        let Memory { document, siblings, objects, .. } = &mut self.memory;
        let SlotContent::Guard(guard) = slot.content else { return };
        let Some(inner) = document.close_guard(object.found) else { return };
        let (parent, mut holds, mut last) = (object.level - 1, true, None);
        for predicate in &automaton.guards[guard as usize].predicates {
            match predicate {
                _ if !holds => {}
                LatePredicate::Holds(condition) => holds = fulfils(condition, document, inner),
                LatePredicate::Place(id, Place::FromStart(wanted)) => {
                    holds = siblings.count(objects, (parent, *id, owner)) == *wanted;
                }
                LatePredicate::Place(id, Place::FromEnd(wanted)) => last = Some((*id, *wanted)),
            }
        }
        let values =
            if holds { document.release(object.found, inner, slot) } else { document.discard(inner) };
        if let Some((id, wanted)) = last {
            for too_far in siblings.keep_last(objects, (parent, id, owner), wanted as usize, values) {
                document.drop_value(too_far);
            }
        }
    }
}

/// Whether what was found for a guard's condition fulfils it.
fn fulfils(condition: &LateCondition, record: &Record, frame: u32) -> bool {
    match condition {
        LateCondition::Values(slot, test) => passes(*slot, test, record, frame),
        LateCondition::Not(condition) => !fulfils(condition, record, frame),
        LateCondition::All(conditions) => conditions.iter().all(|each| fulfils(each, record, frame)),
        LateCondition::Any(conditions) => conditions.iter().any(|each| fulfils(each, record, frame)),
    }
}

/// Whether one of a slot's values passes a test.
fn passes(slot: u32, test: &Test, record: &Record, frame: u32) -> bool {
    let first = record.first(frame, slot);
    match test {
        Test::Present => first.is_some(),
        Test::Absent => first.is_none(),
        test => successors(first, |id| record.next(*id)).any(|id| match record.found(id).content {
            Content::Text { start, end } | Content::Json { start, end, .. } => {
                test.holds(Some(record.text(start, end)))
            }
            _ => false,
        }),
    }
}
