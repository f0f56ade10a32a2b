//! ISO 8601, which includes RFC 3339 and the dates of XML Schema: `2026-01-02T10:11:12.5+01:00`,
//! `20260102T101112Z`.

use super::reader::DateReader;
use super::written::Written;
use super::zones;

/// Parses a day, and a time and a zone if they follow. A space may replace the T, and precede the zone.
pub(crate) fn read(text: &str) -> Option<Written<'_>> {
    let mut reader = DateReader::new(text);
    let year = reader.digits(4, 4)?.parse().ok()?;
    let dashes = reader.take('-');
    let month = reader.number(2, 2)?;
    if dashes && !reader.take('-') {
        return None;
    }
    let day = reader.number(2, 2)?;
    let mut written = Written { year, month, day, ..Written::default() };
    let named = reader.take('T') || reader.take('t');
    reader.blank();
    if named || reader.starts_with_digit() {
        written.time = Some(reader.time(2)?);
        reader.blank();
    }
    if !reader.is_done() {
        written.offset = Some(zones::read(reader.rest)?);
    }
    Some(written)
}
