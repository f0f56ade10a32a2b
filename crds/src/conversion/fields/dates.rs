//! Checks what a field says about dates.

use super::date_format::DateFormat;
use super::field::Field;
use super::field_type::FieldType;
use super::parts::DateParts;
use super::zone::Zone;
use crate::conversion::model_error::ModelError;

/// Checks a field's `timeZone`, `resolution` and `formats`.
pub(crate) fn check(place: &str, field: &Field) -> Result<(), ModelError> {
    let fault = |part: &str, problem: String| {
        Err(ModelError::Field { place: format!("{place}{part}"), name: field.name.clone(), problem })
    };
    if field.time_zone.is_some() && field.kind != FieldType::DateTime {
        return fault(".timeZone", "timeZone is for dateTime".into());
    }
    check_zone(&format!("{place}.timeZone"), field.time_zone.as_deref())?;
    if !field.formats.is_empty() && !matches!(field.kind, FieldType::DateTime | FieldType::Date) {
        return fault(".formats", "formats is for dateTime and date".into());
    }
    if field.resolution.is_some() && !matches!(field.kind, FieldType::DateTime | FieldType::Date) {
        return fault(".resolution", "resolution is for dateTime and date".into());
    }
    if field.resolution.is_some() && (field.repeated || field.split.is_some()) {
        return fault(".resolution", "of a repeated field nobody could tell which value is meant".into());
    }
    for (index, format) in field.formats.iter().enumerate() {
        if let Err(problem) = DateFormat::parse(format) {
            return fault(&format!(".formats[{index}]"), problem);
        }
    }
    Ok(())
}

/// Checks that there is such a time zone.
pub(crate) fn check_zone(place: &str, name: Option<&str>) -> Result<(), ModelError> {
    match name {
        Some(name) if Zone::named(name).is_none() => {
            Err(ModelError::Zone { place: place.to_owned(), name: name.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Checks that a field may have parts.
pub(crate) fn check_parts(place: &str, field: &Field) -> Result<(), ModelError> {
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
