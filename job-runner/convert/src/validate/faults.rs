//! The faults of a document: those that refuse it, and those of values that are left out of it.

use docmill_crds::conversion::OnFault;

use super::document_validator::Judge;
use crate::automaton::FieldPlan;
use crate::fault::{Fault, MAX_FAULTS};

/// How far the document has been written, and the number of its faults.
#[derive(Clone, Copy)]
pub(super) struct Since {
    pub(super) length: usize,
    pub(super) fatal: usize,
    /// How many of the faults that refuse the document are kept.
    kept: usize,
}

impl Judge<'_, '_> {
    pub(super) fn since(&self) -> Since {
        Since { length: self.json.len(), fatal: self.fatal, kept: self.faults.len() }
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

    /// If something that was written since then is wrong, and the field drops such values, leaves it out.
    pub(super) fn leaves_out(&mut self, field: &FieldPlan, since: Since) -> bool {
        let leaves_out = field.on_fault == OnFault::Drop && self.fatal > since.fatal;
        if leaves_out {
            self.fatal = since.fatal;
            self.json.truncate(since.length);
            let room = MAX_FAULTS.saturating_sub(self.dropped.len());
            self.dropped.extend(self.faults.drain(since.kept..).take(room));
        }
        leaves_out
    }

    /// Has the document refused for the values that were left out after the first `known` ones; returns whether there
    /// are any.
    pub(super) fn takes_back(&mut self, known: usize) -> bool {
        if self.dropped.len() <= known {
            return false;
        }
        let faults = self.dropped.split_off(known);
        self.fatal += faults.len();
        let room = MAX_FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
        true
    }
}
