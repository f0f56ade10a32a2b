//! Checks a field's `default` without a document: it must be written as it appears in the document.

use jiff::civil::Date;

use super::field_type::FieldType;

/// The expected form of a default of this type, if `value` does not have it.
pub(crate) fn expected(kind: FieldType, value: &str) -> Option<&'static str> {
    let (fits, expected) = match kind {
        FieldType::Integer => {
            (value.parse::<i64>().is_ok() || value.parse::<u64>().is_ok(), "a whole number of up to 64 bits")
        }
        FieldType::Number => (value.parse::<f64>().is_ok_and(f64::is_finite), "a decimal number"),
        FieldType::Boolean => (matches!(value, "true" | "false"), "true or false"),
        FieldType::Date => (is_date(value), "a day like 2026-01-02"),
        FieldType::DateTime => (is_utc(value), "a moment in UTC like 2026-01-02T09:11:12Z"),
        FieldType::Object => (false, "no default: an object has none"),
        _ => (!value.trim().is_empty(), "a text that is not empty"),
    };
    (!fits).then_some(expected)
}

fn is_utc(value: &str) -> bool {
    let Some((date, time)) = value.split_once('T') else { return false };
    let Some(time) = time.strip_suffix('Z') else { return false };
    is_date(date)
        && match numbers(time, ':', [2, 2, 2]) {
            Some([hour, minute, second]) => hour < 24 && minute < 60 && second < 60,
            None => false,
        }
}

fn is_date(value: &str) -> bool {
    numbers(value, '-', [4, 2, 2]).is_some_and(|[year, month, day]| {
        let part = |number| i8::try_from(number).ok();
        let date = i16::try_from(year).ok().zip(part(month)).zip(part(day));
        date.is_some_and(|((year, month), day)| Date::new(year, month, day).is_ok())
    })
}

/// Three numbers of exactly these many digits, with a separator between them.
fn numbers(value: &str, separator: char, digits: [usize; 3]) -> Option<[u32; 3]> {
    let mut parts = value.split(separator);
    let mut found = [0; 3];
    for (number, length) in found.iter_mut().zip(digits) {
        let part = parts.next().filter(|p| p.len() == length && p.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}
