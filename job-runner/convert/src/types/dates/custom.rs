//! Parses a date in a format that a model defines.

use docmill_crds::conversion::{DateFormat, DatePart};
use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::reader::DateReader;
use super::written::{Time, Written};
use super::{words, zones};

/// The moment from which counts start. By the calendar they reach the end of the year 9999, which some write for "never".
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Maximum digits of seconds since 1970 within the common years.
const EPOCH_DIGITS: usize = 12;

/// Digits that milliseconds and microseconds have beyond seconds.
const MILLIS_DIGITS: usize = 3;
const MICROS_DIGITS: usize = 6;

/// Parses the whole text in this format.
pub(crate) fn read<'t>(format: &DateFormat, text: &'t str) -> Option<Written<'t>> {
    let mut reader = DateReader::new(text);
    let mut form = Form::default();
    for part in &format.parts {
        form.part(*part, &mut reader)?;
    }
    if !reader.is_done() {
        return None;
    }
    Some(form.finish())
}

#[derive(Default)]
struct Form<'t> {
    written: Written<'t>,
    /// Whether it is after noon, in 12-hour formats.
    afternoon: Option<bool>,
    /// Whether it is counted back from 1970, so that a fraction after it would count the other way.
    counts_back: bool,
}

impl<'t> Form<'t> {
    fn part(&mut self, part: DatePart, reader: &mut DateReader<'t>) -> Option<()> {
        let date = &mut self.written;
        match part {
            DatePart::Literal(c) => return reader.take(c).then_some(()),
            DatePart::Space => reader.blank(),
            DatePart::Year => date.year = reader.digits(4, 4)?.parse().ok()?,
            DatePart::ShortYear => date.year = words::year(reader.digits(2, 2)?)?,
            DatePart::Month => date.month = reader.number(1, 2)?,
            DatePart::MonthName => date.month = words::month(letters(reader))?,
            DatePart::Day => date.day = reader.number(1, 2)?,
            DatePart::Weekday => {
                words::weekday(letters(reader))?;
            }
            DatePart::Hour => self.time().hour = reader.number(1, 2)?,
            DatePart::Hour12 => self.time().hour = reader.number(1, 2).filter(|h| (1..=12).contains(h))? % 12,
            DatePart::HalfDay => self.afternoon = Some(words::afternoon(letters(reader))?),
            DatePart::Minute => self.time().minute = reader.number(1, 2)?,
            DatePart::Second => self.time().second = reader.number(1, 2)?,
            DatePart::Fraction if self.counts_back => return None,
            DatePart::Fraction => self.time().fraction = reader.fraction()?,
            DatePart::Offset if reader.take('Z') || reader.take('z') => date.offset = Some(0),
            DatePart::Offset if !reader.rest.starts_with(['+', '-']) => return None,
            DatePart::Offset | DatePart::ZoneName => date.offset = Some(zones::read_from(reader)?),
            DatePart::Epoch => {
                self.counts_back = reader.rest.starts_with('-');
                self.written = epoch(reader, 0)?;
            }
            DatePart::EpochMillis => self.written = epoch(reader, MILLIS_DIGITS)?,
            DatePart::EpochMicros => self.written = epoch(reader, MICROS_DIGITS)?,
        }
        Some(())
    }

    fn time(&mut self) -> &mut Time<'t> {
        self.written.time.get_or_insert_default()
    }

    fn finish(mut self) -> Written<'t> {
        if self.afternoon == Some(true) {
            self.time().hour += 12;
        }
        self.written
    }
}

fn letters<'t>(reader: &mut DateReader<'t>) -> &'t str {
    reader.run(|b| b.is_ascii_alphabetic())
}

/// A count since 1970, whose last digits are a fraction of a second. Before 1970, only whole seconds have one
/// spelling.
fn epoch<'t>(reader: &mut DateReader<'t>, fraction: usize) -> Option<Written<'t>> {
    let sign = if reader.take('-') { -1 } else { 1 };
    let digits = reader.digits(1, EPOCH_DIGITS + fraction)?;
    let (seconds, fraction) = match digits.len().checked_sub(fraction) {
        Some(split) => digits.split_at_checked(split)?,
        None if digits == "0" => (digits, ""),
        None => return None,
    };
    let fraction = if fraction.bytes().all(|digit| digit == b'0') { "" } else { fraction };
    if sign < 0 && !fraction.is_empty() {
        return None;
    }
    let seconds: i64 = if seconds.is_empty() { 0 } else { seconds.parse().ok()? };
    let utc = EPOCH.checked_add(SignedDuration::from_secs(sign * seconds)).ok()?;
    let time = Time { hour: utc.hour(), minute: utc.minute(), second: utc.second(), fraction };
    let (year, month, day) = (utc.year(), utc.month(), utc.day());
    Some(Written { year, month, day, time: Some(time), offset: Some(0), ..Written::default() })
}
