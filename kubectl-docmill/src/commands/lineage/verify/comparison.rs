//! What differs between the lines of a manifest and the records, both in the order of key and version. Pure.

use std::cmp::Ordering;

use docmill_crds::records::lineage::UnitEntry;
use jiff::Timestamp;
use serde::Serialize;
use strum::IntoStaticStr;

use super::units::FoundUnit;

/// Differences that are named; further ones are counted.
pub const NAMED: usize = 1000;

/// How a unit differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, IntoStaticStr)]
pub enum DifferenceKind {
    /// The manifest has it, and the records do not.
    Missing,
    /// The records say something else.
    Changed,
    /// The records have it, and the manifest does not.
    Extra,
    /// The records say the same, and the content is another.
    Content,
}

/// A unit that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// How it differs.
    pub kind: DifferenceKind,
    /// Key of the object.
    pub key: String,
    /// Digest of the unit.
    pub unit: String,
    /// What differs: fields of the line, or stages of the content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<String>,
    /// When the unit was recorded, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_time: Option<String>,
    /// Whether that was after the manifest was written: then the unit was processed again. Otherwise nothing that Docmill
    /// does explains the difference.
    pub is_later: bool,
}

/// Which side goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// That of the manifest.
    Line,
    /// That of the records.
    Unit,
    /// Both, which were the same unit.
    Both,
    /// Both are at their end.
    End,
}

/// What was found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    created: Option<Timestamp>,
    /// Units that are the same.
    pub same: i64,
    /// Units that the records lack.
    pub missing: i64,
    /// Units that the records tell otherwise.
    pub changed: i64,
    /// Units that the manifest lacks.
    pub extra: i64,
    /// Units whose content is another.
    pub content: i64,
    /// Of all of these, those that were recorded after the manifest was written.
    pub later: i64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// With a manifest of this time.
    pub fn new(created_time: &str) -> Self {
        Self { created: created_time.parse().ok(), ..Self::default() }
    }

    /// Compares the next unit of each side.
    pub fn step(&mut self, told: Option<&UnitEntry>, found: Option<&FoundUnit>) -> Step {
        let order = match (told, found) {
            (None, None) => return Step::End,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(told), Some(found)) => told.place().cmp(&found.entry.place()),
        };
        match (order, told, found) {
            (Ordering::Equal, Some(told), Some(found)) => {
                let what = told.changed(&found.entry);
                if what.is_empty() {
                    self.same += 1;
                } else {
                    self.changed += 1;
                    let what = what.into_iter().map(str::to_owned).collect();
                    self.push(DifferenceKind::Changed, told, what, Some(&found.recorded_time));
                }
                Step::Both
            }
            (Ordering::Less, Some(told), _) => {
                self.missing += 1;
                self.push(DifferenceKind::Missing, told, Vec::new(), None);
                Step::Line
            }
            (_, _, Some(found)) => {
                self.extra += 1;
                self.push(DifferenceKind::Extra, &found.entry, Vec::new(), Some(&found.recorded_time));
                Step::Unit
            }
            (_, _, None) => Step::End,
        }
    }

    /// Adds a unit whose content is another than its line says.
    pub fn other_content(&mut self, told: &UnitEntry, what: Vec<String>) {
        self.content += 1;
        self.push(DifferenceKind::Content, told, what, None);
    }

    /// How many units differ.
    pub const fn total(&self) -> i64 {
        self.missing + self.changed + self.extra + self.content
    }

    fn push(&mut self, kind: DifferenceKind, entry: &UnitEntry, what: Vec<String>, recorded: Option<&str>) {
        let time = recorded.and_then(|time| time.parse::<Timestamp>().ok());
        let is_later = time.zip(self.created).is_some_and(|(recorded, created)| recorded >= created);
        self.later += i64::from(is_later);
        if self.differences.len() < NAMED {
            self.differences.push(Difference {
                kind,
                key: entry.key.clone(),
                unit: entry.unit.clone(),
                what,
                recorded_time: recorded.map(str::to_owned),
                is_later,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::lineage::UnitEntry;
    use serde_json::json;

    use super::{Comparison, Step};
    use crate::commands::lineage::verify::units::FoundUnit;

    fn entry(key: &str, raw_digest: &str) -> UnitEntry {
        serde_json::from_value(json!({"key": key, "version": "1", "unit": format!("unit-{key}"),
            "state": "Indexed", "revision": "5f", "documentCount": 1, "rawDigest": raw_digest}))
        .unwrap()
    }

    fn found(key: &str, raw_digest: &str, recorded_time: &str) -> FoundUnit {
        FoundUnit { entry: entry(key, raw_digest), recorded_time: recorded_time.to_owned() }
    }

    fn compared(told: &[UnitEntry], found: &[FoundUnit]) -> Comparison {
        let mut comparison = Comparison::new("2026-11-30T01:00:00Z");
        let (mut told, mut found) = (told.iter().peekable(), found.iter().peekable());
        loop {
            match comparison.step(told.peek().copied(), found.peek().copied()) {
                Step::End => return comparison,
                Step::Line => {
                    told.next();
                }
                Step::Unit => {
                    found.next();
                }
                Step::Both => {
                    told.next();
                    found.next();
                }
            }
        }
    }

    #[test]
    fn what_is_missing_changed_or_extra_is_named() {
        let told = ["a", "b", "d", "e"].map(|key| entry(key, "00"));
        let before = "2026-11-29T10:00:00Z";
        let found = [
            found("a", "00", before),
            found("c", "00", "2026-11-30T02:00:00.5Z"),
            found("d", "01", before),
            found("e", "00", "2026-12-01T00:00:00Z"),
        ];
        let comparison = compared(&told, &found);
        let Comparison { same, missing, changed, extra, later, .. } = comparison;
        assert_eq!((same, missing, changed, extra, later), (2, 1, 1, 1, 1));
        let named: Vec<_> = comparison
            .differences
            .iter()
            .map(|one| (<&str>::from(one.kind), one.key.as_str(), one.what.concat(), one.is_later))
            .collect();
        let expected = [
            ("Missing", "b", String::new(), false),
            ("Extra", "c", String::new(), true),
            ("Changed", "d", "rawDigest".to_owned(), false),
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn one_side_may_be_empty() {
        let told = ["a", "b"].map(|key| entry(key, "00"));
        assert_eq!(compared(&told, &[]).missing, 2);
        assert_eq!(compared(&[], &[found("a", "00", "")]).extra, 1);
        assert_eq!(compared(&[], &[]).total(), 0);
    }
}
