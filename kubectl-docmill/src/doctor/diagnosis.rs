//! A diagnosis: checks, their verdicts, and what mends what is wrong.

use std::fmt::Write as _;

use serde::Serialize;

use crate::output::untrusted::{lines, one_line};
use crate::output::{Palette, Show, Tone, View};

/// Whether something is as it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// It is.
    Passed,
    /// It is not.
    Failed,
    /// It could not be found out.
    Unknown,
}

impl Verdict {
    const fn word(self) -> (&'static str, Tone) {
        match self {
            Self::Passed => ("ok", Tone::Good),
            Self::Failed => ("FAILED", Tone::Bad),
            Self::Unknown => ("unknown", Tone::Warn),
        }
    }
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What it concerns, for example `cluster` or `source wire`.
    pub subject: String,
    /// What was checked, one word or two.
    pub name: String,
    /// Whether it is as it has to be.
    pub verdict: Verdict,
    /// What was found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The command or policy statement that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Check {
    /// A check with its verdict.
    pub fn new(subject: &str, name: &str, verdict: Verdict, detail: impl Into<String>) -> Self {
        let (subject, name) = (subject.to_owned(), name.to_owned());
        Self { subject, name, verdict, detail: detail.into(), remedy: None }
    }

    /// Adds what mends it.
    pub fn with_remedy(mut self, remedy: impl Into<Option<String>>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

/// The checks in the order in which a beginner meets them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// The checks.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    /// What is wrong.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.verdict == Verdict::Failed)
    }
}

impl Show for Diagnosis {
    fn human(&self, view: View) -> String {
        let mut text = String::new();
        let mut subject = "";
        for check in &self.checks {
            if check.subject != subject {
                subject = &check.subject;
                // Writing to a text does not fail.
                let _ = writeln!(text, "{}", view.palette.paint(Tone::Bold, &one_line(subject)));
            }
            write_check(&mut text, check, self.name_width(), view.palette);
        }
        let _ = writeln!(text, "\n{}", self.summary());
        text
    }

    fn names(&self) -> Vec<String> {
        self.failed().map(|check| format!("{}/{}", check.subject.replace(' ', "/"), check.name)).collect()
    }
}

impl Diagnosis {
    fn name_width(&self) -> usize {
        self.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or_default()
    }

    fn summary(&self) -> String {
        let with = |verdict: Verdict| self.checks.iter().filter(|check| check.verdict == verdict).count();
        match (with(Verdict::Failed), with(Verdict::Unknown)) {
            (0, 0) => "Everything that was checked is as it has to be.".to_owned(),
            (0, unknown) => format!("Nothing is wrong as far as is known; {unknown} could not be found out."),
            (failed, unknown) => format!("{failed} failed, {unknown} could not be found out."),
        }
    }
}

fn write_check(text: &mut String, check: &Check, width: usize, palette: Palette) {
    let (word, tone) = check.verdict.word();
    let word = palette.paint(tone, &format!("{word:<7}"));
    let line = format!("  {word}  {:<width$}  {}", one_line(&check.name), one_line(&check.detail));
    let _ = writeln!(text, "{}", line.trim_end());
    for line in check.remedy.iter().flat_map(|remedy| remedy.lines()) {
        let _ = writeln!(text, "           {}", lines(line));
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Check, Diagnosis, Verdict};
    use crate::output::{Palette, Show as _, View};

    #[test]
    fn what_mends_a_fault_stands_below_it() {
        let failed = Check::new("source wire", "ListRaw", Verdict::Failed, "Access\u{1b}Denied");
        let diagnosis = Diagnosis {
            checks: vec![
                Check::new("cluster", "Operator", Verdict::Passed, "docmill 0.1.0"),
                failed.with_remedy("Allow it:\n  {}".to_owned()),
                Check::new("source wire", "Clock", Verdict::Unknown, ""),
            ],
        };
        let view = View { palette: Palette::default(), is_wide: false, now: Timestamp::UNIX_EPOCH };
        let expected = "cluster\n  ok       Operator  docmill 0.1.0\nsource wire\n  FAILED   ListRaw   Access\u{fffd}Denied\n           Allow it:\n             {}\n  unknown  Clock\n\n1 failed, 1 could not be found out.\n";
        assert_eq!(diagnosis.human(view), expected);
        assert_eq!(diagnosis.names(), ["source/wire/ListRaw"]);
    }

    #[test]
    fn a_healthy_installation_is_called_that() {
        let view = View { palette: Palette::default(), is_wide: false, now: Timestamp::UNIX_EPOCH };
        let checks = vec![Check::new("cluster", "Operator", Verdict::Passed, "")];
        assert!(
            Diagnosis { checks }
                .human(view)
                .ends_with("\n\nEverything that was checked is as it has to be.\n")
        );
    }
}
