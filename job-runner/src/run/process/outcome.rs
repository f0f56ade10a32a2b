//! What became of the units of a file, and what a report says of it. Pure.

use std::collections::BTreeMap;

use docmill_crds::reason::SkipReason;
use docmill_crds::records::runs::Tally;
use docmill_crds::records::units::UnitState;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ingest::unit::duplicates::UnitDuplicates;
use crate::ingest::unit::task::UnitOutcome;
use crate::run::manifest::{FileResult, ManifestLine};
use crate::run::report::Report;

/// How many failures a report lists one by one.
const FAILURES: usize = 1000;

/// How many units with duplicate ids a report lists one by one.
const DUPLICATES: usize = 100;

/// What a report tells of units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitsReport {
    /// How many units failed, by reason.
    pub reasons: BTreeMap<String, i64>,
    /// How many units were skipped, by reason.
    pub passed_over: BTreeMap<String, i64>,
    /// Documents that were overwritten by a later one of the same object and id.
    #[serde(default)]
    pub overwritten: u64,
    /// The first units with such documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<UnitDuplicates>,
    /// The first failures.
    pub failures: Vec<UnitFailure>,
}

/// A unit that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitFailure {
    /// Key of the object.
    pub key: String,
    /// Version id, where the bucket is versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Why.
    pub reason: String,
}

/// What became of units so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcomes {
    tally: Tally,
    report: UnitsReport,
}

impl Outcomes {
    /// Records the outcome of a unit. Returns whether it is final; a unit whose outcome is not has to be
    /// tried again.
    pub(crate) fn take(&mut self, line: &ManifestLine, outcome: UnitOutcome) -> bool {
        match outcome {
            UnitOutcome::Unfinished | UnitOutcome::Held(_) => return false,
            UnitOutcome::Final { state, reason, changed } => self.count(line, state, reason, changed),
            // Done before: by another worker, or by this run before its pod was restarted.
            UnitOutcome::Known(state) => self.count(line, state, None, false),
            UnitOutcome::Nothing => {
                let gone = Some(SkipReason::ObjectGone.as_str().to_owned());
                self.count(line, UnitState::Skipped, gone, false);
            }
        }
        self.tally.lines += 1;
        true
    }

    fn count(&mut self, line: &ManifestLine, state: UnitState, reason: Option<String>, changed: bool) {
        let reason = || reason.or_else(|| line.reason.clone()).unwrap_or_else(|| "Unknown".to_owned());
        match state {
            UnitState::Indexed | UnitState::Converted => {
                self.tally.done += 1;
                self.tally.changed += i64::from(changed);
                self.tally.unchanged += i64::from(!changed);
            }
            UnitState::Failed => {
                self.tally.failed += 1;
                let reason = reason();
                *self.report.reasons.entry(reason.clone()).or_default() += 1;
                let (key, version_id) = (line.key.clone(), line.version_id.clone());
                self.report.failures.push(UnitFailure { key, version_id, reason });
            }
            UnitState::Skipped => {
                self.tally.skipped += 1;
                *self.report.passed_over.entry(reason()).or_default() += 1;
            }
        }
    }

    /// The result of a file; `overwritten` is how many documents others of their objects have overwritten, and
    /// `duplicates` are units with such documents.
    pub(crate) fn result(mut self, overwritten: u64, mut duplicates: Vec<UnitDuplicates>) -> FileResult {
        duplicates.truncate(DUPLICATES);
        self.report.overwritten = overwritten;
        self.report.duplicates = duplicates;
        // Strings and numbers: serde_json cannot fail here.
        FileResult { tally: self.tally, report: serde_json::to_value(self.report).unwrap_or_default() }
    }
}

impl Report for UnitsReport {
    fn merge(&mut self, next: Self) {
        add(&mut self.reasons, next.reasons);
        add(&mut self.passed_over, next.passed_over);
        self.overwritten += next.overwritten;
        let room = DUPLICATES.saturating_sub(self.duplicates.len());
        self.duplicates.extend(next.duplicates.into_iter().take(room));
        let room = FAILURES.saturating_sub(self.failures.len());
        self.failures.extend(next.failures.into_iter().take(room));
    }
}

fn add(sums: &mut BTreeMap<String, i64>, counts: BTreeMap<String, i64>) {
    for (name, count) in counts {
        *sums.entry(name).or_default() += count;
    }
}

/// The first failure in a result, for a person.
pub fn first_failure(report: &Value) -> Option<String> {
    let text = |name| report.pointer(&format!("/failures/0/{name}")).and_then(Value::as_str);
    Some(format!("{}: {}", text("key")?, text("reason")?))
}

#[cfg(test)]
mod tests {
    use docmill_crds::reason::Notice;
    use docmill_crds::records::units::UnitState;

    use super::{Outcomes, UnitDuplicates, UnitOutcome, UnitsReport, first_failure};
    use crate::run::manifest::ManifestLine;
    use crate::run::report::merge;

    fn line(key: &str) -> ManifestLine {
        ManifestLine { key: key.into(), reason: Some("WrongType".into()), ..ManifestLine::default() }
    }

    fn duplicates(key: &str) -> UnitDuplicates {
        let (key, reason, ids) = (key.to_owned(), Notice::DuplicateId, vec!["same".to_owned()]);
        UnitDuplicates { key, version_id: None, reason, documents: 1, ids }
    }

    fn final_outcome(state: UnitState, reason: Option<&str>, changed: bool) -> UnitOutcome {
        UnitOutcome::Final { state, reason: reason.map(str::to_owned), changed }
    }

    #[test]
    fn every_line_is_counted_once_whatever_became_of_it() {
        let mut outcomes = Outcomes::default();
        assert!(!outcomes.take(&line("a"), UnitOutcome::Unfinished), "it has to be tried again");
        for outcome in [
            final_outcome(UnitState::Indexed, None, true),
            final_outcome(UnitState::Indexed, None, false),
            UnitOutcome::Known(UnitState::Indexed),
            final_outcome(UnitState::Failed, Some("MissingField"), true),
            UnitOutcome::Known(UnitState::Failed),
            final_outcome(UnitState::Skipped, Some("ObjectReplaced"), true),
            UnitOutcome::Nothing,
        ] {
            assert!(outcomes.take(&line("a"), outcome));
        }
        let result = outcomes.result(2, vec![duplicates("a")]);
        let tally = result.tally;
        assert_eq!((tally.lines, tally.done, tally.failed, tally.skipped), (7, 3, 2, 2));
        assert_eq!((tally.changed, tally.unchanged), (1, 2));
        assert_eq!(first_failure(&result.report).as_deref(), Some("a: MissingField"));
        let report: UnitsReport = serde_json::from_value(result.report).unwrap();
        assert_eq!(report.reasons["WrongType"], 1, "the reason that was known before");
        assert_eq!(report.passed_over["ObjectGone"], 1);
        assert_eq!((report.overwritten, report.duplicates), (2, vec![duplicates("a")]));
    }

    #[test]
    fn reports_add_up_and_name_no_more_failures_than_a_person_reads() {
        let mut outcomes = Outcomes::default();
        for number in 0..600 {
            outcomes
                .take(&line(&number.to_string()), final_outcome(UnitState::Failed, Some("TooLong"), false));
        }
        let report = outcomes.result(4, vec![duplicates("a"); 60]).report;
        let twice = merge::<UnitsReport>([report.clone(), report.clone()].into_iter());
        let all: UnitsReport =
            serde_json::from_value(merge::<UnitsReport>([twice, report].into_iter())).unwrap();
        assert_eq!((all.reasons["TooLong"], all.failures.len(), all.overwritten), (1800, 1000, 12));
        assert_eq!((all.failures[0].key.as_str(), all.duplicates.len()), ("0", 100));
    }
}
