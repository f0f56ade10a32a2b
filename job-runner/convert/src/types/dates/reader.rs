//! Reads a text from left to right.

use super::written::Time;

/// Maximum digits of a fraction of a second. Elasticsearch stores as many, and nothing is truncated.
const FRACTION_DIGITS: usize = 9;

/// The rest of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateReader<'t> {
    pub(crate) rest: &'t str,
}

impl<'t> DateReader<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(crate) fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// As many characters of this kind as possible.
    pub(crate) fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'t str {
        let end = self.rest.bytes().position(|b| !(b.is_ascii() && fits(b))).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    /// Up to `most` digits, and at least `least`.
    pub(crate) fn digits(&mut self, least: usize, most: usize) -> Option<&'t str> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(count).filter(|_| count >= least)?;
        self.rest = rest;
        Some(digits)
    }

    pub(crate) fn number(&mut self, least: usize, most: usize) -> Option<i8> {
        self.digits(least, most)?.parse().ok()
    }

    pub(crate) fn fraction(&mut self) -> Option<&'t str> {
        let digits = self.run(|b| b.is_ascii_digit());
        (1..=FRACTION_DIGITS).contains(&digits.len()).then_some(digits)
    }

    pub(crate) fn starts_with_digit(&self) -> bool {
        self.rest.starts_with(|c: char| c.is_ascii_digit())
    }

    /// `10:11`, `10:11:12`, `10:11:12.25`, and the same without colons. An hour alone is not a time.
    pub(crate) fn time(&mut self, hour_digits: usize) -> Option<Time<'t>> {
        let mut time = Time { hour: self.number(hour_digits, 2)?, ..Time::default() };
        let colons = self.take(':');
        time.minute = self.number(2, 2)?;
        let more = if colons { self.take(':') } else { self.starts_with_digit() };
        if more {
            time.second = self.number(2, 2)?;
            if self.take('.') || self.take(',') {
                time.fraction = self.fraction()?;
            }
        }
        Some(time)
    }
}
