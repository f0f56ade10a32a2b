//! Dates whose year, month and day are elements of their own, as in JATS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Field, FieldType, ModelError};

/// Where the parts of a date are, from the element that the field's path finds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DateParts {
    /// The path of the year, of four digits.
    #[schemars(length(min = 1, max = 512))]
    pub year: String,

    /// The path of the month: its number, or its name in English. Without one, the date is the first of January.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub month: Option<String>,

    /// The path of the day. Without one, the date is the first of its month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub day: Option<String>,
}

impl DateParts {
    /// The parts as fields, in this order: year, month, day.
    pub fn fields(&self) -> Vec<Field> {
        let part = |(name, path): (&str, Option<&String>)| {
            Some(Field { name: name.to_owned(), path: vec![path?.clone()], ..Field::default() })
        };
        let parts = [("year", Some(&self.year)), ("month", self.month.as_ref()), ("day", self.day.as_ref())];
        parts.into_iter().filter_map(part).collect()
    }
}

/// Checks that a field may have parts.
pub(super) fn check(place: &str, field: &Field) -> Result<(), ModelError> {
    let Some(parts) = &field.parts else { return Ok(()) };
    let fault = |problem: &str| {
        let (place, name) = (format!("{place}.parts"), field.name.clone());
        Err(ModelError::Field { place, name, problem: problem.to_owned() })
    };
    if !matches!(field.kind, FieldType::DateTime | FieldType::Date) {
        return fault("parts is for dateTime and date");
    }
    if parts.month.is_none() && parts.day.is_some() {
        return fault("a day without a month is no date");
    }
    Ok(())
}
