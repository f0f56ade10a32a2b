//! Matches a document against the automaton while it streams by, and collects the values that the paths lead
//! to.

use docmill_crds::conversion::Html;

use super::automaton::active::Owner;
use super::automaton::{Action, Automaton, DOCUMENT, NodeId, Slot, SlotContent, SlotId, TextForm};
use super::events::Element;
use super::events::gap::Gap;
use super::events::json_value::JsonKind;
use super::events::names::{UNKNOWN, number};
use super::events::tag::RawAttribute;
use super::fault::Flaw;
use super::limits::Limits;
use crate::text::cursor::Mark;
use capture::{Buffer, Capture};
use extra::ExtraBuffer;
use late::open_objects::{Open, OpenObject};
use record::Record;
use unmapped::Claim;

mod base;
pub(crate) mod capture;
mod claims;
pub(crate) mod doubts;
pub(crate) mod extra;
mod html;
mod inherited;
mod json;
/// What is known only when an element, or its parent, has ended.
mod late {
    mod guards;
    pub(crate) mod open_objects;
    pub(crate) mod siblings;
}
pub(crate) mod markup;
pub(crate) mod record;
mod renewal;
mod sink;
mod state;
pub(crate) mod text;
pub(crate) mod unmapped;

use state::Level;
pub(crate) use state::Memory;

/// What was found for a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finding<'e> {
    /// The path that made it a document.
    pub(crate) path: &'e str,
    pub(crate) document: &'e Record,
    /// What absolute paths found before and between the documents of the object.
    pub(crate) shared: &'e Record,
    /// What the model does not name, if it is to be kept.
    pub(crate) extra: &'e ExtraBuffer,
}

#[derive(Debug)]
pub(crate) struct Evaluator<'m> {
    automaton: &'m Automaton,
    limits: Limits,
    memory: Memory,
    /// The level of the open document's element.
    record: Option<usize>,
    /// Which of the record's paths matched the last document.
    by: u32,
    /// A document has ended, and what it takes is not settled yet.
    ended: bool,
    /// The object has something that allows it to have no documents.
    may_be_empty: bool,
    /// Documents of the object so far.
    documents: u32,
    /// What the model claims of the current element.
    claim: Claim,
}

impl<'m> Evaluator<'m> {
    pub(crate) fn new(automaton: &'m Automaton, limits: &Limits, memory: Memory) -> Self {
        let claim = Claim::default();
        let mut evaluator = Self {
            automaton,
            limits: *limits,
            memory,
            record: None,
            by: 0,
            ended: false,
            may_be_empty: false,
            documents: 0,
            claim,
        };
        let memory = &mut evaluator.memory;
        memory.levels.push(Level { active: 0, captures: 0, gap: Gap::None, preserve: false, base: UNKNOWN });
        memory.unclaimed.start_object(automaton.extra);
        evaluator.activate(automaton.root, Owner::Root);
        evaluator
    }

    /// Returns the memory, for the next object.
    pub(crate) fn take_memory(&mut self) -> Memory {
        std::mem::take(&mut self.memory)
    }

    /// Whether the object is valid without any document.
    pub(crate) const fn may_be_empty(&self) -> bool {
        self.may_be_empty
    }

    /// What was found for the last document.
    pub(crate) fn found(&self) -> Finding<'_> {
        Finding {
            path: &self.automaton.records[self.by as usize],
            document: &self.memory.document,
            shared: &self.memory.shared,
            extra: self.memory.unclaimed.extra(),
        }
    }

    /// Whether the white space of an element that starts is kept (XML 1.0, section 2.10), and the number of the base
    /// of URIs in it.
    fn context(&mut self, element: &Element<'_>) -> (bool, u32) {
        let around = self.memory.levels.last();
        let (preserve, base) = around.map_or((false, UNKNOWN), |level| (level.preserve, level.base));
        if element.attributes.len() == 0 {
            return (preserve, base);
        }
        let space = element.attributes.find("space", |prefix| prefix == "xml");
        let preserve = space.map_or(preserve, |(_, attribute)| attribute.value() == "preserve");
        (preserve, if self.automaton.resolves { self.enter_base(base, element) } else { base })
    }

    /// The number of the innermost level, and whether its white space is kept.
    fn innermost(&self) -> (usize, bool) {
        (self.memory.levels.len(), self.memory.levels.last().is_some_and(|level| level.preserve))
    }

    fn collect(&mut self, offset: usize, push: impl Fn(&mut Capture) -> usize) -> Result<(), Flaw> {
        for index in 0..self.memory.captures.len() {
            let capture = &mut self.memory.captures[index];
            let (owner, grown) = (capture.owner, push(capture));
            if grown > 0 {
                self.count(owner, grown, offset)?;
            }
        }
        Ok(())
    }

    /// Steps from the nodes that are active for the element's siblings to those that match its name and
    /// attributes.
    fn find_matches(&mut self, element: &Element<'_>, parents: std::ops::Range<usize>) {
        let automaton = self.automaton;
        let Memory { active, matched, levels, siblings, objects, .. } = &mut self.memory;
        let (claimed, parent) = (&mut self.claim.attributes, levels.len() - 1);
        matched.clear();
        for index in parents {
            let (id, owner) = active.get(index);
            let node = &automaton.nodes[id as usize];
            if node.sticky {
                active.push(id, owner);
            }
            node.edges(element.name, |edge| {
                let place = |id| siblings.count(objects, (parent, id, owner));
                if edge.holds(element, claimed, place) {
                    matched.push((edge.target, owner));
                }
            });
        }
    }

    /// The element that starts is a document, by this one of the record's paths.
    #[inline(never)]
    fn start_document(&mut self, by: u32, element: &Element<'_>) -> Result<(), Flaw> {
        self.by = by;
        self.check_count(element.place.offset)?;
        self.record = Some(self.memory.levels.len());
        self.memory.document.clear();
        self.memory.unclaimed.start_document(element.open);
        let scope = &self.automaton.scopes[DOCUMENT as usize];
        let frame = self.memory.document.open_frame(scope.slots, element.place.mark());
        self.check_record(element);
        self.enter(scope.root, Owner::Frame(frame), element)
    }

    fn check_extra(&self, offset: usize) -> Result<(), Flaw> {
        let most = self.limits.value_bytes;
        if self.memory.unclaimed.extra().bytes() > most {
            return Err(Flaw::limit(offset, format!("a document with extra values of at most {most} bytes")));
        }
        Ok(())
    }

    fn check_count(&mut self, offset: usize) -> Result<(), Flaw> {
        let most = self.limits.documents;
        if self.documents == most {
            return Err(Flaw::limit(offset, format!("at most {most} documents in an object")));
        }
        self.documents += 1;
        Ok(())
    }

    /// Which of the record's paths makes the element a document.
    fn record_path(&self) -> Option<u32> {
        let nodes = self.memory.matched.iter().map(|(node, _)| &self.automaton.nodes[*node as usize]);
        nodes.flat_map(|node| &node.actions).find_map(|action| match action {
            Action::Record(by) => Some(*by),
            _ => None,
        })
    }

    /// Enters a node that the element matches.
    fn enter(&mut self, id: NodeId, owner: Owner, element: &Element<'_>) -> Result<(), Flaw> {
        let automaton = self.automaton;
        let node = &automaton.nodes[id as usize];
        self.activate(id, owner);
        for (name, slot) in &node.attributes {
            if let Some(index) = name.find(element) {
                self.attribute(*slot, owner, index, &element.attributes.get(index))?;
            }
        }
        for (name, slot) in &node.inherited {
            self.inherit(*name, *slot, owner, element)?;
        }
        for action in &node.actions {
            match action {
                Action::Record(_) => {}
                Action::MayBeEmpty => self.may_be_empty = true,
                Action::Begin(slot) => self.begin(*slot, owner, element)?,
                Action::Exclude => self.exclude(owner),
            }
        }
        Ok(())
    }

    /// Makes a node active for the children of the innermost element.
    fn activate(&mut self, id: NodeId, owner: Owner) {
        let node = &self.automaton.nodes[id as usize];
        if node.leads_on() {
            self.memory.active.push(id, owner);
        }
        if let Some(below) = node.below {
            self.memory.active.push(below, owner);
        }
    }

    fn attribute(
        &mut self,
        id: SlotId,
        owner: Owner,
        index: usize,
        attribute: &RawAttribute<'_>,
    ) -> Result<(), Flaw> {
        let slot = &self.automaton.slots[id as usize];
        let place = Mark::At(attribute.offset);
        let SlotContent::Text { form, html, .. } = slot.content else {
            self.claim.attribute(index);
            return self.tally(slot, owner, place, attribute.offset);
        };
        let Some(found) = self.reserve(slot, owner, place) else { return Ok(()) };
        let value = attribute.value();
        let mut buffer = self.memory.spare.pop().unwrap_or_default();
        buffer.start(form == TextForm::Paragraphs);
        buffer.push(&value);
        if buffer.len() == 0 {
            self.claim.attribute(index);
        } else {
            self.claim_attribute(id, owner, found, index);
        }
        let resolved = self.resolved(slot, buffer.text());
        let text = resolved.as_deref().unwrap_or_else(|| buffer.text());
        self.count(owner, text.len(), attribute.offset)?;
        let record = self.record(owner).0;
        if html == Some(Html::Text) {
            record.fill_html(found, text);
        } else {
            record.fill_text(found, text);
        }
        self.memory.spare.push(buffer);
        Ok(())
    }

    fn begin(&mut self, id: SlotId, owner: Owner, element: &Element<'_>) -> Result<(), Flaw> {
        let automaton = self.automaton;
        let slot = &automaton.slots[id as usize];
        let place = element.place.mark();
        match slot.content {
            SlotContent::Count => {
                self.claim.presence = true;
                if element.json.is_some_and(|value| value.kind == JsonKind::Null) {
                    return Ok(());
                }
                self.tally(slot, owner, place, element.place.offset)
            }
            SlotContent::Name { local } => self.name(slot, owner, local, element),
            SlotContent::Guard(guard) => self.open_guard(id, guard, owner, element),
            SlotContent::Object(scope) => {
                let Some(found) = self.reserve(slot, owner, place) else { return Ok(()) };
                if self.take_json(slot, owner, found, element)? {
                    return Ok(());
                }
                let scope = &automaton.scopes[scope as usize];
                let (record, shared) = self.record(owner);
                let frame = record.open_frame(scope.slots, place);
                record.open_object(found, frame, id, scope.speaks);
                if !shared && record.is_doubtful(found, slot) {
                    record.doubt_frame(frame);
                }
                let level = self.memory.levels.len();
                self.memory.objects.push(OpenObject { level, found, shared, open: Open::Object });
                self.count(owner, 0, element.place.offset)?;
                self.enter(
                    scope.root,
                    if shared { Owner::Shared(frame) } else { Owner::Frame(frame) },
                    element,
                )
            }
            SlotContent::Text { form, own, exclude, html } => {
                let Some(found) = self.reserve(slot, owner, place) else { return Ok(()) };
                self.claim_element(id, owner, found, (form, own), element);
                if self.take_json(slot, owner, found, element)? {
                    return Ok(());
                }
                let buffer = if form == TextForm::Markup {
                    Buffer::Markup(Box::default())
                } else {
                    let mut buffer = self.memory.spare.pop().unwrap_or_default();
                    buffer.start(form == TextForm::Paragraphs);
                    Buffer::Text(buffer)
                };
                if let Some(exclude) = exclude {
                    self.activate(exclude, Owner::Capture(number(self.memory.captures.len())));
                }
                let owner = if self.record(owner).1 { Owner::Shared(0) } else { Owner::Frame(0) };
                let level = self.memory.levels.len();
                let html = self.is_html(html, element);
                let base = self.base_of(slot);
                let capture = Capture::new(owner, found, level, (own, html), buffer);
                self.memory.captures.push(capture.with_base(base));
                Ok(())
            }
        }
    }

    /// The name of the element that starts is a value.
    #[inline(never)]
    fn name(&mut self, slot: &Slot, owner: Owner, local: bool, element: &Element<'_>) -> Result<(), Flaw> {
        self.claim.presence = true;
        let Some(found) = self.reserve(slot, owner, element.place.mark()) else { return Ok(()) };
        let mut name = String::new();
        if !local && !element.prefix.is_empty() {
            name.push_str(element.prefix);
            name.push(':');
        }
        name.push_str(element.local);
        self.count(owner, name.len(), element.place.offset)?;
        self.record(owner).0.fill_text(found, &name);
        Ok(())
    }

    fn exclude(&mut self, owner: Owner) {
        let level = self.memory.levels.len();
        if let Owner::Capture(index) = owner
            && let Some(capture) = self.memory.captures.get_mut(index as usize)
        {
            capture.exclude(level);
        }
    }

    /// Counts one more occurrence for the slot.
    fn tally(&mut self, slot: &Slot, owner: Owner, place: Mark, offset: usize) -> Result<(), Flaw> {
        let Some(frame) = frame(owner) else { return Ok(()) };
        self.record(owner).0.tally(frame, slot, place);
        self.count(owner, 0, offset)
    }

    /// Reserves the place for a value of this slot, if one more could still matter.
    fn reserve(&mut self, slot: &Slot, owner: Owner, place: Mark) -> Option<u32> {
        let frame = frame(owner)?;
        let (record, shared) = self.record(owner);
        // Outside of documents, the value of an earlier path may be gone before a document comes.
        let alone = shared && frame == 0 || !slot.certain;
        let first = if alone { slot.index } else { slot.first };
        let several = slot.repeated || slot.late || (slot.tried && !shared);
        let wanted =
            record.wants(frame, slot, first, several) && !(slot.union && record.has(frame, slot, place));
        wanted.then(|| record.reserve(frame, slot, place))
    }

    /// Where values of this owner go, and whether documents share that place.
    fn record(&mut self, owner: Owner) -> (&mut Record, bool) {
        let shared = match owner {
            Owner::Root => self.record.is_none(),
            Owner::Shared(_) => true,
            Owner::Frame(_) | Owner::Capture(_) => false,
        };
        if shared { (&mut self.memory.shared, true) } else { (&mut self.memory.document, false) }
    }

    fn count(&mut self, owner: Owner, bytes: usize, offset: usize) -> Result<(), Flaw> {
        let most = self.limits.value_bytes;
        let (record, _) = self.record(owner);
        record.bytes += bytes;
        if record.size() > most {
            return Err(Flaw::limit(offset, format!("a document with values of at most {most} bytes")));
        }
        Ok(())
    }

    fn finish(&mut self, capture: Capture) {
        let Capture { found, html, base, .. } = capture;
        let (record, shared) = self.record(capture.owner);
        let empty = match capture.into_buffer() {
            Buffer::Markup(buffer) => {
                record.fill_text(found, buffer.text());
                buffer.text().is_empty()
            }
            Buffer::Text(buffer) => {
                if html {
                    record.fill_html(found, buffer.text());
                } else {
                    record.fill_text(found, buffer.text());
                }
                let empty = buffer.text().is_empty();
                self.memory.spare.push(buffer);
                empty
            }
        };
        if base != UNKNOWN && !empty {
            self.resolve_found(found, shared, base);
        }
        if empty && !shared {
            self.memory.unclaimed.doubts.forget(found);
        }
    }
}

/// The frame that a node's owner stands for.
const fn frame(owner: Owner) -> Option<u32> {
    match owner {
        Owner::Root => Some(0),
        Owner::Frame(frame) | Owner::Shared(frame) => Some(frame),
        Owner::Capture(_) => None,
    }
}
