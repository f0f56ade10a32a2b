//! Sizes, counts and times for people.

use jiff::Timestamp;

/// A size in bytes, in binary units: `812 B`, `1.4 KiB`, `3.0 MiB`.
pub fn bytes(count: i64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut tenths, mut unit) = (count.saturating_mul(10), "B");
    for next in UNITS {
        if tenths < 10_240 {
            break;
        }
        (tenths, unit) = (tenths / 1024, next);
    }
    if unit == "B" { format!("{count} B") } else { format!("{}.{} {unit}", tenths / 10, tenths % 10) }
}

/// A count with separators: `1,234,567`.
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of seconds as kubectl shows ages: `42s`, `12m`, `3h20m`, `5d`.
pub fn seconds(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=599 if seconds % 60 != 0 => format!("{minutes}m{}s", seconds % 60),
        120..=10_799 => format!("{minutes}m"),
        10_800..=28_799 if minutes % 60 != 0 => format!("{hours}h{}m", minutes % 60),
        10_800..=172_799 => format!("{hours}h"),
        172_800..=691_199 if hours % 24 != 0 => format!("{days}d{}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// How long ago a time was.
pub fn age(time: Timestamp, now: Timestamp) -> String {
    seconds(now.as_second().saturating_sub(time.as_second()))
}

/// A time that is written as RFC 3339 with how long ago that was, for example `2026-01-03T00:00:00Z (5m ago)`; the text alone
/// if it is no time.
pub fn moment(text: &str, now: Timestamp) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) if time <= now => format!("{text} ({} ago)", age(time, now)),
        _ => text.to_owned(),
    }
}

/// A number of things, by the name of one of them: `1 unit`, `2,000 units`.
pub fn counted(number: i64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, counted, moment, seconds};

    #[test]
    fn sizes_have_the_unit_that_reads_best() {
        let shown = [0, 1023, 1024, 1536, 10 * 1024 * 1024].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10.0 MiB"]);
    }

    #[test]
    fn counts_have_separators() {
        assert_eq!([7, 1000, 1_234_567, -1000].map(count), ["7", "1,000", "1,234,567", "-1,000"]);
    }

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!([0, 1, 2000].map(|number| counted(number, "unit")), ["0 units", "1 unit", "2,000 units"]);
    }

    #[test]
    fn ages_are_those_of_kubectl() {
        let shown = [5, 119, 150, 600, 7200, 12_000, 86_400, 200_000, 900_000].map(seconds);
        assert_eq!(shown, ["5s", "119s", "2m30s", "10m", "120m", "3h20m", "24h", "2d7h", "10d"]);
    }

    #[test]
    fn a_moment_says_how_long_ago_it_was() {
        let now = "2026-01-03T00:05:00Z".parse().unwrap();
        assert_eq!(moment("2026-01-03T00:00:00Z", now), "2026-01-03T00:00:00Z (5m ago)");
        assert_eq!(moment("soon", now), "soon");
    }
}
