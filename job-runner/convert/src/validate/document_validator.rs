//! Judges one document: writes the valid values, and reports each invalid one.

use std::borrow::Cow;
use std::ops::Range;

use docmill_crds::conversion::FieldType;
use docmill_crds::reason::Reason;

use super::constraints::Tally;
use super::place::{Spot, Trail};
use crate::automaton::{Automaton, DOCUMENT, FieldPlan, Scope, ScopeId};
use crate::evaluate::Finding;
use crate::evaluate::record::{Content, PassedOver, Record};
use crate::events::json_value::JsonKind;
use crate::fault::Fault;
use crate::input::object_info::ObjectInfo;
use crate::text::json_writer::JsonWriter;
use crate::types::Resolution;

/// Where in the text of a document the value of each of its model's fields is; an empty range for a field
/// without one.
pub(crate) type Values = Vec<Range<usize>>;

/// The field for what the model does not name, [`EXTRA_FIELD`](docmill_crds::conversion::EXTRA_FIELD), as
/// JSON with its colon.
pub(super) const EXTRA_KEY: &str = "\"extra\":";

pub(super) struct Judge<'a, 'w> {
    pub(crate) automaton: &'a Automaton,
    /// The document's path.
    pub(crate) path: &'a str,
    /// What was found in the document, and not outside of it.
    pub(super) inside: &'a Record,
    /// What was found outside of it.
    pub(super) outside: &'a Record,
    /// What is known of the object that the document is in.
    pub(super) object: &'a ObjectInfo,
    pub(crate) json: &'w mut JsonWriter,
    /// The faults that refuse the document, as far as they are kept.
    pub(crate) faults: Vec<Fault>,
    /// How many there are.
    pub(crate) fatal: usize,
    /// The faults of values that were left out.
    pub(crate) dropped: Vec<Fault>,
    pub(crate) passed: PassedOver,
    /// How much is known of the last date whose field asks for it.
    pub(super) resolution: Option<Resolution>,
}

/// What was found for an object: its frame, and for the document what it shares with others of its unit.
#[derive(Clone, Copy)]
pub(super) struct Findings<'r> {
    pub(super) record: &'r Record,
    pub(super) frame: u32,
    pub(super) shared: Option<&'r Record>,
}

impl Findings<'_> {
    /// Whether anything was found for one of these slots.
    fn any(&self, slots: Range<u32>) -> bool {
        let shared = self.shared.is_some_and(|shared| shared.any(0, slots.clone()));
        shared || self.record.any(self.frame, slots)
    }
}

impl<'a, 'w> Judge<'a, 'w> {
    pub(crate) fn new(
        automaton: &'a Automaton,
        finding: &Finding<'a>,
        object: &'a ObjectInfo,
        json: &'w mut JsonWriter,
    ) -> Self {
        let Finding { path, document: inside, shared: outside, .. } = *finding;
        let (faults, dropped, passed) = (Vec::new(), Vec::new(), PassedOver::default());
        let (fatal, resolution) = (0, None);
        Self { automaton, path, inside, outside, object, json, faults, fatal, dropped, passed, resolution }
    }

    pub(crate) fn document(&mut self, finding: Finding<'_>) -> Values {
        let Finding { document: record, shared, extra, .. } = finding;
        let shared = Some(shared).filter(|shared| !shared.is_empty());
        let findings = Findings { record, frame: 0, shared };
        if let Some(fault) = no_object(record, self.path) {
            self.report(fault);
            return Values::new();
        }
        let automaton: &'a Automaton = self.automaton;
        self.json.raw("{");
        let values = self.fields(&automaton.scopes[DOCUMENT as usize], findings, &Trail::Document);
        if !extra.is_empty() {
            self.json.separate();
            self.json.raw(EXTRA_KEY);
            extra.write(self.json);
        }
        self.json.raw("}");
        values
    }

    /// Writes an object; returns whether it has any field. If not, the caller has to remove it again.
    fn object(&mut self, scope: ScopeId, findings: Findings<'_>, trail: &Trail<'_>) -> bool {
        let automaton: &'a Automaton = self.automaton;
        let scope = &automaton.scopes[scope as usize];
        let mut filled = false;
        self.json.raw("{");
        if scope.templates.is_empty() {
            for field in &scope.fields {
                let is_there = !self.field(field, findings, trail).is_empty();
                filled |= is_there && !field.position;
            }
        } else {
            let values = self.fields(scope, findings, trail);
            let mut values = scope.fields.iter().zip(&values);
            // What is made of nothing but constants and the like is there for the sake of the others.
            filled = values.any(|(field, value)| {
                !value.is_empty() && !field.position && (field.template.is_none() || field.required)
            });
        }
        self.json.raw("}");
        filled
    }

    /// Writes the fields of a document or an object, and returns where their values are.
    fn fields(&mut self, scope: &'a Scope, findings: Findings<'_>, trail: &Trail<'_>) -> Values {
        let mut values = Vec::with_capacity(scope.fields.len());
        for field in &scope.fields {
            values.push(self.field(field, findings, trail));
        }
        if !scope.templates.is_empty() {
            self.templates(scope, findings, trail, &mut values);
        }
        values
    }

    /// Writes a field with the value of the first path that found one, in the document or before it. Returns
    /// where the value is; an empty range, where the field would be, if there is none.
    fn field(&mut self, field: &'a FieldPlan, findings: Findings<'_>, trail: &Trail<'_>) -> Range<usize> {
        let before = self.json.len();
        if !field.speaks && !findings.any(field.slots()) {
            return before..before;
        }
        self.json.separate();
        self.json.raw(&field.key);
        let start = self.json.len();
        if !self.found(field, findings, trail) {
            self.json.truncate(before);
            return before..before;
        }
        let end = self.json.len();
        self.write_resolution(field);
        start..end
    }

    /// Writes how much is known of the date that was written last, if its field asks for it.
    pub(super) fn write_resolution(&mut self, field: &FieldPlan) {
        if let Some(key) = &field.resolution
            && let Some(resolution) = self.resolution.take()
        {
            self.json.separate();
            self.json.raw(key);
            self.json.string(resolution.as_str());
        }
    }

    fn found(&mut self, field: &'a FieldPlan, findings: Findings<'_>, trail: &Trail<'_>) -> bool {
        let Findings { record, frame, shared } = findings;
        let (known, start) = (self.dropped.len(), self.json.len());
        for (slot, path) in (field.first_slot..).zip(&field.paths) {
            if let Some(first) = record.first(frame, slot) {
                let fatal = self.fatal;
                let written = self.first_value(field, path, (record, frame, slot), first, trail);
                // What is computed may be empty, and what is wrong left out: then it is no value.
                let goes_on = !field.certain && self.fatal == fatal;
                if written || !goes_on {
                    return written;
                }
                self.json.truncate(start);
                self.pass_over(record, frame, slot);
            }
            if let Some(shared) = shared
                && let Some(first) = shared.first(0, slot)
            {
                let fatal = self.fatal;
                let written = self.values(field, path, shared, first, trail);
                if written || self.fatal > fatal {
                    return written;
                }
                self.json.truncate(start);
                self.pass_over(shared, 0, slot);
            }
        }
        // A template has its turn when the other fields are there.
        field.template.is_none() && self.not_found(field, findings, trail, known)
    }

    /// Remembers that no value came of what was found. Values in objects outside of the document are not told
    /// apart.
    #[inline(never)]
    fn pass_over(&mut self, record: &Record, frame: u32, slot: u32) {
        if std::ptr::eq(record, self.inside) {
            self.passed.inside(frame, slot);
        } else if frame == 0 {
            self.passed.outside(slot);
        }
    }

    /// Writes what a slot has, of which `first` is the first value. If nothing is left of that, or it is left out
    /// as wrong, the next one has its turn, where the field tries them all.
    fn first_value(
        &mut self,
        field: &'a FieldPlan,
        path: &str,
        (record, frame, slot): (&Record, u32, u32),
        first: u32,
        trail: &Trail<'_>,
    ) -> bool {
        let (fatal, start) = (self.fatal, self.json.len());
        let mut id = first;
        loop {
            let written = self.values(field, path, record, id, trail);
            let is_over = written || self.fatal != fatal || !field.tried;
            let Some(next) = record.next(id).filter(|_| !is_over) else {
                if id != first && std::ptr::eq(record, self.inside) {
                    self.passed.tried(frame, slot, id);
                }
                return written;
            };
            self.json.truncate(start);
            id = next;
        }
    }

    /// Writes the value that starts with `first`; for a repeated field, it and all that follow. Returns
    /// whether there is any value, when those that are wrong have been left out, if the field does so.
    fn values(
        &mut self,
        field: &'a FieldPlan,
        path: &str,
        record: &Record,
        first: u32,
        trail: &Trail<'_>,
    ) -> bool {
        let since = self.since();
        let written = self.all_values(field, path, record, first, trail);
        !self.leaves_out(field, since) && written
    }

    fn all_values(
        &mut self,
        field: &'a FieldPlan,
        path: &str,
        record: &Record,
        first: u32,
        trail: &Trail<'_>,
    ) -> bool {
        if let Some(computed) = &field.computed {
            return self.computed(field, computed, path, record, first, trail);
        }
        if !field.repeated {
            return self.value(field, path, record, first, trail, None);
        }
        self.json.raw("[");
        let empty = self.json.len();
        let mut next = Some(first);
        let mut tally = Tally::new(field, record.place_of(first));
        for index in 0.. {
            let Some(id) = next else { break };
            let since = self.since();
            self.json.separate();
            let written = self.value(field, path, record, id, trail, Some(index));
            if !written {
                self.json.truncate(since.length);
            }
            let wrong = self.fatal > since.fatal;
            if !self.leaves_out(field, since) && (written || wrong) {
                tally.add(record.place_of(id));
            }
            next = record.next(id);
        }
        if let Some((reason, expected)) = tally.fault(field) {
            self.report(tally.report(reason, expected, trail.field(&field.name), path));
        }
        let filled = self.json.len() > empty;
        self.json.raw("]");
        filled
    }

    fn value(
        &mut self,
        field: &'a FieldPlan,
        path: &str,
        record: &Record,
        id: u32,
        trail: &Trail<'_>,
        index: Option<usize>,
    ) -> bool {
        let found = record.found(id);
        let spot = Spot { path, place: record.place_of(id), trail, index };
        match found.content {
            Content::Empty | Content::Guard(_) => false,
            Content::Object(frame) => {
                let Some(scope) = field.scope else { return false };
                if field.kind != FieldType::Object {
                    return self.date_of_parts(field, scope, record, frame, &spot);
                }
                let trail = Trail::Object { parent: trail, name: &field.name, index };
                self.object(scope, Findings { record, frame, shared: None }, &trail)
            }
            Content::Text { start, end } | Content::Html { start, end } => {
                let text = self.resolved(field, record.text(start, end));
                self.scalar(field, &text, &spot)
            }
            Content::Count(count) => self.scalar(field, &count.to_string(), &spot),
            Content::Json { kind, start, end } => {
                let text = record.text(start, end);
                let is_string = kind == JsonKind::String;
                let text = if is_string { self.resolved(field, text) } else { Cow::Borrowed(text) };
                self.json(field, kind, &text, &spot)
            }
        }
    }
}

/// The fault of a document that is not an object, if none of its fields is the value itself.
fn no_object(record: &Record, at: &str) -> Option<Fault> {
    let found = record.scalar.as_deref()?;
    let fault = Fault::of_field(
        Reason::WrongType,
        String::new(),
        at,
        record.place(0),
        JsonKind::Object.as_str().to_owned(),
        Some(found),
    );
    Some(Fault { field: None, ..fault })
}
