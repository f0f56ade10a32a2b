//! Helpers for checking values against the constraints of their field.

use std::borrow::Cow;

use docmill_crds::reason::Reason;
use serde_json::Value;

use crate::automaton::FieldPlan;
use crate::fault::Fault;
use crate::fault::position::Position;

/// A value as its document shows it, without quotes.
pub(crate) fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Counts the values of a list, valid or not.
pub(crate) struct Tally {
    pub(crate) count: usize,
    most: usize,
    /// Where the first value is, or the first one too many.
    pub(crate) place: Position,
}

impl Tally {
    pub(crate) fn new(field: &FieldPlan, place: Position) -> Self {
        let most = field.constraints.as_ref().and_then(|c| c.most_items()).unwrap_or(usize::MAX);
        Self { count: 0, most, place }
    }

    /// Counts a value at this place.
    pub(crate) fn add(&mut self, place: Position) {
        if self.count == self.most {
            self.place = place;
        }
        self.count += 1;
    }

    /// The fault of a field that does not have the number of values that was expected.
    pub(crate) fn report(&self, reason: Reason, expected: String, field: String, path: &str) -> Fault {
        let found = format!("{} {}", self.count, if self.count == 1 { "value" } else { "values" });
        Fault::of_field(reason, field, path, self.place, expected, Some(&found))
    }

    /// The fault in the number of values. A list without any is left out, and then there is no fault.
    pub(crate) fn fault(&self, field: &FieldPlan) -> Option<(Reason, String)> {
        field.constraints.as_ref().filter(|_| self.count > 0)?.count_fault(self.count)
    }
}
