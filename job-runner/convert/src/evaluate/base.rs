//! The bases of relative URIs that an object states itself: `xml:base` (<https://www.w3.org/TR/xmlbase/>).

use super::Evaluator;
use crate::automaton::Slot;
use crate::events::Element;
use crate::events::names::UNKNOWN;
use crate::types::uri;

/// How long a base may be. Each `xml:base` may add to the one around it, and each value has one.
const MOST_BYTES: usize = 8 * 1024;

impl Evaluator<'_> {
    /// The number of the base within an element that starts, if `around` is that of the element around it.
    #[inline(never)]
    pub(crate) fn enter_base(&mut self, around: u32, element: &Element<'_>) -> u32 {
        let Some((index, attribute)) = element.attributes.find("base", |prefix| prefix == "xml") else {
            return around;
        };
        self.claim.attribute(index);
        let (bases, value) = (&mut self.memory.bases, attribute.value());
        let outer = bases.get(around as usize);
        let base = outer.map_or_else(|| value.trim().to_owned(), |outer| uri::resolve(outer, value.trim()));
        if base.len() > MOST_BYTES {
            return around;
        }
        // What comes after the one around is of elements that have ended.
        let number = if around == UNKNOWN { 0 } else { around + 1 };
        bases.truncate(number as usize);
        bases.push(base);
        number
    }

    /// The number of the base of a value that starts; unknown if there is none, or it is not asked for.
    pub(crate) fn base_of(&self, slot: &Slot) -> u32 {
        let level = self.memory.levels.last().filter(|_| slot.resolves);
        level.map_or(UNKNOWN, |level| level.base)
    }

    /// A value of this slot, if it is resolved against a base.
    pub(crate) fn resolved(&self, slot: &Slot, value: &str) -> Option<String> {
        let base = self.memory.bases.get(self.base_of(slot) as usize)?;
        (!value.is_empty() && uri::is_relative(value)).then(|| uri::resolve(base, value))
    }

    /// Resolves a value that is complete. By how much it grows is checked against the cap with what comes next.
    #[inline(never)]
    pub(crate) fn resolve_found(&mut self, found: u32, shared: bool, base: u32) {
        let Some(base) = self.memory.bases.get(base as usize) else { return };
        let record = if shared { &mut self.memory.shared } else { &mut self.memory.document };
        record.change_text(found, |value| uri::is_relative(value).then(|| uri::resolve(base, value)));
    }
}
