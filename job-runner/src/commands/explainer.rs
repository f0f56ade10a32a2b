//! Refusals as text for people.

use std::fmt::Write;
use std::fs::File;
use std::io::BufRead;
use std::path::Path;

use docmill_convert::{Fault, Member, Refusal};

use super::excerpt::excerpt;
use super::lines::{LineReader, decoded};

/// Explains the refusals of one file, with the lines that they are about.
pub(crate) struct Explainer<'p> {
    path: &'p Path,
    /// Faults mostly come in the order of the file, so that one more pass over it shows them all.
    lines: Option<LineReader<Box<dyn BufRead>>>,
}

impl<'p> Explainer<'p> {
    pub(crate) const fn new(path: &'p Path) -> Self {
        Self { path, lines: None }
    }

    /// A paragraph for each fault: place, reason and field, what was expected, and the line if it can be read
    /// again.
    pub(crate) fn explain(&mut self, refusal: &Refusal) -> String {
        let mut text = String::new();
        for fault in &refusal.faults {
            text.push_str(&headline(self.path, refusal.member.as_ref(), fault));
            // The lines of a member are not those of its archive.
            let is_of_file = refusal.member.is_none();
            if let Some(line) = is_of_file.then(|| self.line(u64::from(fault.line))).flatten() {
                text.push('\n');
                text.push_str(&excerpt(&line, u64::from(fault.line), u64::from(fault.column)));
            }
            text.push_str("\n\n");
        }
        text
    }

    fn line(&mut self, number: u64) -> Option<String> {
        if let Some(lines) = &mut self.lines
            && let Ok(Some(line)) = lines.line(number)
        {
            return Some(line.to_owned());
        }
        // Not reached yet, or passed already: from the start.
        let mut lines = self.open()?;
        let line = lines.line(number).ok()??.to_owned();
        self.lines = Some(lines);
        Some(line)
    }

    /// Input from a pipe cannot be read again.
    fn open(&self) -> Option<LineReader<Box<dyn BufRead>>> {
        let file = File::open(self.path).ok()?;
        file.metadata().ok()?.is_file().then_some(())?;
        Some(LineReader::new(Box::new(decoded(file).ok()?)))
    }
}

/// Two lines, as compilers write them. A member of an archive is below the archive, as a file is below a folder.
fn headline(path: &Path, member: Option<&Member>, fault: &Fault) -> String {
    let Fault { reason, field, at, line, column, expected, found } = fault;
    let member = member.map(|member| format!("/{}", member.name)).unwrap_or_default();
    let mut text = format!("{}{member}:{line}:{column}: {reason}", path.display());
    // Writing to a `String` cannot fail.
    let _ = match (field, at) {
        (Some(field), Some(at)) => write!(text, " in {field} ({at})"),
        (Some(place), None) | (None, Some(place)) => write!(text, " in {place}"),
        (None, None) => Ok(()),
    };
    let _ = write!(text, "\n  expected {expected}");
    if let Some(found) = found {
        let _ = write!(text, ", found {found:?}");
    }
    text
}
