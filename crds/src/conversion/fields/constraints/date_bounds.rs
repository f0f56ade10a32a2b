//! The earliest and the latest value of a date: fixed, or relative to the moment when its object landed.

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{Outcome, fault, scalar};
use crate::conversion::fields::default;
use crate::conversion::fields::field::Field;
use crate::conversion::fields::field_type::FieldType;

/// The bounds of one field.
#[derive(Clone, Debug)]
pub struct DateBounds {
    kind: FieldType,
    earliest: Option<DateBound>,
    latest: Option<DateBound>,
}

#[derive(Clone, Debug)]
struct DateBound {
    /// As the model has it.
    written: String,
    /// How long after the object landed; `None` for a fixed bound.
    after_landing: Option<Span>,
}

impl DateBounds {
    /// The bounds of a field, or `None` if it has none. The field's default is checked against them.
    pub fn of(field: &Field) -> Outcome<Option<Self>> {
        let earliest = bound(field, ".earliest", field.earliest.as_deref())?;
        let latest = bound(field, ".latest", field.latest.as_deref())?;
        if let (Some(earliest), Some(latest)) = (&earliest, &latest)
            && earliest.after_landing.is_some() == latest.after_landing.is_some()
        {
            // Of two relative bounds, any moment tells the order.
            let landed = Some(Timestamp::UNIX_EPOCH);
            let moments = (earliest.moment(field.kind, landed), latest.moment(field.kind, landed));
            if moments.0 > moments.1 {
                return fault(".earliest", "the earliest date is after the latest");
            }
        }
        let bounds = Self { kind: field.kind, earliest, latest };
        if let Some(value) = &field.default
            && let Some(expected) = bounds.expected(value, None)
        {
            return fault(".default", format!("expected {expected}, found {value:?}"));
        }
        Ok(Some(bounds).filter(|bounds| bounds.earliest.is_some() || bounds.latest.is_some()))
    }

    /// Whether one of them depends on when the object landed.
    pub fn are_relative(&self) -> bool {
        [&self.earliest, &self.latest].into_iter().flatten().any(|bound| bound.after_landing.is_some())
    }

    /// What was expected instead of a value that violates a bound. `landed`: when its object landed, which is `now` in
    /// relative bounds; without it, they hold.
    pub fn expected(&self, value: &str, landed: Option<Timestamp>) -> Option<String> {
        let kind = self.kind;
        let value = scalar(kind, value)?;
        let moment = |bound: &DateBound| scalar(kind, &bound.moment(kind, landed)?);
        if let Some(bound) = &self.earliest
            && moment(bound).is_some_and(|earliest| value < earliest)
        {
            return Some(format!("a date that is not before {}", bound.shown(kind, landed)));
        }
        let bound = self.latest.as_ref()?;
        moment(bound)
            .is_some_and(|latest| value > latest)
            .then(|| format!("a date that is not after {}", bound.shown(kind, landed)))
    }
}

impl DateBound {
    /// The bound as a value of its type; `None` if it depends on what nobody knows.
    fn moment(&self, kind: FieldType, landed: Option<Timestamp>) -> Option<Cow<'_, str>> {
        let Some(after) = self.after_landing else { return Some(Cow::Borrowed(&self.written)) };
        let landed = TimeZone::UTC.to_datetime(landed?);
        Some(Cow::Owned(value(kind, landed.saturating_add(after))))
    }

    fn shown(&self, kind: FieldType, landed: Option<Timestamp>) -> String {
        match self.moment(kind, landed) {
            Some(moment) if self.after_landing.is_some() => format!("{} ({moment})", self.written),
            _ => self.written.clone(),
        }
    }
}

/// A moment in UTC, as a document shows a value of this type.
fn value(kind: FieldType, moment: DateTime) -> String {
    let moment = moment.max(DateTime::ZERO);
    let day = format!("{:04}-{:02}-{:02}", moment.year(), moment.month(), moment.day());
    if kind == FieldType::Date {
        return day;
    }
    format!("{day}T{:02}:{:02}:{:02}Z", moment.hour(), moment.minute(), moment.second())
}

fn bound(field: &Field, part: &str, written: Option<&str>) -> Outcome<Option<DateBound>> {
    let Some(written) = written else { return Ok(None) };
    if !matches!(field.kind, FieldType::DateTime | FieldType::Date) {
        return fault(part, "earliest and latest are for dateTime and date");
    }
    let after_landing = after_landing(written);
    if after_landing.is_none()
        && let Some(expected) = default::expected(field.kind, written)
    {
        return fault(part, format!("expected {expected}, or now, now-100y, now+7d, found {written:?}"));
    }
    Ok(Some(DateBound { written: written.to_owned(), after_landing }))
}

/// `now`, and `now` with a number of years, months, weeks, days or hours: `now-100y`, `now+6M`, `now-2w`, `now+7d`,
/// `now+12h`.
fn after_landing(written: &str) -> Option<Span> {
    let rest = written.strip_prefix("now")?;
    if rest.is_empty() {
        return Some(Span::new());
    }
    let (sign, amount) = match rest.strip_prefix('+') {
        Some(amount) => (1, amount),
        None => (-1, rest.strip_prefix('-')?),
    };
    let (count, unit) = amount.split_at_checked(amount.len().checked_sub(1)?)?;
    let digits = Some(count).filter(|count| count.bytes().all(|byte| byte.is_ascii_digit()))?;
    let count = sign * i64::from(digits.parse::<u16>().ok()?);
    let span = Span::new();
    match unit {
        "y" => span.try_years(count),
        "M" => span.try_months(count),
        "w" => span.try_weeks(count),
        "d" => span.try_days(count),
        "h" => span.try_hours(count),
        _ => return None,
    }
    .ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::DateBounds;
    use crate::conversion::Field;

    fn field(more: &Value) -> Field {
        let mut field = json!({"name": "a", "path": ["a"], "type": "dateTime"});
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(field).unwrap()
    }

    fn landed() -> Timestamp {
        "2026-11-30T12:00:00Z".parse().unwrap()
    }

    fn holds(more: &Value, value: &str, landed: Option<Timestamp>) -> bool {
        DateBounds::of(&field(more)).unwrap().unwrap().expected(value, landed).is_none()
    }

    #[test]
    fn bounds_are_fixed_or_relative_to_when_the_object_landed() {
        for (more, good, bad) in [
            (json!({"earliest": "2000-01-01T00:00:00Z"}), "2000-01-01T00:00:00Z", "1999-12-31T23:59:59.9Z"),
            (json!({"latest": "2000-01-01T00:00:00Z"}), "2000-01-01T00:00:00Z", "2000-01-01T00:00:00.1Z"),
            (json!({"latest": "now"}), "2026-11-30T12:00:00Z", "2026-11-30T12:00:01Z"),
            (json!({"latest": "now+7d"}), "2026-12-07T12:00:00Z", "9999-12-31T23:59:59Z"),
            (json!({"latest": "now+12h"}), "2026-12-01T00:00:00Z", "2026-12-01T00:00:00.001Z"),
            (json!({"earliest": "now-100y"}), "1926-11-30T12:00:00Z", "0001-01-01T00:00:00Z"),
            (json!({"earliest": "now-9M"}), "2026-02-28T12:00:00Z", "2026-02-28T11:59:59Z"),
            (json!({"earliest": "now-2w", "type": "date"}), "2026-11-16", "2026-11-15"),
            (
                json!({"earliest": "now-9999y", "latest": "now+1d", "type": "date"}),
                "0000-01-01",
                "2026-12-02",
            ),
        ] {
            assert!(holds(&more, good, Some(landed())), "{more} {good}");
            assert!(!holds(&more, bad, Some(landed())), "{more} {bad}");
        }
        assert!(
            holds(&json!({"latest": "now"}), "9999-12-31T23:59:59Z", None),
            "nobody knows when it landed"
        );
        assert!(!holds(&json!({"latest": "2000-01-01T00:00:00Z"}), "2001-01-01T00:00:00Z", None));
    }

    #[test]
    fn a_field_without_bounds_has_none() {
        assert!(DateBounds::of(&field(&json!({}))).unwrap().is_none());
        assert!(DateBounds::of(&field(&json!({"type": "string"}))).unwrap().is_none());
        let relative = |more: Value| DateBounds::of(&field(&more)).unwrap().unwrap().are_relative();
        assert!(relative(json!({"latest": "now"})) && !relative(json!({"latest": "2026-01-01T00:00:00Z"})));
    }

    #[test]
    fn a_fault_shows_what_now_was() {
        let bounds = DateBounds::of(&field(&json!({"latest": "now+7d"}))).unwrap().unwrap();
        let expected = bounds.expected("2027-01-01T00:00:00Z", Some(landed()));
        assert_eq!(expected.unwrap(), "a date that is not after now+7d (2026-12-07T12:00:00Z)");
    }

    #[test]
    fn a_bound_that_is_none_is_refused_with_its_place() {
        for (more, part, expected) in [
            (json!({"latest": "tomorrow"}), ".latest", "or now, now-100y, now+7d, found \"tomorrow\""),
            (json!({"latest": "now+7"}), ".latest", "expected a moment in UTC"),
            (json!({"latest": "now++7d"}), ".latest", "expected a moment in UTC"),
            (json!({"latest": "now+65535y"}), ".latest", "expected a moment in UTC"),
            (json!({"latest": "now+7é"}), ".latest", "expected a moment in UTC"),
            (json!({"earliest": "2026-02-30", "type": "date"}), ".earliest", "expected a day"),
            (json!({"earliest": "now", "type": "string"}), ".earliest", "dateTime and date"),
            (json!({"earliest": "now+1d", "latest": "now"}), ".earliest", "is after the latest"),
            (
                json!({"latest": "2026-01-01", "default": "2026-01-02", "type": "date"}),
                ".default",
                "a date that is not after 2026-01-01",
            ),
        ] {
            let fault = DateBounds::of(&field(&more)).unwrap_err();
            assert_eq!(fault.part, part, "{more}");
            assert!(fault.problem.contains(expected), "{more}: {}", fault.problem);
        }
    }
}
