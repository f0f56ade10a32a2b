//! Builds a document from what was found for it, or reports everything that is wrong with it.

mod computed;
mod constraints;
mod document_validator;
mod faults;
mod html;
mod json;
mod missing;
mod parts;
mod place;
mod relative;
mod scalar;
mod template;

pub(crate) use document_validator::Values;
pub use html::html_to_text;

use super::automaton::Automaton;
use super::evaluate::Finding;
use super::evaluate::record::PassedOver;
use super::fault::{Fault, MAX_FAULTS};
use super::input::object_info::ObjectInfo;
use crate::text::json_writer::JsonWriter;
use document_validator::Judge;

/// The judgement of a document.
pub(crate) struct Judged {
    /// All faults of a document that is refused, of which there is then at least one: first those that refuse it, then
    /// those of values that were left out.
    pub(crate) verdict: Result<Accepted, Vec<Fault>>,
    pub(crate) passed: PassedOver,
}

/// A document that is accepted.
pub(crate) struct Accepted {
    pub(crate) values: Values,
    /// The faults of values that were left out.
    pub(crate) dropped: Vec<Fault>,
}

/// Writes the fields of a document, in the order of its model, or finds all its faults.
pub(crate) fn document(
    automaton: &Automaton,
    finding: Finding<'_>,
    object: &ObjectInfo,
    json: &mut JsonWriter,
) -> Judged {
    let mut judge = Judge::new(automaton, &finding, object, json);
    let values = judge.document(finding);
    let Judge { mut faults, dropped, fatal, passed, .. } = judge;
    let dropped = distinct(dropped);
    let verdict = if fatal == 0 {
        Ok(Accepted { values, dropped })
    } else {
        let room = MAX_FAULTS.saturating_sub(faults.len());
        faults.extend(dropped.into_iter().take(room));
        Err(faults)
    };
    Judged { verdict, passed }
}

/// The faults of values that were left out, each once: several paths of a field may find the same value. The place of a
/// value may be that of its record, so that its text counts too.
fn distinct(faults: Vec<Fault>) -> Vec<Fault> {
    let is_same = |one: &Fault, other: &Fault| {
        let same_value = (one.reason, one.line, one.column) == (other.reason, other.line, other.column);
        same_value && one.field == other.field && one.found == other.found && one.at != other.at
    };
    let mut distinct: Vec<Fault> = Vec::with_capacity(faults.len());
    for fault in faults {
        if !distinct.iter().any(|known| is_same(known, &fault)) {
            distinct.push(fault);
        }
    }
    distinct
}
