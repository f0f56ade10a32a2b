//! Values that are not objects: their types, and what else their fields demand.

use docmill_crds::conversion::FieldType;
use docmill_crds::reason::Reason;

use super::constraints::plain;
use super::document_validator::Judge;
use super::place::Spot;
use crate::automaton::FieldPlan;
use crate::fault::Fault;
use crate::types::{self, Resolution};

impl Judge<'_, '_> {
    /// Writes a value that is not an object, and reports what is wrong with it.
    pub(crate) fn scalar(&mut self, field: &FieldPlan, text: &str, spot: &Spot<'_>) -> bool {
        let has_rules = field.constraints.is_some() || field.bounds.is_some();
        if field.kind.is_textual() {
            self.json.string(text);
            if has_rules {
                self.hold(field, text, text, spot);
            }
            return true;
        }
        match types::parse(field.kind, &field.dates, text) {
            Ok(value) => {
                self.json.value(&value);
                if field.resolution.is_some() {
                    let whole =
                        if field.kind == FieldType::Date { Resolution::Day } else { Resolution::Second };
                    self.resolution = field.dates.resolution(text).map(|known| known.min(whole));
                }
                if has_rules {
                    self.hold(field, &plain(&value), text, spot);
                }
                true
            }
            Err(expected) => {
                let (name, expected) = (spot.field(&field.name), expected.into_owned());
                self.report(Fault::of_field(
                    Reason::WrongType,
                    name,
                    spot.path,
                    spot.place,
                    expected,
                    Some(text),
                ));
                false
            }
        }
    }

    /// Checks a value, as the document shows it, against the constraints of its field.
    fn hold(&mut self, field: &FieldPlan, value: &str, text: &str, spot: &Spot<'_>) {
        let faults = field.constraints.iter().flat_map(|constraints| constraints.faults(value));
        let bounds = field.bounds.as_ref();
        let date = bounds.and_then(|bounds| bounds.expected(value, self.object.landed));
        for (reason, expected) in faults.chain(date.map(|expected| (Reason::OutOfRange, expected))) {
            let name = spot.field(&field.name);
            self.report(Fault::of_field(reason, name, spot.path, spot.place, expected, Some(text)));
        }
    }
}
