//! From the text of a value to a JSON value of its type. Nothing is rounded, guessed or cut: what does not fit is refused.

use docmill_crds::conversion::FieldType;
use jiff::civil::Date;
use jiff::fmt::rfc2822;
use jiff::fmt::temporal;
use serde_json::{Number, Value};

/// RFC 822 dates of feeds often name the wrong day of the week; the date itself is what counts.
static RFC_2822: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
static TEMPORAL: temporal::DateTimeParser = temporal::DateTimeParser::new();

/// The value, or what was expected. The text is trimmed and not empty.
pub(crate) fn parse(kind: FieldType, text: &str) -> Result<Value, &'static str> {
    match kind {
        FieldType::String | FieldType::Text | FieldType::Markup => Ok(Value::String(text.to_owned())),
        FieldType::Integer => integer(text).ok_or("an integer of at most 64 bits"),
        FieldType::Number => number(text).ok_or("a decimal number that 64 bits hold exactly"),
        FieldType::Boolean => boolean(text).ok_or("a boolean: true, false, 1 or 0"),
        FieldType::DateTime => date_time(text)
            .map(Value::String)
            .ok_or("a date and time with its zone (RFC 3339, ISO 8601 or RFC 822)"),
        FieldType::Date => date(text).map(Value::String).ok_or("a date like 2026-01-02 or 20260102"),
        FieldType::Uri if is_uri(text) => Ok(Value::String(text.to_owned())),
        FieldType::Uri => Err("an absolute URI"),
        FieldType::Language if is_language(text) => Ok(Value::String(text.to_owned())),
        FieldType::Language => Err("a language tag like en or pt-BR"),
        FieldType::Object => Err("an object"),
    }
}

fn integer(text: &str) -> Option<Value> {
    let signed = text.parse::<i64>().map(Value::from);
    signed.or_else(|_| text.parse::<u64>().map(Value::from)).ok()
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "true" | "1" => Some(Value::Bool(true)),
        "false" | "0" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// A decimal as XML Schema writes it, if a double prints the same digits again.
fn number(text: &str) -> Option<Value> {
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let exact = significant_digits(text) == significant_digits(&format!("{number:e}"));
    Number::from_f64(number).filter(|_| exact).map(Value::Number)
}

/// The digits of a number without sign, point, exponent, and zeros at both ends.
fn significant_digits(text: &str) -> String {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

fn date_time(text: &str) -> Option<String> {
    let moment = match TEMPORAL.parse_timestamp(text) {
        Ok(moment) => moment,
        Err(_) => RFC_2822.parse_timestamp(text).ok()?,
    };
    in_common_years(moment.to_string())
}

fn date(text: &str) -> Option<String> {
    // XML Schema lets a date have a zone: the day stays what it says.
    let zone = text.get(10..).unwrap_or_default();
    let zoned =
        zone == "Z" || (zone.len() == 6 && zone.starts_with(['+', '-']) && zone.as_bytes()[3] == b':');
    let day = if zoned { &text[..10] } else { text };
    let date: Date = TEMPORAL.parse_date(day).ok()?;
    in_common_years(date.to_string())
}

/// Years 0000 to 9999: others have a sign, and RFC 3339 does not know them.
fn in_common_years(text: String) -> Option<String> {
    text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)
}

/// An absolute URI or IRI, by RFC 3986 section 3 and RFC 3987: a scheme, a colon, and no character that has to be escaped.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !rest.contains(|c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`')
        })
}

/// The shape of RFC 5646: subtags of one to eight letters or digits, the first of them letters.
fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let first = subtags.next().unwrap_or_default();
    let shape = |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric());
    (1..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic()) && subtags.all(shape)
}

#[cfg(test)]
mod tests;
