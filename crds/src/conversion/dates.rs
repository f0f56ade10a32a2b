//! Checks what a field says about dates.

use super::{DateFormat, Field, FieldType, ModelError, Zone};

/// Checks a field's `timeZone` and `formats`.
pub(super) fn check(place: &str, field: &Field) -> Result<(), ModelError> {
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
    for (index, format) in field.formats.iter().enumerate() {
        if let Err(problem) = DateFormat::parse(format) {
            return fault(&format!(".formats[{index}]"), problem);
        }
    }
    Ok(())
}

/// Checks that there is such a time zone.
pub(super) fn check_zone(place: &str, name: Option<&str>) -> Result<(), ModelError> {
    match name {
        Some(name) if Zone::named(name).is_none() => {
            Err(ModelError::Zone { place: place.to_owned(), name: name.to_owned() })
        }
        _ => Ok(()),
    }
}
