//! Which dates may name an index: each wrong or hostile date would create a separate index, and a cluster has
//! room for a few thousand of them. Pure.
//!
//! The check runs when a document is made, not when one is read back from its snapshot: an accepted document
//! keeps its address, whatever the window and the clock say later.

use docmill_crds::api::ingest_source::{DateWindow, InvalidDay};
use docmill_crds::template::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Map, Value};

/// The days that may name an index.
#[derive(Clone, Copy, Debug)]
pub struct IndexWindow {
    from: Date,
    ahead_days: i32,
}

/// A date that may not name an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the date {day} of the field {field:?} would name an index and is outside of the window from {from} to {until}"
)]
pub struct OutOfWindow {
    /// Path of the field.
    field: String,
    /// Its day in UTC.
    day: Date,
    from: Date,
    until: Date,
    /// The field of the window that says which bound it violates.
    pub bound: &'static str,
}

impl IndexWindow {
    /// The window of a source, or of an enriched index.
    pub fn of(window: &DateWindow) -> Result<Self, InvalidDay> {
        Ok(Self { from: window.first_day()?, ahead_days: window.ahead_days })
    }

    /// Whether all days that an index name is built from are in the window. The clock defines today.
    pub fn check(
        self,
        name: &Template,
        fields: &Map<String, Value>,
        now_millis: i64,
    ) -> Result<(), OutOfWindow> {
        let until = self.until(now_millis);
        let outside = name.days(fields).find(|(_, day)| *day < self.from || *day > until);
        outside.map_or(Ok(()), |(field, day)| {
            let bound = if day < self.from { "from" } else { "aheadDays" };
            Err(OutOfWindow { field: field.to_owned(), day, from: self.from, until, bound })
        })
    }

    fn until(self, now_millis: i64) -> Date {
        let now = Timestamp::from_millisecond(now_millis).unwrap_or(Timestamp::MAX);
        TimeZone::UTC.to_datetime(now).date().saturating_add(self.ahead_days.days())
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::ingest_source::DateWindow;
    use docmill_crds::template::Template;
    use serde_json::json;

    use super::{IndexWindow, OutOfWindow};

    /// 2026-11-29T03:00:00Z.
    const NOW: i64 = 1_795_921_200_000;

    fn check(window: &DateWindow, name: &str, date: &str) -> Result<(), OutOfWindow> {
        let document = json!({"at": date, "section": date});
        let name = Template::parse(name).unwrap();
        let window = IndexWindow::of(window).unwrap();
        window.check(&name, document.as_object().unwrap(), NOW)
    }

    #[test]
    fn both_days_at_the_ends_are_inside() {
        let daily = |date: &str| check(&DateWindow::default(), "a-{at:%Y.%m.%d}", date);
        for inside in ["1900-01-01T00:00:00Z", "2026-12-06T23:59:59.999Z", "2026-12-07T00:30:00+01:00"] {
            assert_eq!(daily(inside), Ok(()), "{inside}");
        }
        for (outside, bound) in [
            ("1899-12-31T23:59:59.999Z", "from"),
            ("1900-01-01T00:30:00+01:00", "from"),
            ("0001-01-01T00:00:00Z", "from"),
            ("2026-12-07T00:00:00Z", "aheadDays"),
            ("9999-12-31T23:59:59Z", "aheadDays"),
        ] {
            let fault = daily(outside).expect_err(outside);
            let message = fault.to_string();
            assert_eq!(fault.bound, bound, "{message}");
            assert!(message.contains("from 1900-01-01 to 2026-12-06"), "{message}");
        }
    }

    #[test]
    fn a_day_without_a_format_is_a_date_too_and_other_texts_are_none() {
        let window = DateWindow::default();
        assert!(check(&window, "a-{section}", "0001-01-01").is_err());
        assert_eq!(check(&window, "a-{section}", "sport"), Ok(()));
        assert_eq!(check(&window, "all", "0001-01-01"), Ok(()), "no date is in the name");
    }

    #[test]
    fn the_window_can_be_all_that_there_is() {
        let all = DateWindow { from: "0001-01-01".into(), ahead_days: 3_652_059 };
        for date in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(check(&all, "a-{at:%Y}", date), Ok(()));
        }
        assert!(IndexWindow::of(&DateWindow { from: "2026-02-30".into(), ahead_days: 7 }).is_err());
    }
}
