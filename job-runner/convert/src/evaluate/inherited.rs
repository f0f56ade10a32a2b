//! Attributes that elements inherit from those around them, as `xml:lang` and `xml:base` are: the nearest one counts.

use super::Evaluator;
use crate::automaton::active::Owner;
use crate::automaton::{SlotContent, SlotId, TextForm};
use crate::events::Element;
use crate::fault::Flaw;

/// The values that are in force, of the attributes that a model asks for.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    /// For each attribute the values of open elements, each with the level of its element, innermost last.
    stacks: Vec<Vec<(usize, String)>>,
    /// Bytes of all values.
    bytes: usize,
}

impl Inherited {
    pub(crate) fn clear(&mut self) {
        self.stacks.clear();
        self.bytes = 0;
    }

    /// The element at this level has a value of the attribute with this number.
    fn push(&mut self, name: usize, level: usize, value: &str) {
        if self.stacks.len() <= name {
            self.stacks.resize_with(name + 1, Vec::new);
        }
        self.bytes += value.len();
        self.stacks[name].push((level, value.to_owned()));
    }

    /// The element at this level ends.
    pub(crate) fn end(&mut self, level: usize) {
        for stack in &mut self.stacks {
            if let Some((_, value)) = stack.pop_if(|(of, _)| *of == level) {
                self.bytes -= value.len();
            }
        }
    }

    fn nearest(&self, name: u32) -> &str {
        let value = self.stacks.get(name as usize).and_then(|stack| stack.last());
        value.map_or("", |(_, value)| value.as_str())
    }
}

impl Evaluator<'_> {
    /// Remembers what elements in the one that starts inherit from it. Outside of documents, it is claimed; in them,
    /// nobody knows yet whether anything asks for it.
    #[inline(never)]
    pub(crate) fn bequeath(&mut self, element: &Element<'_>) -> Result<(), Flaw> {
        let (automaton, level) = (self.automaton, self.memory.levels.len());
        for (name, attribute) in automaton.inherited.iter().enumerate() {
            let Some(index) = attribute.find(element) else { continue };
            self.memory.inherited.push(name, level, &element.attributes.get(index).value());
            if self.record.is_none() {
                self.claim.attribute(index);
            }
        }
        let most = self.limits.value_bytes;
        if self.memory.inherited.bytes > most {
            let expected = format!("inherited values of at most {most} bytes at one place");
            return Err(Flaw::limit(element.place.offset, expected));
        }
        Ok(())
    }

    /// Takes what the element that starts has or inherits of the attribute with this number.
    #[inline(never)]
    pub(crate) fn inherit(
        &mut self,
        name: u32,
        id: SlotId,
        owner: Owner,
        element: &Element<'_>,
    ) -> Result<(), Flaw> {
        let automaton = self.automaton;
        if let Some(index) = automaton.inherited[name as usize].find(element) {
            return self.attribute(id, owner, index, &element.attributes.get(index));
        }
        let slot = &automaton.slots[id as usize];
        let SlotContent::Text { form, .. } = slot.content else { return Ok(()) };
        let mut buffer = self.memory.spare.pop().unwrap_or_default();
        buffer.start(form == TextForm::Paragraphs);
        buffer.push(self.memory.inherited.nearest(name));
        if buffer.len() > 0
            && let Some(found) = self.reserve(slot, owner, element.place.mark())
        {
            self.count(owner, buffer.len(), element.place.offset)?;
            self.record(owner).0.fill_text(found, buffer.text());
        }
        self.memory.spare.push(buffer);
        Ok(())
    }
}
