//! What was refused, and the line of the object with the fault underlined. Pure.

use std::fmt::Write as _;

use docmill_crds::records_api::error::{Excerpt, UnitError};
use docmill_crds::records_api::unit::{FaultPlace, Unit};
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::output::untrusted::one_line;
use crate::output::{Tone, View};

/// Faults that are shown, unless all columns are asked for.
const SHOWN: usize = 5;

/// The faults of a refused unit: with values and excerpts if `error` has them, else their places alone.
pub fn faults(unit: &Unit, error: Option<&UnitError>, view: View) -> String {
    let Some(failure) = &unit.failure else { return String::new() };
    let lines: Vec<String> = match error.map(of_error).filter(|faults| !faults.is_empty()) {
        Some(faults) => faults.into_iter().map(|fault| fault.lines(view)).collect(),
        None => failure.faults.iter().map(|place| place_line(place, view)).collect(),
    };
    let head = format!("Refused at stage {}", failure.stage);
    let mut text = format!("{}\n", view.palette.paint(Tone::Bold, &head));
    let message = error.and_then(|error| error.record.get("message")).and_then(Value::as_str);
    // Writing to a text does not fail.
    if lines.is_empty()
        && let Some(message) = message
    {
        let _ = writeln!(text, "  {}", one_line(message));
    }
    let most = if view.is_wide { usize::MAX } else { SHOWN };
    text.extend(lines.iter().take(most).map(String::as_str));
    if lines.len() > most {
        let _ = writeln!(text, "  and {} more (-o wide shows all)", lines.len() - most);
    }
    text
}

fn place_line(place: &FaultPlace, view: View) -> String {
    let reason = view.palette.paint(Tone::Bad, &one_line(&place.reason));
    format!("  {reason}  {}\n", place_words(place))
}

/// Where a fault is, in words: `field guid, at /nitf/head, line 12, column 3`.
pub fn place_words(place: &FaultPlace) -> String {
    let parts = [
        place.member.as_ref().map(|member| format!("in {member}")),
        place.document.map(|document| format!("document {document}")),
        place.field.as_ref().map(|field| format!("field {field}")),
        place.at.as_ref().map(|at| format!("at {at}")),
        place.line.map(|line| format!("line {line}")),
        place.column.map(|column| format!("column {column}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    one_line(&parts.join(", "))
}

/// A fault with its values.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    record: &'a Value,
    /// The line of the object around it.
    pub excerpt: Option<&'a Excerpt>,
}

/// The faults of an error, in the order of its refusals.
pub fn of_error(error: &UnitError) -> Vec<Fault<'_>> {
    let refusals = error.record.get("refusals").and_then(Value::as_array).into_iter().flatten();
    let mut faults = Vec::new();
    for (number, refusal) in refusals.enumerate() {
        let records = refusal.get("faults").and_then(Value::as_array).into_iter().flatten();
        faults.extend(records.enumerate().map(|(fault, record)| Fault {
            record,
            excerpt: error.excerpts.iter().find(|e| e.refusal == number && e.fault == fault),
        }));
    }
    faults
}

impl Fault<'_> {
    /// A value of it on one line: `reason`, `field`, `expected`, `found`, `at`, `line` or `column`.
    pub fn word(&self, name: &str) -> Option<String> {
        match self.record.get(name)? {
            Value::String(text) => Some(one_line(text)),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    fn lines(&self, view: View) -> String {
        let reason = self.word("reason").unwrap_or_default();
        let field = self.word("field").map(|field| format!("{field}: ")).unwrap_or_default();
        let expected = self.word("expected").map(|expected| format!("expected {expected}"));
        let found = self.word("found").map(|found| format!(", found {found:?}"));
        let mut text = format!(
            "  {}  {field}{}{}\n",
            view.palette.paint(Tone::Bad, &reason),
            expected.unwrap_or_default(),
            found.unwrap_or_default()
        );
        let at = self.word("at").map(|at| format!("{at}, ")).unwrap_or_default();
        if let (Some(line), Some(column)) = (self.word("line"), self.word("column")) {
            // Writing to a text does not fail.
            let _ = writeln!(text, "    at {at}line {line}, column {column}");
        }
        text.extend(self.excerpt.map(|excerpt| excerpt_lines(excerpt, view)));
        text
    }
}

/// The line of the object, and below it a mark at the fault.
fn excerpt_lines(excerpt: &Excerpt, view: View) -> String {
    let shown = one_line(&excerpt.text);
    let before: String = shown.chars().take(excerpt.caret).collect();
    let number = excerpt.line.to_string();
    let mark = view.palette.paint(Tone::Bad, "^");
    let (gutter, space) = (" ".repeat(number.len()), " ".repeat(before.width()));
    format!("    {number} | {shown}\n    {gutter} | {space}{mark}\n")
}
