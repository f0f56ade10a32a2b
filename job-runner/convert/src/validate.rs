//! Builds a document from what was found for it, or reports everything that is wrong with it.

mod computed;
mod constraints;
mod document_validator;
mod json;
mod parts;

pub(crate) use document_validator::Values;

use super::automaton::Automaton;
use super::evaluate::Finding;
use super::fault::Fault;
use super::json_writer::JsonWriter;
use document_validator::Judge;

/// A document that is accepted.
pub(crate) struct Accepted {
    pub(crate) values: Values,
    /// The faults of values that were left out.
    pub(crate) dropped: Vec<Fault>,
}

/// Writes the fields of a document, in the order of its model; or returns all its faults, of which there is
/// then at least one.
pub(crate) fn document(
    automaton: &Automaton,
    finding: Finding<'_>,
    json: &mut JsonWriter,
) -> Result<Accepted, Vec<Fault>> {
    let mut judge = Judge { automaton, path: finding.path, json, faults: Vec::new(), fatal: 0 };
    let values = judge.document(finding);
    let Judge { faults, fatal, .. } = judge;
    if fatal == 0 { Ok(Accepted { values, dropped: faults }) } else { Err(faults) }
}
