//! How JSON values become values of a model's fields. They need no collecting: a value without parts arrives
//! complete.

use super::{Evaluator, Owner};
use crate::automaton::{Action, DOCUMENT, ScopeId, Slot, SlotContent};
use crate::events::Element;
use crate::events::json_value::JsonKind;
use crate::fault::Flaw;
use crate::fault::position::Position;
use crate::text::cursor::Mark;

impl Evaluator<'_> {
    /// The root element starts, or a top-level JSON value, of which there may be many: what one holds outside
    /// of its documents is not shared with those of the next.
    #[inline(never)]
    pub(crate) fn start_top(&mut self) {
        let slots = self.automaton.scopes[DOCUMENT as usize].slots;
        self.memory.shared.clear();
        // The root elements of an object are no siblings.
        self.memory.siblings.clear();
        self.memory.objects.clear();
        self.memory.unclaimed.drop_all_outside();
        self.memory.shared.open_frame(slots, Mark::Known(Position::START));
    }

    /// Takes the JSON value of the element that starts, if it is one, for this slot. Returns whether that completes it;
    /// an object whose fields are needed is not complete yet.
    pub(crate) fn take_json(
        &mut self,
        slot: &Slot,
        owner: Owner,
        found: u32,
        element: &Element<'_>,
    ) -> Result<bool, Flaw> {
        let Some(value) = &element.json else { return Ok(false) };
        let wanted = match slot.content {
            SlotContent::Object(_) if value.kind == JsonKind::Object => return Ok(false),
            SlotContent::Object(scope) if self.takes_itself(scope) => return Ok(false),
            // `@` matches a value without parts.
            SlotContent::Text { own: true, .. } => value.kind != JsonKind::Object,
            SlotContent::Object(_) | SlotContent::Text { .. } => true,
            SlotContent::Count | SlotContent::Name { .. } | SlotContent::Guard(_) => false,
        };
        if wanted && !value.is_blank() {
            self.count(owner, value.text.len(), element.place.offset)?;
            self.record(owner).0.fill_json(found, value);
        } else {
            self.record(owner).0.remove(found);
        }
        Ok(true)
    }

    /// Remembers that a document is a value without fields, unless a field takes the value itself.
    pub(crate) fn check_record(&mut self, element: &Element<'_>) {
        if let Some(value) = &element.json
            && value.kind != JsonKind::Object
            && !self.takes_itself(DOCUMENT)
        {
            let found = if value.is_blank() { value.kind.as_str() } else { value.text };
            self.memory.document.scalar = Some(found.to_owned());
        }
    }

    /// Whether a field of this scope is the value itself.
    fn takes_itself(&self, scope: ScopeId) -> bool {
        let automaton = self.automaton;
        let root = automaton.scopes[scope as usize].root;
        automaton.nodes[root as usize].actions.iter().any(|action| match action {
            Action::Begin(slot) => {
                matches!(automaton.slots[*slot as usize].content, SlotContent::Text { .. })
            }
            _ => false,
        })
    }
}
