//! Makes a document of what was found for it, or says everything that is wrong with it.

pub(super) mod types;

use docmill_crds::reason::Reason;
use serde_json::{Map, Value};

use super::convert::{
    Automaton, Content, DOCUMENT, Fault, FieldPlan, MAX_FAULTS, Position, Record, ScopeId, shorten,
};

/// The fields of a document, in the order of its model; or all of its faults, and never none of both.
///
/// `shared` holds what absolute paths found before and between the documents of the object.
pub(super) fn document(
    automaton: &Automaton,
    document: &mut Record,
    shared: &mut Record,
) -> Result<Map<String, Value>, Vec<Fault>> {
    let mut judge = Judge { automaton, faults: Vec::new() };
    let json = judge.object(DOCUMENT, document, 0, Some(shared), &Trail::Document);
    if judge.faults.is_empty() { Ok(json) } else { Err(judge.faults) }
}

/// The way to an object, from which the name of a field is made only when something is wrong with it.
enum Trail<'t> {
    Document,
    Object { parent: &'t Trail<'t>, name: &'t str, index: Option<usize> },
}

impl Trail<'_> {
    fn field(&self, name: &str) -> String {
        match self {
            Self::Document => name.to_owned(),
            Self::Object { parent, name: object, index } => {
                let object = parent.field(object);
                index.map_or_else(|| format!("{object}.{name}"), |index| format!("{object}[{index}].{name}"))
            }
        }
    }
}

struct Judge<'a> {
    automaton: &'a Automaton,
    faults: Vec<Fault>,
}

impl<'a> Judge<'a> {
    fn object(
        &mut self,
        scope: ScopeId,
        record: &mut Record,
        frame: u32,
        mut shared: Option<&mut Record>,
        trail: &Trail<'_>,
    ) -> Map<String, Value> {
        let automaton: &'a Automaton = self.automaton;
        let mut object = Map::new();
        for field in &automaton.scopes[scope as usize].fields {
            if let Some(value) = self.field(field, record, frame, shared.as_deref_mut(), trail) {
                object.insert(field.name.clone(), value);
            }
        }
        object
    }

    /// The value of a field: of the first path that found one, in the document or before it.
    fn field(
        &mut self,
        field: &'a FieldPlan,
        record: &mut Record,
        frame: u32,
        shared: Option<&mut Record>,
        trail: &Trail<'_>,
    ) -> Option<Value> {
        let mut shared = shared.filter(|shared| !shared.is_empty());
        for (slot, path) in (field.first_slot..).zip(&field.paths) {
            let own = record.first(frame, slot);
            let found = match (own, shared.as_deref_mut()) {
                (Some(first), _) => self.values(field, path, record, first, trail),
                (None, Some(shared)) => {
                    shared.first(0, slot).and_then(|id| self.values(field, path, shared, id, trail))
                }
                (None, None) => None,
            };
            if found.is_some() || own.is_some() {
                return found;
            }
        }
        if field.required {
            let at = field.paths.first().map_or("", String::as_str);
            let expected = format!("a value of type {}", field.kind.as_str());
            let name = trail.field(&field.name);
            self.report(fault(Reason::MissingField, name, at, record.place(frame), expected, None));
        }
        field.default.clone()
    }

    /// The value that starts with `first`; for a repeated field, it and all that follow.
    fn values(
        &mut self,
        field: &'a FieldPlan,
        path: &str,
        record: &mut Record,
        first: u32,
        trail: &Trail<'_>,
    ) -> Option<Value> {
        if !field.repeated {
            return self.value(field, path, record, first, trail, None);
        }
        let mut list = Vec::new();
        let mut next = Some(first);
        for index in 0.. {
            let Some(id) = next else { break };
            list.extend(self.value(field, path, record, id, trail, Some(index)));
            next = record.next(id);
        }
        (!list.is_empty()).then_some(Value::Array(list))
    }

    fn value(
        &mut self,
        field: &'a FieldPlan,
        path: &str,
        record: &mut Record,
        id: u32,
        trail: &Trail<'_>,
        index: Option<usize>,
    ) -> Option<Value> {
        let keep = record.is_shared();
        let found = record.found(id);
        let place = found.place;
        match &mut found.content {
            Content::Empty => None,
            Content::Object(frame) => {
                let frame = *frame;
                let trail = Trail::Object { parent: trail, name: &field.name, index };
                let object = self.object(field.scope?, record, frame, None, &trail);
                (!object.is_empty()).then_some(Value::Object(object))
            }
            Content::Text(text) if field.kind.is_textual() => Some(Value::String(record_text(text, keep))),
            Content::Text(text) => match types::parse(field.kind, text) {
                Ok(value) => Some(value),
                Err(expected) => {
                    let name = trail.field(&field.name);
                    let name = index.map_or_else(|| name.clone(), |index| format!("{name}[{index}]"));
                    let expected = expected.to_owned();
                    self.report(fault(Reason::WrongType, name, path, place, expected, Some(text)));
                    None
                }
            },
        }
    }

    fn report(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }
}

/// A fault of a field: its name like `subjects[2].code`, and the path by which the model looked.
fn fault(
    reason: Reason,
    field: String,
    at: &str,
    place: Position,
    expected: String,
    found: Option<&str>,
) -> Fault {
    let Position { line, column } = place;
    let (field, at, found) = (Some(field), Some(at.to_owned()), found.map(shorten));
    Fault { reason, field, at, line, column, expected, found }
}

/// The text itself, or a copy of what the next document of the object will ask for too.
fn record_text(text: &mut String, keep: bool) -> String {
    if keep { text.clone() } else { std::mem::take(text) }
}
