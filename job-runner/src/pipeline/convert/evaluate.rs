//! Holds a document against the automaton while it streams by, and collects what the paths lead to.

use super::automaton::{Action, Automaton, DOCUMENT, NodeId, Slot, SlotContent, SlotId, TextForm};
use super::cursor::Position;
use super::extra::ExtraBuffer;
use super::fault::Flaw;
use super::limits::Limits;
use super::losses::LossCounter;
use super::markup::MarkupBuffer;
use super::names::number;
use super::open_elements::OpenElements;
use super::record::Record;
use super::scanner::{Element, Sink};
use super::tag::RawAttribute;
use super::text::{Gap, TextBuffer};
use super::unclaimed::{Claim, Unclaimed};

mod json;

/// For whom a node is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The document that is open, or when none is, what all following documents share.
    Root,
    /// An object that was found outside of any document.
    Shared(u32),
    /// A frame of the open document.
    Frame(u32),
    /// A value that is being collected.
    Capture(u32),
}

/// An open element.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Where the nodes that are active for its children start.
    active: usize,
    /// How many values were being collected around it.
    captures: usize,
    gap: Gap,
}

/// A value that is being collected.
#[derive(Debug)]
struct Capture {
    owner: Owner,
    found: u32,
    level: usize,
    own: bool,
    /// The level of the element whose content is left out.
    excluded: Option<usize>,
    buffer: Buffer,
}

#[derive(Debug)]
enum Buffer {
    Text(TextBuffer),
    Markup(MarkupBuffer),
}

/// What an evaluator needs memory for.
#[derive(Debug, Default)]
pub(super) struct Memory {
    active: Vec<(NodeId, Owner)>,
    matched: Vec<(NodeId, Owner)>,
    levels: Vec<Level>,
    captures: Vec<Capture>,
    /// Buffers for the next captures.
    spare: Vec<TextBuffer>,
    document: Record,
    shared: Record,
    unclaimed: Unclaimed,
}

impl Memory {
    pub(super) fn clear(&mut self) {
        self.active.clear();
        self.levels.clear();
        self.captures.clear();
        self.document.clear();
        self.shared.clear();
    }

    /// What was counted since the last time.
    pub(super) fn take_losses(&mut self) -> LossCounter {
        self.unclaimed.take_losses()
    }

    /// Goes on counting from there.
    pub(super) fn put_losses(&mut self, losses: LossCounter) {
        self.unclaimed.put_losses(losses);
    }

    /// Bytes that are kept, roughly.
    pub(super) fn bytes(&self) -> usize {
        let spare = self.spare.iter().map(TextBuffer::capacity).sum::<usize>();
        spare + self.document.capacity() + self.shared.capacity()
    }
}

#[derive(Debug)]
pub(super) struct Evaluator<'m> {
    automaton: &'m Automaton,
    limits: Limits,
    memory: Memory,
    /// The level of the open document's element.
    record: Option<usize>,
    /// Documents of the object so far.
    documents: u32,
    /// What the model makes of the element that is being looked at.
    claim: Claim,
}

impl<'m> Evaluator<'m> {
    pub(super) fn new(automaton: &'m Automaton, limits: &Limits, memory: Memory) -> Self {
        let claim = Claim::default();
        let mut evaluator = Self { automaton, limits: *limits, memory, record: None, documents: 0, claim };
        let memory = &mut evaluator.memory;
        memory.levels.push(Level { active: 0, captures: 0, gap: Gap::None });
        memory.unclaimed.start_object(automaton.extra);
        evaluator.activate(automaton.root, Owner::Root);
        evaluator
    }

    /// The memory, for the next object.
    pub(super) fn take_memory(&mut self) -> Memory {
        std::mem::take(&mut self.memory)
    }

    /// What was found for the last document, what all documents share, and what the model does not name.
    pub(super) const fn found(&self) -> (&Record, &Record, &ExtraBuffer) {
        (&self.memory.document, &self.memory.shared, self.memory.unclaimed.extra())
    }

    fn collect(&mut self, bytes: usize, offset: usize, push: impl Fn(&mut Buffer)) -> Result<(), Flaw> {
        let level = self.memory.levels.len();
        for index in 0..self.memory.captures.len() {
            let capture = &mut self.memory.captures[index];
            if capture.excluded.is_some() || (capture.own && capture.level != level) {
                continue;
            }
            push(&mut capture.buffer);
            let owner = capture.owner;
            self.count(owner, bytes, offset)?;
        }
        Ok(())
    }

    /// Steps from the nodes that are active for the element's siblings to those that its name and attributes lead to.
    fn find_matches(&mut self, element: &Element<'_>, parents: std::ops::Range<usize>) {
        let automaton = self.automaton;
        self.memory.matched.clear();
        for index in parents {
            let (id, owner) = self.memory.active[index];
            let node = &automaton.nodes[id as usize];
            if node.sticky {
                self.push_active(id, owner);
            }
            let (claimed, matched) = (&mut self.claim.attributes, &mut self.memory.matched);
            node.edges(element.name, |edge| {
                if edge.holds(element, claimed) {
                    matched.push((edge.target, owner));
                }
            });
        }
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

    fn is_record(&self) -> bool {
        let nodes = &self.automaton.nodes;
        self.memory.matched.iter().any(|(node, _)| nodes[*node as usize].actions.contains(&Action::Record))
    }

    /// The element leads to this node.
    fn enter(&mut self, id: NodeId, owner: Owner, element: &Element<'_>) -> Result<(), Flaw> {
        let automaton = self.automaton;
        let node = &automaton.nodes[id as usize];
        self.activate(id, owner);
        for (name, slot) in &node.attributes {
            if let Some(attribute) = name.of(element, &mut self.claim.attributes) {
                self.attribute(*slot, owner, &attribute, element)?;
            }
        }
        for action in &node.actions {
            match action {
                Action::Record => {}
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
            self.push_active(id, owner);
        }
        if let Some(below) = node.below {
            self.push_active(below, owner);
        }
    }

    fn push_active(&mut self, id: NodeId, owner: Owner) {
        let from = self.memory.levels.last().map_or(0, |level| level.active);
        if !self.memory.active[from..].contains(&(id, owner)) {
            self.memory.active.push((id, owner));
        }
    }

    fn attribute(
        &mut self,
        slot: SlotId,
        owner: Owner,
        attribute: &RawAttribute<'_>,
        element: &Element<'_>,
    ) -> Result<(), Flaw> {
        let slot = &self.automaton.slots[slot as usize];
        let SlotContent::Text { form, .. } = slot.content else { return Ok(()) };
        let place = || element.place.position_of(attribute.offset);
        let Some(found) = self.reserve(slot, owner, place) else { return Ok(()) };
        let value = attribute.value();
        self.count(owner, value.len(), attribute.offset)?;
        let mut buffer = self.memory.spare.pop().unwrap_or_default();
        buffer.start(form == TextForm::Paragraphs);
        buffer.push(&value);
        self.record(owner).0.fill_text(found, buffer.text());
        self.memory.spare.push(buffer);
        Ok(())
    }

    fn begin(&mut self, slot: SlotId, owner: Owner, element: &Element<'_>) -> Result<(), Flaw> {
        let automaton = self.automaton;
        let slot = &automaton.slots[slot as usize];
        if let SlotContent::Text { form, own, .. } = slot.content {
            self.claim.text = true;
            self.claim.content |= !own;
            self.claim.markup |= form == TextForm::Markup;
        }
        let place = || element.place.position();
        let Some(found) = self.reserve(slot, owner, place) else { return Ok(()) };
        if let Some(value) = &element.json
            && self.take_json(slot, owner, found, value, element.place.offset)?
        {
            return Ok(());
        }
        match slot.content {
            SlotContent::Object(scope) => {
                let scope = &automaton.scopes[scope as usize];
                let (record, shared) = self.record(owner);
                let frame = record.open_frame(scope.slots, element.place.position());
                record.fill(found, frame);
                self.enter(
                    scope.root,
                    if shared { Owner::Shared(frame) } else { Owner::Frame(frame) },
                    element,
                )
            }
            SlotContent::Text { form, own, exclude } => {
                let buffer = if form == TextForm::Markup {
                    Buffer::Markup(MarkupBuffer::default())
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
                self.memory.captures.push(Capture { owner, found, level, own, excluded: None, buffer });
                Ok(())
            }
        }
    }

    fn exclude(&mut self, owner: Owner) {
        let level = self.memory.levels.len();
        if let Owner::Capture(index) = owner
            && let Some(capture) = self.memory.captures.get_mut(index as usize)
        {
            capture.excluded.get_or_insert(level);
        }
    }

    /// The place for a value of this slot, when one more could still matter.
    fn reserve(&mut self, slot: &Slot, owner: Owner, place: impl FnOnce() -> Position) -> Option<u32> {
        let frame = match owner {
            Owner::Root => 0,
            Owner::Frame(frame) | Owner::Shared(frame) => frame,
            Owner::Capture(_) => return None,
        };
        let (record, _) = self.record(owner);
        record.wants(frame, slot).then(|| record.reserve(frame, slot, place()))
    }

    /// Where values of this owner go, and whether that is what documents share.
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
        if record.bytes > most {
            return Err(Flaw::limit(offset, format!("a document with values of at most {most} bytes")));
        }
        Ok(())
    }

    fn finish(&mut self, capture: Capture) {
        let Capture { owner, found, buffer, .. } = capture;
        let (record, _) = self.record(owner);
        match buffer {
            Buffer::Markup(buffer) => record.fill_text(found, buffer.text()),
            Buffer::Text(buffer) => {
                record.fill_text(found, buffer.text());
                self.memory.spare.push(buffer);
            }
        }
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
        self.memory.levels.push(Level { active: parents.end, captures: around, gap: element.name.gap });
        self.find_matches(element, parents);
        let starts = self.record.is_none() && self.is_record();
        if starts {
            self.check_count(element.place.offset)?;
            self.record = Some(self.memory.levels.len());
            self.memory.document.clear();
            self.memory.unclaimed.start_document();
            let scope = &self.automaton.scopes[DOCUMENT as usize];
            let frame = self.memory.document.open_frame(scope.slots, element.place.position());
            self.check_record(element);
            self.enter(scope.root, Owner::Frame(frame), element)?;
        }
        for index in 0..self.memory.matched.len() {
            let (node, owner) = self.memory.matched[index];
            self.enter(node, owner, element)?;
        }
        for capture in &mut self.memory.captures[..around] {
            capture.element_starts(element);
        }
        self.memory.unclaimed.start(element, self.claim);
        self.check_extra(element.place.offset)?;
        Ok(starts)
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
        self.memory.active.truncate(level.active);
        for capture in &mut self.memory.captures {
            capture.element_ends(level_number, level.gap);
        }
        let ends = self.record == Some(level_number);
        if ends {
            self.record = None;
            self.memory.unclaimed.end_document();
        }
        ends
    }

    /// Characters, as they are meant.
    fn text(&mut self, text: &str, offset: usize) -> Result<(), Flaw> {
        self.memory.unclaimed.text(text);
        self.collect(text.len(), offset, |buffer| match buffer {
            Buffer::Text(buffer) => buffer.push(text),
            Buffer::Markup(buffer) => buffer.push(text),
        })
    }

    /// A character that was written as a reference.
    fn character(&mut self, c: char, offset: usize) -> Result<(), Flaw> {
        self.memory.unclaimed.text(c.encode_utf8(&mut [0; 4]));
        self.collect(c.len_utf8(), offset, |buffer| match buffer {
            Buffer::Text(buffer) => buffer.push_char(c),
            Buffer::Markup(buffer) => buffer.push_char(c),
        })
    }
}

impl Capture {
    fn element_starts(&mut self, element: &Element<'_>) {
        match &mut self.buffer {
            Buffer::Text(buffer) => buffer.set_apart(element.name.gap),
            Buffer::Markup(buffer) if self.excluded.is_none() => buffer.start(element),
            Buffer::Markup(_) => {}
        }
    }

    fn element_ends(&mut self, level: usize, gap: Gap) {
        match &mut self.buffer {
            Buffer::Text(buffer) => buffer.set_apart(gap),
            Buffer::Markup(buffer) if self.excluded.is_none() => buffer.end(),
            Buffer::Markup(_) => {}
        }
        if self.excluded == Some(level) {
            self.excluded = None;
        }
    }
}
