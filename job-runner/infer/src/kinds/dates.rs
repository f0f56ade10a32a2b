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

/// Whether a value is a day in words, like 2 January 2026.
pub(super) fn is_spelled(value: &str) -> bool {
    value.len() <= LONGEST
        && value.contains(|c: char| c.is_ascii_alphabetic())
        && !value.contains(':')
        && types::parse(FieldType::Date, &DateRules::default(), value).is_ok()
}

/// Whether a value is a day with a time that has no zone.
pub(super) fn is_local(value: &str) -> bool {
    value.contains(':') && reads_in_utc(value) && !reads(&DateRules::default(), value)
}

/// Whether a value is a day or a time in any form, but for mere digits.
pub(super) fn is_any(value: &str) -> bool {
    let may_be = value.len() > "20260102".len() && value.contains(|c: char| !c.is_ascii_digit());
    may_be && (reads_in_utc(value) || fitting(value) != 0)
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
        for (_, format) in FORMATS {
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
        assert!(is_local("2026-01-02T10:11") && !is_local("2026-01-02T10:11Z") && !is_local("2026-01-02"));
        assert!(["2026-01-02", "02.01.2026", "Jan 2, 2026", "2026-01-02 10:11"].into_iter().all(is_any));
        assert!(!["20260102", "1.10", "soon", "two words more"].into_iter().any(is_any));
    }
}
