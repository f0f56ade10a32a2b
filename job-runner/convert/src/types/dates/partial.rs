//! Dates of which only the year, or the year and the month, is known: `2026`, `2026-01`, `January 2026`.

use super::words;
use super::written::{Precision, Written};

/// Parses a date without a day. It stands for its first moment.
pub(crate) fn read(text: &str) -> Option<Written<'_>> {
    let Some((first, second)) = text.split_once(['-', ' ']) else {
        let (year, precision) = (full_year(text)?, Precision::Year);
        return Some(Written { year, month: 1, day: 1, precision, ..Written::default() });
    };
    let (year, month) = match full_year(first) {
        Some(year) => (year, second),
        None => (full_year(second)?, first),
    };
    let month = month.trim_end_matches(['.', ',']);
    let month = numbered(month).or_else(|| words::month(month))?;
    Some(Written { year, month, day: 1, precision: Precision::Month, ..Written::default() })
}

fn full_year(word: &str) -> Option<i16> {
    Some(word).filter(|word| word.len() == 4).and_then(words::year)
}

fn numbered(month: &str) -> Option<i8> {
    Some(month).filter(|month| month.len() == 2 && month.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}
