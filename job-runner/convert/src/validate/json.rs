//! Values of JSON: a string is read like the text of an element, whatever the type; a number is for numbers alone, a
//! boolean for booleans, an object for objects.

use std::borrow::Cow;

use docmill_crds::conversion::FieldType;
use docmill_crds::reason::Reason;

use super::{Fault, FieldPlan, JsonKind, Judge, Record, Spot, fault, types};

const OBJECT: &str = JsonKind::Object.as_str();

impl Judge<'_, '_> {
    /// Writes a value that is no object, or is none of its field's.
    pub(crate) fn json(&mut self, field: &FieldPlan, kind: JsonKind, text: &str, spot: &Spot<'_>) -> bool {
        match (kind, field.kind) {
            (JsonKind::String, FieldType::String | FieldType::Text)
            | (JsonKind::Number, FieldType::Integer | FieldType::Number)
            | (JsonKind::Boolean, FieldType::Boolean) => return self.scalar(field, text, spot),
            (JsonKind::String, asked) if asked != FieldType::Object => {
                return self.scalar(field, text.trim_matches([' ', '\t', '\r', '\n']), spot);
            }
            _ => {}
        }
        let (name, expected) = (spot.field(&field.name), expected(field).into_owned());
        let found = if kind == JsonKind::Object { kind.as_str() } else { text };
        self.report(fault(Reason::WrongType, name, spot.path, spot.place, expected, Some(found)));
        false
    }
}

/// The fault of a document that is no object, when none of its fields is the value itself.
pub(crate) fn no_object(record: &Record, at: &str) -> Option<Fault> {
    let found = record.scalar.as_deref()?;
    let fault = fault(Reason::WrongType, String::new(), at, record.place(0), OBJECT.to_owned(), Some(found));
    Some(Fault { field: None, ..fault })
}

/// What a field is.
fn expected(field: &FieldPlan) -> Cow<'static, str> {
    match field.kind {
        FieldType::String | FieldType::Text | FieldType::Markup => Cow::Borrowed("a string"),
        FieldType::Object => Cow::Borrowed(OBJECT),
        // No text is empty.
        _ => types::parse(field.kind, &field.dates, "").err().unwrap_or_default(),
    }
}
