//! Constraints of a field on its values, beyond their type: compiled once from a model, checked against every
//! value.

pub(in crate::conversion) mod date_bounds;

use std::collections::HashSet;
use std::ops::RangeInclusive;

use regex::{Regex, RegexBuilder};

use super::bound::Bound;
use super::default;
use super::field::Field;
use super::field_type::FieldType;
use crate::reason::Reason;

/// Maximum size of a compiled pattern in bytes, so that a short one like `(.{1000}){1000}` does not exhaust
/// the memory.
const PATTERN_BYTES: usize = 1 << 20;

/// Maximum number of enum values that a fault lists.
const SHOWN_VALUES: usize = 8;

/// The constraints of one field.
#[derive(Clone, Debug)]
pub struct Constraints {
    kind: FieldType,
    pattern: Option<Regex>,
    allowed: Option<Allowed>,
    length: Option<RangeInclusive<usize>>,
    minimum: Option<Limit>,
    maximum: Option<Limit>,
    items: Option<RangeInclusive<usize>>,
}

/// The values of an enum.
#[derive(Clone, Debug)]
struct Allowed {
    values: HashSet<String>,
    /// For people.
    shown: String,
}

/// A bound, to compare with and to show.
#[derive(Clone, Debug)]
struct Limit {
    value: Scalar,
    shown: String,
}

/// A value of an ordered type.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Scalar {
    Integer(i128),
    Number(f64),
    /// A day or a moment in UTC, written so that the order of the texts is chronological.
    Time(String),
}

/// Which constraint of a field cannot work, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstraintFault {
    /// The property of the field: `.pattern`, `.enum[2]`.
    pub part: String,
    /// What is wrong with it.
    pub problem: String,
}

pub(super) type Outcome<T> = Result<T, ConstraintFault>;

pub(super) fn fault<T>(part: impl Into<String>, problem: impl Into<String>) -> Outcome<T> {
    Err(ConstraintFault { part: part.into(), problem: problem.into() })
}

impl Constraints {
    /// The constraints of a field, or `None` if it has none. The field's default is checked against them.
    pub fn of(field: &Field) -> Outcome<Option<Self>> {
        let compiled = Self {
            kind: field.kind,
            pattern: field.pattern.as_deref().map(|pattern| compile(field.kind, pattern)).transpose()?,
            allowed: allowed(field)?,
            length: length(field)?,
            minimum: limit(field, ".minimum", field.minimum.as_ref())?,
            maximum: limit(field, ".maximum", field.maximum.as_ref())?,
            items: items(field)?,
        };
        if let (Some(minimum), Some(maximum)) = (&compiled.minimum, &compiled.maximum)
            && minimum.value > maximum.value
        {
            return fault(".minimum", "the minimum is above the maximum");
        }
        if let Some(value) = &field.default
            && let Some((_, expected)) = compiled.faults(value).into_iter().next()
        {
            return fault(".default", format!("expected {expected}, found {value:?}"));
        }
        Ok(Some(compiled).filter(Self::ask_anything))
    }

    const fn ask_anything(&self) -> bool {
        self.pattern.is_some()
            || self.allowed.is_some()
            || self.length.is_some()
            || self.minimum.is_some()
            || self.maximum.is_some()
            || self.items.is_some()
    }

    /// All constraints that a value violates, each with what was expected. The value is passed as it appears
    /// in a document, without quotes. An empty list needs no allocation.
    pub fn faults(&self, value: &str) -> Vec<(Reason, String)> {
        let mut faults = Vec::new();
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.is_match(value)) {
            faults.push((Reason::PatternMismatch, format!("a value that matches {}", pattern.as_str())));
        }
        if let Some(allowed) = self.allowed.as_ref().filter(|a| !a.hold(self.kind, value)) {
            faults.push((Reason::NotInEnum, format!("one of {}", allowed.shown)));
        }
        faults.extend(self.length.as_ref().and_then(|range| out_of_length(range, value)));
        faults.extend(self.out_of_range(value).map(|expected| (Reason::OutOfRange, expected)));
        faults
    }

    fn out_of_range(&self, value: &str) -> Option<String> {
        if self.minimum.is_none() && self.maximum.is_none() {
            return None;
        }
        let value = scalar(self.kind, value)?;
        if let Some(minimum) = self.minimum.as_ref().filter(|minimum| value < minimum.value) {
            return Some(format!("at least {}", minimum.shown));
        }
        let maximum = self.maximum.as_ref().filter(|maximum| value > maximum.value)?;
        Some(format!("at most {}", maximum.shown))
    }

    /// The constraint that a list of this length violates.
    pub fn count_fault(&self, count: usize) -> Option<(Reason, String)> {
        let items = self.items.as_ref()?;
        if count < *items.start() {
            return Some((Reason::TooFew, format!("at least {} values", items.start())));
        }
        (count > *items.end()).then(|| (Reason::TooMany, format!("at most {} values", items.end())))
    }

    /// The expected number of values of a list.
    pub fn most_items(&self) -> Option<usize> {
        self.items.as_ref().map(|items| *items.end())
    }
}

impl Allowed {
    fn hold(&self, kind: FieldType, value: &str) -> bool {
        match kind {
            FieldType::Integer | FieldType::Number | FieldType::DateTime => {
                self.values.contains(&canonical(kind, value))
            }
            _ => self.values.contains(value),
        }
    }
}

fn out_of_length(range: &RangeInclusive<usize>, value: &str) -> Option<(Reason, String)> {
    let length = value.chars().count();
    if length < *range.start() {
        return Some((Reason::TooShort, format!("at least {} characters", range.start())));
    }
    (length > *range.end()).then(|| (Reason::TooLong, format!("at most {} characters", range.end())))
}

/// Whether a value is a text whose characters can be counted and matched.
const fn is_text(kind: FieldType) -> bool {
    kind.is_textual() || matches!(kind, FieldType::Uri | FieldType::Language)
}

fn compile(kind: FieldType, pattern: &str) -> Outcome<Regex> {
    if !is_text(kind) {
        return fault(".pattern", "pattern is for string, text, markup, uri and language");
    }
    regex(".pattern", pattern)
}

/// Compiles the regular expression of a property.
pub(super) fn regex(part: &str, pattern: &str) -> Outcome<Regex> {
    let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).build();
    built.or_else(|error| {
        // The crate prints the pattern with a marker below the position; only its message is of use in one
        // line.
        let error = error.to_string();
        let said = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        fault(part, format!("expected a regular expression: {said}, found {pattern:?}"))
    })
}

fn allowed(field: &Field) -> Outcome<Option<Allowed>> {
    if field.allowed.is_empty() {
        return Ok(None);
    }
    if field.kind == FieldType::Object {
        return fault(".enum", "an object has no enum");
    }
    for (index, value) in field.allowed.iter().enumerate() {
        if let Some(expected) = default::expected(field.kind, value) {
            return fault(format!(".enum[{index}]"), format!("expected {expected}, found {value:?}"));
        }
    }
    let values = field.allowed.iter().map(|value| canonical(field.kind, value)).collect();
    let mut shown = field.allowed.iter().take(SHOWN_VALUES).cloned().collect::<Vec<_>>().join(", ");
    if field.allowed.len() > SHOWN_VALUES {
        shown.push_str(", …");
    }
    Ok(Some(Allowed { values, shown }))
}

/// The canonical form of equal values.
fn canonical(kind: FieldType, value: &str) -> String {
    match scalar(kind, value) {
        Some(Scalar::Integer(number)) => number.to_string(),
        Some(Scalar::Number(number)) => number.to_string(),
        Some(Scalar::Time(text)) => text,
        None => value.to_owned(),
    }
}

fn length(field: &Field) -> Outcome<Option<RangeInclusive<usize>>> {
    let range = range(field.min_length, field.max_length, [".minLength", ".maxLength"])?;
    match range {
        Some(_) if !is_text(field.kind) => {
            let part = if field.min_length.is_some() { ".minLength" } else { ".maxLength" };
            fault(part, "minLength and maxLength are for string, text, markup, uri and language")
        }
        range => Ok(range),
    }
}

fn items(field: &Field) -> Outcome<Option<RangeInclusive<usize>>> {
    let range = range(field.min_items, field.max_items, [".minItems", ".maxItems"])?;
    match range {
        Some(_) if !field.repeated => {
            let part = if field.min_items.is_some() { ".minItems" } else { ".maxItems" };
            fault(part, "minItems and maxItems are for repeated fields")
        }
        range => Ok(range),
    }
}

fn range(
    min: Option<i64>,
    max: Option<i64>,
    [min_part, max_part]: [&str; 2],
) -> Outcome<Option<RangeInclusive<usize>>> {
    if min.is_none() && max.is_none() {
        return Ok(None);
    }
    let whole = |part: &str, value: i64| {
        usize::try_from(value)
            .or_else(|_| fault(part, format!("expected a number that is not negative, found {value}")))
    };
    let least = min.map_or(Ok(0), |min| whole(min_part, min))?;
    let most = max.map_or(Ok(usize::MAX), |max| whole(max_part, max))?;
    if least > most {
        return fault(min_part, format!("expected at most {most}, which is the {}", &max_part[1..]));
    }
    Ok(Some(least..=most))
}

fn limit(field: &Field, part: &str, bound: Option<&Bound>) -> Outcome<Option<Limit>> {
    let Some(bound) = bound else { return Ok(None) };
    let kind = field.kind;
    if !matches!(kind, FieldType::Integer | FieldType::Number | FieldType::DateTime | FieldType::Date) {
        return fault(part, "minimum and maximum are for integer, number, dateTime and date");
    }
    let shown = bound.to_string();
    if let Some(expected) = default::expected(kind, &shown) {
        return fault(part, format!("expected {expected}, found {shown:?}"));
    }
    match scalar(kind, &shown) {
        Some(value) => Ok(Some(Limit { value, shown })),
        None => fault(part, format!("expected a value of type {}, found {shown:?}", kind.as_str())),
    }
}

/// The value of an ordered type; `None` for other types.
fn scalar(kind: FieldType, value: &str) -> Option<Scalar> {
    match kind {
        FieldType::Integer => value.parse().ok().map(Scalar::Integer),
        FieldType::Number => value.parse().ok().map(Scalar::Number),
        FieldType::Date => Some(Scalar::Time(value.to_owned())),
        FieldType::DateTime => {
            let moment = value.trim_end_matches('Z');
            let moment = if moment.contains('.') { moment.trim_end_matches(['0']) } else { moment };
            Some(Scalar::Time(moment.trim_end_matches('.').to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
