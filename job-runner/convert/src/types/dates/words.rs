//! Dates with the names of months: RFC 822 and its successors, RFC 850, and `asctime`. The day of the week is
//! often wrong in feeds, so it is ignored in favour of the date.

use super::reader::DateReader;
use super::written::Written;
use super::{languages, zones};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Words between the parts of a date: `Jan 2, 2026 at 10:11`, `January 2, 2026 - 10:11`, `2 de enero de 2026`.
const FILLERS: [&str; 3] = ["at", "-", "de"];

/// Parses a date in one of these orders, with optional day of the week and time:
/// `Fri, 2 Jan 2026 10:11:12 GMT`, `Friday, 02-Jan-26 10:11:12 GMT`, `Fri Jan  2 10:11:12 2026`,
/// `Fri Jan 2 2026 10:11:12 GMT`; also on a clock of twelve hours: `Jan 2, 2026 at 10:11 AM`.
pub(crate) fn read(text: &str) -> Option<Written<'_>> {
    let text = without_comment(text);
    let says_something = |word: &&str| !word.is_empty() && !is_filler(word);
    let words = |from: usize| text.split([' ', ',']).filter(says_something).skip(from);
    let first = words(0).next()?.trim_end_matches('.');
    if weekday(first).is_some() {
        return in_order(words(1));
    }
    // A day of the week may have the name of a month: mar, 06 gen 2026.
    in_order(words(0)).or_else(|| {
        let is_weekday = languages::is_weekday(first);
        is_weekday.then(|| in_order(words(1))).flatten()
    })
}

/// The same without a day of the week.
#[inline(never)]
fn in_order<'t>(mut words: impl Iterator<Item = &'t str>) -> Option<Written<'t>> {
    let first = words.next()?;
    let mut written = Written::default();
    let (mut known_year, mut half) = (true, None);
    if let Some(month) = month(first.trim_end_matches('.')) {
        (written.month, written.day) = (month, day(words.next()?)?);
        known_year = false;
    } else if first.contains('-') {
        let mut parts = first.split('-');
        written.day = day(parts.next()?)?;
        written.month = month(parts.next()?)?;
        written.year = year(parts.next()?)?;
        if parts.next().is_some() {
            return None;
        }
    } else {
        written.day = day(first)?;
        written.month = month(words.next()?.trim_end_matches('.'))?;
        written.year = year(words.next()?)?;
    }
    for word in words {
        if written.time.is_none() && word.contains(':') {
            let mut reader = DateReader::new(word);
            written.time = Some(reader.time(1)?);
            half = afternoon(reader.rest);
            if half.is_none() && !reader.is_done() {
                written.offset = Some(zones::read(reader.rest)?);
            }
        } else if !known_year && word.len() == 4 && word.starts_with(|c: char| c.is_ascii_digit()) {
            written.year = year(word)?;
            known_year = true;
        } else if written.time.is_some() && written.offset.is_none() {
            match afternoon(word).filter(|_| half.is_none()) {
                Some(is_after_noon) => half = Some(is_after_noon),
                None => written.offset = Some(zones::read(word)?),
            }
        } else {
            return None;
        }
    }
    if let (Some(time), Some(is_after_noon)) = (&mut written.time, half) {
        time.hour = hour_of_twelve(time.hour, is_after_noon)?;
    }
    Some(written).filter(|_| known_year)
}

fn is_filler(word: &str) -> bool {
    FILLERS.iter().any(|filler| filler.eq_ignore_ascii_case(word))
}

/// Whether a word says that a time is after noon; `None` for another word.
pub(crate) fn afternoon(word: &str) -> Option<bool> {
    let is_one_of = |names: [&str; 2]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    if is_one_of(["am", "a.m."]) {
        return Some(false);
    }
    is_one_of(["pm", "p.m."]).then_some(true)
}

/// The hour of a clock of twelve hours, on which noon and midnight are at 12.
fn hour_of_twelve(hour: i8, is_after_noon: bool) -> Option<i8> {
    let hour = Some(hour).filter(|hour| (1..=12).contains(hour))? % 12;
    Some(if is_after_noon { hour + 12 } else { hour })
}

/// Mail appends the name of the zone as a comment to its offset: `+0100 (CET)`.
fn without_comment(text: &str) -> &str {
    match text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        Some((date, comment)) if !comment.contains(')') => date.trim_end(),
        _ => text,
    }
}

fn day(word: &str) -> Option<i8> {
    Some(word).filter(|word| word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

/// A year of two or three digits is interpreted as in RFC 2822, section 4.3.
pub(crate) fn year(word: &str) -> Option<i16> {
    let year: i16 = Some(word).filter(|word| word.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    match word.len() {
        2 if year < 50 => Some(year + 2000),
        2 | 3 => Some(year + 1900),
        4 => Some(year),
        _ => None,
    }
}

/// The number of a month, by its English name or the first three letters of it; also `Sept`, and what other languages
/// call it.
pub(crate) fn month(word: &str) -> Option<i8> {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let place = position(&MONTHS, word).or_else(|| word.eq_ignore_ascii_case("sept").then_some(8));
    place.map_or_else(|| languages::month(word), |place| i8::try_from(place + 1).ok())
}

/// The number of a day of the week, by its English name or the first three letters of it or more: feeds have
/// `Tues` and `Thurs`.
pub(crate) fn weekday(word: &str) -> Option<usize> {
    let mut begins = WEEKDAYS.iter().map(|name| name.get(..word.len()).unwrap_or_default());
    begins.position(|begin| word.len() >= 3 && begin.eq_ignore_ascii_case(word))
}

fn position(names: &[&str], word: &str) -> Option<usize> {
    names.iter().position(|name| name.eq_ignore_ascii_case(word) || name[..3].eq_ignore_ascii_case(word))
}
