//! Converts the text of a date to the form used in documents: RFC 3339 in UTC, or a calendar day.
//!
//! The text is parsed literally, and then converted to a moment by calendar arithmetic, which covers the end
//! of the year 9999: feeds write "never" as its last second.

mod custom;
mod iso;
mod languages;
mod partial;
mod parts;
mod reader;
mod resolution;
mod words;
mod written;
mod zones;

use docmill_crds::conversion::{DateFormat, Field, FieldType, Zone};
use jiff::SignedDuration;
use jiff::fmt::temporal::DateTimePrinter;
pub(crate) use parts::date_of_parts;
pub(crate) use resolution::Resolution;

use written::{LEAP_SECOND, Written, may_be_leap_second};

/// How the dates of a field are parsed, beyond the forms that all fields accept.
#[derive(Debug, Default)]
pub struct DateRules {
    zone: Option<Zone>,
    formats: Vec<DateFormat>,
    /// The day, or the month and the day, may be missing.
    partial: bool,
}

impl DateRules {
    /// The rules of a field, in a model with this time zone. The model has been checked.
    pub fn of(field: &Field, zone: Option<&str>) -> Self {
        if !matches!(field.kind, FieldType::DateTime | FieldType::Date) {
            return Self::default();
        }
        let zone = field.time_zone.as_deref().or(zone).and_then(Zone::named);
        let formats = field.formats.iter().filter_map(|format| DateFormat::parse(format).ok()).collect();
        Self { zone, formats, partial: field.resolution.is_some() }
    }

    /// Whether a number may be a date: a count since 1970.
    pub fn takes_numbers(&self) -> bool {
        self.formats.iter().any(DateFormat::is_epoch)
    }

    /// The moment in UTC.
    pub fn date_time(&self, text: &str) -> Option<String> {
        self.readings(text).find_map(|written| self.moment(&written))
    }

    /// The expected forms of a moment, for people.
    pub fn expected_date_time(&self) -> String {
        let zone = if self.zone.is_none() { " with its zone" } else { "" };
        format!("a date and time{zone} (RFC 3339, ISO 8601 or RFC 822{})", self.own_formats())
    }

    /// The day, whatever the zone; none before the year 0.
    pub fn date(&self, text: &str) -> Option<String> {
        let day = self.readings(text).find_map(|written| written.day().filter(|day| day.year() >= 0))?;
        Some(format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day()))
    }

    /// The expected forms of a day, for people.
    pub fn expected_date(&self) -> String {
        format!("a date like 2026-01-02 or 20260102{}", self.own_formats())
    }

    /// How much of a date is known that [`Self::date_time`] or [`Self::date`] takes.
    pub(crate) fn resolution(&self, text: &str) -> Option<Resolution> {
        let written = self.readings(text).find(|written| written.local().is_some())?;
        Some(written.resolution())
    }

    fn own_formats(&self) -> String {
        self.formats.iter().flat_map(|format| [", or ", format.text.as_str()]).collect()
    }

    /// The possible readings of a text, the field's own forms first.
    fn readings<'t>(&self, text: &'t str) -> impl Iterator<Item = Written<'t>> {
        let own = self.formats.iter().filter_map(move |format| custom::read(format, text));
        let partial = self.partial.then(|| partial::read(text)).flatten();
        own.chain(iso::read(text))
            .chain(std::iter::once_with(move || words::read(text)).flatten())
            .chain(partial)
    }

    fn moment(&self, written: &Written<'_>) -> Option<String> {
        let local = written.local()?;
        let offset = match written.offset {
            Some(offset) => offset,
            None => self.zone.as_ref()?.offset_at(local),
        };
        let utc = local.checked_sub(SignedDuration::from_secs(offset.into())).ok()?;
        let time = written.time.unwrap_or_default();
        if utc.year() < 0 || (time.second == LEAP_SECOND && !may_be_leap_second(utc)) {
            return None;
        }
        let mut moment = DateTimePrinter::new().datetime_to_string(&utc);
        if !time.fraction.is_empty() {
            moment.push('.');
            moment.push_str(time.fraction);
        }
        moment.push('Z');
        Some(moment)
    }
}

#[cfg(test)]
mod tests;
