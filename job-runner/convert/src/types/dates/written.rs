//! A date as written, before its conversion to a moment.

use jiff::civil::{Date, DateTime};

use super::resolution::Resolution;

/// A date and perhaps a time, as written. Whether such a day exists is not known yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written<'t> {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) day: i8,
    pub(crate) precision: Precision,
    pub(crate) time: Option<Time<'t>>,
    /// Seconds by which the zone is ahead of UTC.
    pub(crate) offset: Option<i32>,
}

/// How much of the day is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Precision {
    Year,
    Month,
    #[default]
    Day,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Time<'t> {
    pub(crate) hour: i8,
    pub(crate) minute: i8,
    pub(crate) second: i8,
    /// The digits after the point.
    pub(crate) fraction: &'t str,
}

/// The last second of a minute that has 61.
pub(super) const LEAP_SECOND: i8 = 60;

impl Written<'_> {
    /// How much of the date is known.
    pub(crate) const fn resolution(&self) -> Resolution {
        match (self.precision, self.time) {
            (Precision::Year, _) => Resolution::Year,
            (Precision::Month, _) => Resolution::Month,
            (Precision::Day, None) => Resolution::Day,
            (Precision::Day, Some(_)) => Resolution::Second,
        }
    }

    /// The day and time on the calendar and the clock of its zone; midnight for a day alone. A leap second
    /// becomes the second before it, as computer clocks do not have it.
    pub(crate) fn local(&self) -> Option<DateTime> {
        let date = Date::new(self.year, self.month, self.day).ok()?;
        let time = self.time.unwrap_or_default();
        if time.hour == 24 {
            let midnight = time.minute == 0 && time.second == 0 && time.fraction.bytes().all(|b| b == b'0');
            return date.tomorrow().ok().filter(|_| midnight).map(|date| date.at(0, 0, 0, 0));
        }
        let second = if time.second == LEAP_SECOND { 59 } else { time.second };
        DateTime::new(self.year, self.month, self.day, time.hour, time.minute, second, 0).ok()
    }

    pub(crate) fn day(&self) -> Option<Date> {
        self.local().map(DateTime::date)
    }
}

/// Whether a leap second may follow this one: they only ever occurred at the end of June and of December.
pub(super) fn may_be_leap_second(utc: DateTime) -> bool {
    matches!((utc.month(), utc.day()), (6, 30) | (12, 31)) && (utc.hour(), utc.minute()) == (23, 59)
}
