//! Forms of dates that samples have and no type knows by itself: formats of their own, names of months, times
//! without a zone. Pure.

use std::sync::LazyLock;

use docmill_convert::types::{self, DateRules};
use docmill_crds::conversion::{Field, FieldType};

/// The formats that are tried.
pub(super) const FORMATS: [(FieldType, &str); 10] = [
    (FieldType::Date, "%d.%m.%Y"),
    (FieldType::Date, "%d/%m/%Y"),
    (FieldType::Date, "%m/%d/%Y"),
    (FieldType::Date, "%d-%m-%Y"),
    (FieldType::Date, "%m-%d-%Y"),
    (FieldType::Date, "%Y/%m/%d"),
    (FieldType::Date, "%Y.%m.%d"),
    (FieldType::DateTime, "%d.%m.%Y %H:%M:%S %z"),
    (FieldType::DateTime, "%d/%B/%Y:%H:%M:%S %z"),
    (FieldType::DateTime, "/Date(%Q)/"),
];

/// Formats of times without a zone, which a model takes if it has a `timeZone`.
const LOCAL_FORMATS: [&str; 8] = [
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
];

/// Bytes of the longest of them.
const LONGEST: usize = 40;

/// The rules of the formats.
static RULES: LazyLock<Vec<(FieldType, DateRules)>> = LazyLock::new(|| {
    let rules = |(kind, format): &(FieldType, &str)| {
        let field = Field { kind: *kind, formats: vec![(*format).to_owned()], ..Field::default() };
        (*kind, DateRules::of(&field, None))
    };
    FORMATS.iter().map(rules).collect()
});

/// The formats that read a value, as bits by their numbers; none if it needs no format.
pub(super) fn fitting(value: &str) -> u16 {
    let may_be = value.len() <= LONGEST && value.contains(|c: char| c.is_ascii_digit());
    let reads = |kind, rules: &DateRules| types::parse(kind, rules, value).is_ok();
    if !may_be || reads(FieldType::Date, &DateRules::default()) {
        return 0;
    }
    let mut fitting = 0;
    for (number, (kind, rules)) in RULES.iter().enumerate() {
        fitting |= u16::from(reads(*kind, rules)) << number;
    }
    fitting
}

/// The number of a month, or its name in English.
pub(super) fn is_month(value: &str) -> bool {
    let month = value.trim_end_matches('.');
    let day = |text: &str| types::parse(FieldType::Date, &DateRules::default(), text).is_ok();
    if month.bytes().all(|b| b.is_ascii_digit()) {
        return month.len() <= 2 && day(&format!("2026{month:0>2}01"));
    }
    month.bytes().all(|b| b.is_ascii_alphabetic()) && day(&format!("1 {month} 2026"))
}

/// Whether a value is a day like 2026-01-02, which may have a zone (`2026-01-02+01:00`) and has no time.
pub(super) fn is_day(value: &str) -> bool {
    let Some((day, zone)) = value.split_at_checked("2026-01-02".len()) else { return false };
    let is_offset = |zone: &str| {
        let digits = zone.strip_prefix(['+', '-']).and_then(|offset| offset.split_once(':'));
        digits.is_some_and(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)
    };
    let is_date = |text| types::parse(FieldType::Date, &DateRules::default(), text).is_ok();
    day.contains('-') && (matches!(zone, "" | "Z") || is_offset(zone)) && is_date(day) && is_date(value)
}

/// Whether a value has a time behind a T, as `20260102T1011`.
fn has_time(value: &str) -> bool {
    let is_time = |at: &[u8]| matches!(at, [before, b'T' | b't', after] if before.is_ascii_digit() && after.is_ascii_digit());
    value.as_bytes().windows(3).any(is_time)
}

/// Whether a value is a day in words, like 2 January 2026.
pub(super) fn is_spelled(value: &str) -> bool {
    value.len() <= LONGEST
        && value.contains(|c: char| c.is_ascii_alphabetic())
        && !value.contains(':')
        && !has_time(value)
        && types::parse(FieldType::Date, &DateRules::default(), value).is_ok()
}

/// Whether a value is a day with a time that has no zone.
pub(super) fn is_local(value: &str) -> bool {
    (value.contains(':') || has_time(value)) && reads_in_utc(value) && !reads(&DateRules::default(), value)
}

/// Whether a value is a day or a time in any form, but for mere digits.
pub(super) fn is_any(value: &str) -> bool {
    let may_be = value.len() > "20260102".len() && value.contains(|c: char| !c.is_ascii_digit());
    may_be && (reads_in_utc(value) || fitting(value) != 0 || is_local_of_own(value))
}

/// Whether a value is a time without a zone in one of the formats.
fn is_local_of_own(value: &str) -> bool {
    static LOCAL: LazyLock<DateRules> = LazyLock::new(|| {
        let formats = LOCAL_FORMATS.map(str::to_owned).to_vec();
        let field = Field { kind: FieldType::DateTime, formats, ..Field::default() };
        DateRules::of(&field, Some("UTC"))
    });
    value.len() <= LONGEST && reads(&LOCAL, value)
}

/// Whether a value is a moment, if times without a zone are in UTC.
fn reads_in_utc(value: &str) -> bool {
    static UTC: LazyLock<DateRules> = LazyLock::new(|| {
        let field = Field { kind: FieldType::DateTime, ..Field::default() };
        DateRules::of(&field, Some("UTC"))
    });
    value.len() <= LONGEST && reads(&UTC, value)
}

fn reads(rules: &DateRules, value: &str) -> bool {
    types::parse(FieldType::DateTime, rules, value).is_ok()
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::DateFormat;

    use super::{FORMATS, fitting, is_any, is_local, is_month, is_spelled};

    #[test]
    fn every_format_is_one_of_the_model_and_has_a_bit() {
        assert!(FORMATS.len() < 16);
        for format in FORMATS.map(|(_, format)| format).into_iter().chain(super::LOCAL_FORMATS) {
            DateFormat::parse(format).unwrap();
        }
    }

    #[test]
    fn what_needs_no_format_gets_none() {
        let plain = ["2026-01-02T10:11:12Z", "Fri, 02 Jan 2026 10:11:12 GMT", "2026-01-02", "2 Jan 2026"];
        for value in plain.into_iter().chain(["12", "soon"]) {
            assert_eq!(fitting(value), 0, "{value}");
        }
        for value in
            ["2.1.2026", "2026/01/02", "31/12/2026", "02/Jan/2026:10:11:12 +0100", "/Date(1767312000123)/"]
        {
            assert_eq!(fitting(value).count_ones(), 1, "{value}");
        }
    }

    #[test]
    fn months_days_in_words_and_times_without_a_zone_are_known() {
        assert!(["2 January 2026", "Jan 2, 2026", "02-JAN-2026"].into_iter().all(is_spelled));
        assert!(!["2026-01-02", "Fri, 02 Jan 2026 10:11:12 GMT", "May"].into_iter().any(is_spelled));
        assert!(["1", "12", "Jan", "sept.", "October"].into_iter().all(is_month));
        assert!(!["0", "13", "Spring", "Jan-Feb", "May 2"].into_iter().any(is_month));
        assert!(is_local("20260102T1011") && !is_local("20260102T1011Z"));
        assert!(["02.01.2026 10:15", "31/12/2026 10:15:30"].into_iter().all(is_any));
        assert!(is_local("2026-01-02T10:11") && !is_local("2026-01-02T10:11Z") && !is_local("2026-01-02"));
        assert!(["2026-01-02", "02.01.2026", "Jan 2, 2026", "2026-01-02 10:11"].into_iter().all(is_any));
        assert!(!["20260102", "1.10", "soon", "two words more"].into_iter().any(is_any));
    }
}
