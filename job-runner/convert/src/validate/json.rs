//! JSON values: a string is parsed like the text of an element, whatever the type; a number is accepted for
//! numbers, and for dates that are counts since 1970; a boolean for booleans, an object for objects.

use std::borrow::Cow;

use docmill_crds::conversion::FieldType;
use docmill_crds::reason::Reason;

use super::document_validator::Judge;
use super::place::Spot;
use crate::automaton::FieldPlan;
use crate::events::json_value::JsonKind;
use crate::fault::Fault;
use crate::types;

const OBJECT: &str = JsonKind::Object.as_str();

impl Judge<'_, '_> {
    /// Writes a value that is not an object, or that does not fit its field.
    #[inline(never)]
    pub(crate) fn json(&mut self, field: &FieldPlan, kind: JsonKind, text: &str, spot: &Spot<'_>) -> bool {
        match (kind, field.kind) {
            (JsonKind::String, FieldType::String | FieldType::Text)
            | (JsonKind::Number, FieldType::Integer | FieldType::Number)
            | (JsonKind::Boolean, FieldType::Boolean) => return self.scalar(field, text, spot),
            (JsonKind::String, asked) if asked != FieldType::Object => {
                return self.scalar(field, text.trim_matches([' ', '\t', '\r', '\n']), spot);
            }
            (JsonKind::Number, FieldType::DateTime | FieldType::Date) if field.dates.takes_numbers() => {
                return self.scalar(field, text, spot);
            }
            _ => {}
        }
        let (name, expected) = (spot.field(&field.name), expected(field).into_owned());
        let found = if kind == JsonKind::Object { kind.as_str() } else { text };
        self.report(Fault::of_field(Reason::WrongType, name, spot.path, spot.place, expected, Some(found)));
        false
    }
}

/// What a field expects.
fn expected(field: &FieldPlan) -> Cow<'static, str> {
    match field.kind {
        FieldType::String | FieldType::Text | FieldType::Markup => Cow::Borrowed("a string"),
        FieldType::Object => Cow::Borrowed(OBJECT),
        // Empty text never parses.
        _ => types::parse(field.kind, &field.dates, "").err().unwrap_or_default(),
    }
}
