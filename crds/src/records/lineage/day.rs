//! Days in UTC.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// A day in UTC, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// Reads `YYYY-MM-DD`, and no other form.
    pub fn parse(text: &str) -> Option<Self> {
        let date: Date = text.parse().ok()?;
        (date.to_string() == text).then_some(Self(date))
    }

    /// The day of a time in milliseconds since 1970.
    pub fn of_millis(millis: i64) -> Option<Self> {
        let time = Timestamp::from_millisecond(millis).ok()?;
        Some(Self(time.to_zoned(TimeZone::UTC).date()))
    }

    /// The day before.
    pub fn before(self) -> Option<Self> {
        self.0.yesterday().ok().map(Self)
    }

    /// The query for the units of the day, in a ledger: the objects of this bucket that were last modified on it. A record
    /// that does not know when its object was modified counts for the day on which it was written.
    pub fn units(self, bucket: &str) -> Value {
        let bounds = json!({"gte": format!("{self}T00:00:00Z"), "lt": format!("{self}T00:00:00Z||+1d")});
        let landed = json!({"range": {"lastModified": bounds}});
        let recorded = json!({"bool": {
            "filter": [{"range": {"recordedTime": bounds}}],
            "must_not": [{"exists": {"field": "lastModified"}}],
        }});
        json!({"bool": {
            "filter": [{"term": {"unit.bucket": bucket}}],
            "should": [landed, recorded],
            "minimum_should_match": 1,
        }})
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn a_day_has_one_form() {
        assert_eq!(Day::parse("2026-03-01").unwrap().before(), Day::parse("2026-02-28"));
        for text in
            ["2026-02-30", "20260228", "2026-2-28", "2026-02-28T00:00:00", "", "../../x", "-2026-01-01"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_of_its_day_in_utc() {
        assert_eq!(Day::of_millis(0).unwrap().to_string(), "1970-01-01");
        assert_eq!(Day::of_millis(-1).unwrap().to_string(), "1969-12-31");
        assert_eq!(Day::of_millis(86_399_999), Day::parse("1970-01-01"));
    }

    #[test]
    fn the_query_takes_the_whole_day_and_nothing_of_the_next() {
        let query = Day::parse("2026-11-29").unwrap().units("raw");
        let bounds = &query["bool"]["should"][0]["range"]["lastModified"];
        assert_eq!(bounds["gte"], "2026-11-29T00:00:00Z");
        assert_eq!(bounds["lt"], "2026-11-29T00:00:00Z||+1d");
        assert_eq!(query["bool"]["filter"][0]["term"]["unit.bucket"], "raw");
    }
}
