//! Judges one document: writes the valid values, and reports each invalid one.

use std::borrow::Cow;
use std::ops::Range;

use docmill_crds::conversion::{FieldType, OnFault};
use docmill_crds::reason::Reason;

use super::constraints::Tally;
use crate::automaton::{Automaton, DOCUMENT, FieldPlan, Scope, ScopeId};
use crate::evaluate::Finding;
use crate::evaluate::record::{Content, PassedOver, Record};
use crate::events::json_value::JsonKind;
use crate::fault::position::Position;
use crate::fault::{Fault, MAX_FAULTS};
use crate::input::object_info::ObjectInfo;
use crate::text::json_writer::JsonWriter;
use crate::types::Resolution;

/// Where in the text of a document the value of each of its model's fields is; an empty range for a field
/// without one.
pub(crate) type Values = Vec<Range<usize>>;

/// The field for what the model does not name, [`EXTRA_FIELD`](docmill_crds::conversion::EXTRA_FIELD), as
/// JSON with its colon.
pub(super) const EXTRA_KEY: &str = "\"extra\":";

/// The path to an object, from which the name of a field is built only if something is wrong with it.
pub(super) enum Trail<'t> {
    Document,
    Object { parent: &'t Trail<'t>, name: &'t str, index: Option<usize> },
}

impl Trail<'_> {
    pub(super) fn field(&self, name: &str) -> String {
        match self {
            Self::Document => name.to_owned(),
            Self::Object { parent, name: object, index } => {
                let object = parent.field(object);
                index.map_or_else(|| format!("{object}.{name}"), |index| format!("{object}[{index}].{name}"))
            }
        }
    }

    /// The number of the object in its list, from 1.
    fn position(&self) -> usize {
        match self {
            Self::Object { index: Some(index), .. } => index + 1,
            Self::Object { index: None, .. } | Self::Document => 1,
        }
    }
}

/// Where a value was found, for its faults.
pub(super) struct Spot<'s> {
    pub(crate) path: &'s str,
    pub(crate) place: Position,
    pub(super) trail: &'s Trail<'s>,
    pub(super) index: Option<usize>,
}

impl Spot<'_> {
    /// The name of its field, with its number in a list.
    pub(crate) fn field(&self, name: &str) -> String {
        let name = self.trail.field(name);
        self.index.map_or_else(|| name.clone(), |index| format!("{name}[{index}]"))
    }
}

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
    pub(crate) faults: Vec<Fault>,
    /// How many faults there are, without those of values that were left out.
    pub(crate) fatal: usize,
    pub(crate) passed: PassedOver,
    /// How much is known of the last date whose field asks for it.
    pub(super) resolution: Option<Resolution>,
}

/// How far the document has been written, and the number of its faults.
#[derive(Clone, Copy)]
pub(super) struct Since {
    pub(super) length: usize,
    fatal: usize,
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
        let (faults, passed) = (Vec::new(), PassedOver::default());
        Self { automaton, path, inside, outside, object, json, faults, fatal: 0, passed, resolution: None }
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
        let (known, start) = (self.faults.len(), self.json.len());
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
                if self.values(field, path, shared, first, trail) {
                    return true;
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

    /// Writes what a field has without a value, or reports that it needs one. There were `known` faults
    /// before the field.
    #[inline(never)]
    pub(super) fn not_found(
        &mut self,
        field: &FieldPlan,
        findings: Findings<'_>,
        trail: &Trail<'_>,
        known: usize,
    ) -> bool {
        let Findings { record, frame, .. } = findings;
        self.resolution = None;
        if field.counts {
            let path = field.paths.first().map_or("", String::as_str);
            return self.scalar(field, "0", &Spot { path, place: record.place(frame), trail, index: None });
        }
        if field.position {
            let (path, position) = (field.paths.first().map_or("", String::as_str), trail.position());
            let spot = Spot { path, place: record.place(frame), trail, index: None };
            return self.scalar(field, &position.to_string(), &spot);
        }
        if field.required || record.any(frame, field.required_if.clone()) {
            let template = field.template.as_deref();
            let made_at = template.map_or("", |template| template.path.as_str());
            let at = field.paths.first().map_or(made_at, String::as_str);
            let mut expected = format!("a value of type {}", field.kind.as_str());
            if let Some(template) = template {
                expected.push_str(", or all that its template needs: ");
                expected.push_str(&template.text);
            }
            let name = trail.field(&field.name);
            if field.on_fault == OnFault::Drop && self.faults.len() > known {
                // What was left out is why there is none.
                self.fatal += self.faults.len() - known;
            } else {
                self.report(Fault::of_field(
                    Reason::MissingField,
                    name,
                    at,
                    record.place(frame),
                    expected,
                    None,
                ));
            }
        }
        if let Some(default) = &field.default {
            self.json.value(default);
        }
        field.default.is_some()
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

    pub(super) fn since(&self) -> Since {
        Since { length: self.json.len(), fatal: self.fatal }
    }

    /// If something that was written since then is wrong, and the field drops such values, leaves it out.
    pub(super) fn leaves_out(&mut self, field: &FieldPlan, since: Since) -> bool {
        let leaves_out = field.on_fault == OnFault::Drop && self.fatal > since.fatal;
        if leaves_out {
            self.fatal = since.fatal;
            self.json.truncate(since.length);
        }
        leaves_out
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

    #[cold]
    pub(crate) fn report(&mut self, mut fault: Fault) {
        self.fatal += 1;
        if self.faults.len() < MAX_FAULTS {
            if let Some(within) = fault.at.as_ref().and_then(|at| at.strip_prefix('.')) {
                fault.at = Some(format!("{}{within}", self.path));
            }
            self.faults.push(fault);
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
