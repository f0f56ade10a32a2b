//! Dates whose year, month and day were found separately.

use super::words;

/// The day as `2026-01-02`; missing parts become the first. `None` if a part is invalid; whether such a day
/// exists is not checked here.
pub(crate) fn date_of_parts(year: &str, month: Option<&str>, day: Option<&str>) -> Option<String> {
    let digits = |part: &str, most: usize| part.len() <= most && part.bytes().all(|b| b.is_ascii_digit());
    if year.len() != 4 || !digits(year, 4) || (month.is_none() && day.is_some()) {
        return None;
    }
    let month = match month.map(|month| month.trim_end_matches('.')) {
        Some(month) if digits(month, 2) => month.parse().ok()?,
        Some(month) => words::month(month)?,
        None => 1,
    };
    let day = match day {
        Some(day) if digits(day, 2) => day.parse().ok()?,
        Some(_) => return None,
        None => 1,
    };
    Some(format!("{year}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::date_of_parts;

    #[test]
    fn parts_make_a_day_and_what_is_missing_is_the_first() {
        for (year, month, day, expected) in [
            ("2026", Some("1"), Some("2"), Some("2026-01-02")),
            ("2026", Some("09"), Some("30"), Some("2026-09-30")),
            ("2026", Some("September"), None, Some("2026-09-01")),
            ("2026", Some("sept."), None, Some("2026-09-01")),
            ("2026", None, None, Some("2026-01-01")),
            ("2026", None, Some("2"), None),
            ("26", Some("1"), Some("2"), None),
            ("2026", Some("Spring"), None, None),
            ("2026", Some("1"), Some("2nd"), None),
        ] {
            assert_eq!(date_of_parts(year, month, day).as_deref(), expected, "{year} {month:?} {day:?}");
        }
    }
}
