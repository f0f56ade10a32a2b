//! Lines of JSON (NDJSON): how such an object is recognized, and how a faulty line is skipped.
//!
//! A line end marks the end of a value only if no value may contain one. That is the case once the first
//! value was complete in its line: from then on a value that does not end with its line is cut off, and a
//! fault affects only its line. A fault in the very first line affects the whole object, unless that line
//! ends like an object and the next one starts like one: within one value, a comma would be between the two.

use crate::events::json_value::is_space;
use crate::fault::{Fault, Refusal};
use crate::input::window::{Trouble, Window};

/// What is known of an object's lines.
#[derive(Debug)]
pub(crate) struct Lines {
    /// No value spans several lines, and every top-level value is a document.
    by_line: bool,
    /// Lines with values that ended, and lines that were skipped.
    count: u64,
    /// The line has had nothing but white space so far.
    at_start: bool,
    within_value: bool,
}

impl Lines {
    pub(crate) const fn new(by_line: bool) -> Self {
        Self { by_line, count: 0, at_start: true, within_value: false }
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    pub(crate) const fn at_start(&self) -> bool {
        self.at_start
    }

    /// Whether a line end within a value cuts it off.
    pub(crate) const fn cuts_off(&self) -> bool {
        self.by_line && self.within_value && self.count > 0
    }

    pub(crate) const fn line_ends(&mut self) {
        if !self.at_start && !self.within_value {
            self.count += 1;
        }
        self.at_start = true;
        self.by_line &= !self.within_value;
    }

    pub(crate) const fn value_starts(&mut self) {
        self.at_start = false;
        self.within_value = true;
    }

    pub(crate) const fn value_ends(&mut self) {
        self.at_start = false;
        self.within_value = false;
    }

    /// Handles a fault. Returns whether it is in the first line, if only its line is to be given up.
    pub(crate) const fn give_up(&mut self) -> Option<bool> {
        if !self.by_line {
            return None;
        }
        let first = self.count == 0;
        self.at_start = true;
        self.within_value = false;
        self.count += 1;
        Some(first)
    }
}

/// A line that is skipped from the place of its fault on.
#[derive(Debug)]
pub(crate) struct Skip {
    fault: Fault,
    /// It is the first line.
    first: bool,
    /// The line's last byte so far that is not white space.
    last: u8,
}

impl Skip {
    pub(crate) const fn new(fault: Fault, first: bool) -> Self {
        Self { fault, first, last: 0 }
    }

    /// Reads to the next line, and returns the fault. If there is no next line, the object ends with the
    /// fault.
    pub(crate) fn run(mut self, window: &mut Window<'_>) -> Result<Fault, Trouble> {
        loop {
            let (text, start) = window.text();
            let rest = &text.as_bytes()[start..];
            let line = memchr::memchr(b'\n', rest);
            let passed = &rest[..line.unwrap_or(rest.len())];
            self.last = passed.iter().rev().copied().find(|b| !is_space(*b)).unwrap_or(self.last);
            let next = start + line.map_or(rest.len(), |line| line + 1);
            window.consume_to(next);
            if line.is_some() {
                break;
            }
            if window.complete() {
                return Err(Trouble::refused(self.fault));
            }
            self.fill(window)?;
        }
        if !self.first {
            return Ok(self.fault);
        }
        loop {
            let (text, start) = window.text();
            match text.as_bytes().get(start) {
                Some(b'{') if self.last == b'}' => return Ok(self.fault),
                None if !window.complete() => self.fill(window)?,
                _ => return Err(Trouble::refused(self.fault)),
            }
        }
    }

    /// Returns an I/O error unchanged, and the fault of the line in place of any other error, as it came
    /// first.
    fn fill(&self, window: &mut Window<'_>) -> Result<(), Trouble> {
        window.fill().map_err(|trouble| match trouble {
            Trouble::Io(error) => Trouble::Io(error),
            Trouble::Refused(_) => Trouble::Refused(Refusal::object(self.fault.clone())),
        })
    }
}
