//! Converts the text of a value to a JSON value of its type. Nothing is rounded, guessed or truncated: what
//! does not fit is refused.

mod dates;
pub(crate) mod uri;

use std::borrow::Cow;

pub use dates::DateRules;
pub(crate) use dates::{Resolution, date_of_parts};
use docmill_crds::conversion::FieldType;
use serde_json::{Number, Value};

/// Returns the value, or what was expected. The text is trimmed and not empty.
pub fn parse(kind: FieldType, dates: &DateRules, text: &str) -> Result<Value, Cow<'static, str>> {
    let string = |fits: bool| fits.then(|| Value::String(text.to_owned()));
    let (value, expected) = match kind {
        FieldType::String | FieldType::Text | FieldType::Markup => (string(true), "text"),
        FieldType::Integer => (integer(text), "an integer of at most 64 bits"),
        FieldType::Number => (number(text), "a decimal number that 64 bits hold exactly"),
        FieldType::Boolean => (boolean(text), "a boolean: true, false, 1 or 0"),
        FieldType::DateTime => {
            let moment = dates.date_time(text).map(Value::String);
            return moment.ok_or_else(|| dates.expected_date_time().into());
        }
        FieldType::Date => {
            return dates.date(text).map(Value::String).ok_or_else(|| dates.expected_date().into());
        }
        FieldType::Uri => (string(is_uri(text)), "an absolute URI"),
        FieldType::Language => (string(is_language(text)), "a language tag like en or pt-BR"),
        FieldType::Object => (None, "an object"),
    };
    value.ok_or(Cow::Borrowed(expected))
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

/// An absolute URI or IRI, by RFC 3986 section 3 and RFC 3987: a scheme, a colon, and no character that has
/// to be escaped.
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
