//! What the evaluator does with each token.

use super::unmapped::Claim;
use super::{Evaluator, Level};
use crate::events::gap::Gap;
use crate::events::open_elements::OpenElements;
use crate::events::{Element, Sink};
use crate::fault::Flaw;
use crate::input::window::Window;

impl Evaluator<'_> {
    /// How far the element that starts is apart from the text around it. An attribute that decides about it is claimed.
    fn gap(&mut self, element: &Element<'_>) -> Gap {
        let around = self.memory.levels.last().map_or(Gap::None, |level| level.gap);
        let claim = &mut self.claim;
        element.name.gap.in_place(around, || {
            // In TEI, `break="no"` says so, whatever white space is there.
            element.attributes.find("break", str::is_empty).is_some_and(|(index, attribute)| {
                claim.attribute(index);
                attribute.value() == "no"
            })
        })
    }
}

impl Sink for Evaluator<'_> {
    /// An element starts. Returns whether a document starts with it.
    fn start(&mut self, element: &Element<'_>) -> Result<bool, Flaw> {
        self.claim = Claim::default();
        let around = self.memory.captures.len();
        let parents = self.memory.levels.last().map_or(0, |level| level.active)..self.memory.active.len();
        if self.memory.levels.len() == 1 {
            self.start_top();
        }
        // Only what is within a value separates text.
        let gap = if around == 0 { element.name.gap } else { self.gap(element) };
        let (preserve, base) = self.context(element);
        self.memory.levels.push(Level { active: parents.end, captures: around, gap, preserve, base });
        self.memory.active.open(parents.end);
        if !self.automaton.inherited.is_empty() {
            self.bequeath(element)?;
        }
        self.find_matches(element, parents);
        let starts = if self.record.is_none() { self.record_path() } else { None };
        if let Some(by) = starts {
            self.start_document(by, element)?;
        } else if self.record.is_none() && !self.automaton.outside.is_empty() {
            self.renew();
        }
        for index in 0..self.memory.matched.len() {
            let (node, owner) = self.memory.matched[index];
            self.enter(node, owner, element)?;
        }
        let level = self.memory.levels.len();
        for index in 0..around {
            let capture = &mut self.memory.captures[index];
            let (owner, grown) = (capture.owner, capture.element_starts(level, element, gap));
            if grown > 0 {
                self.count(owner, grown, element.place.offset)?;
            }
        }
        self.memory.unclaimed.start(element, self.claim);
        self.check_extra(element.place.offset)?;
        Ok(starts.is_some())
    }

    /// The innermost element ends. Returns whether a document ends with it.
    fn end(&mut self, open: &OpenElements) -> bool {
        self.memory.unclaimed.end(open);
        let level_number = self.memory.levels.len();
        let Some(level) = self.memory.levels.pop() else { return false };
        while self.memory.captures.len() > level.captures {
            if let Some(capture) = self.memory.captures.pop() {
                self.finish(capture);
            }
        }
        while let Some(object) = self.memory.objects.pop_if(|object| object.level == level_number) {
            self.close(object);
        }
        self.memory.end_ancestors(level_number);
        self.memory.inherited.end(level_number);
        self.memory.active.close(level.active);
        for index in 0..self.memory.captures.len() {
            let capture = &mut self.memory.captures[index];
            let (owner, grown) = (capture.owner, capture.element_ends(level_number, level.gap));
            // Checked against the cap with what comes next.
            self.record(owner).0.bytes += grown;
        }
        let ends = self.record == Some(level_number);
        if ends {
            self.record = None;
            self.ended = true;
            self.memory.unclaimed.end_document();
        }
        ends
    }

    /// Characters, decoded.
    fn text(&mut self, text: &str, offset: usize) -> Result<(), Flaw> {
        self.memory.unclaimed.text(text);
        let (level, preserve) = self.innermost();
        self.collect(offset, |capture| capture.text(level, text, preserve))
    }

    /// A character that was written as a reference.
    fn character(&mut self, c: char, offset: usize) -> Result<(), Flaw> {
        self.memory.unclaimed.text(c.encode_utf8(&mut [0; 4]));
        let (level, preserve) = self.innermost();
        self.collect(offset, |capture| capture.character(level, c, preserve))
    }

    fn settle(&mut self, window: &Window<'_>) {
        self.memory.settle(window);
    }
}
