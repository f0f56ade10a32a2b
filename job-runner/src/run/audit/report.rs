//! The report of an audit: the sums, how often each kind of difference was found, and the first of them.
//! Pure.

use std::collections::{BTreeMap, HashMap};

use docmill_crds::audit::DifferenceKind;
use docmill_crds::records::units::UnitState;
use serde::{Deserialize, Serialize};

use super::difference::Difference;
use super::guard::HeldBack;
use crate::run::report::Report;

/// Differences that the report lists one by one.
pub const NAMED: usize = 1000;

/// The report of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditReport {
    /// The balance: raw = indexed + converted + failed + skipped + pending.
    pub sums: Sums,
    /// How often each kind of difference was found, and how often it was repaired.
    pub kinds: BTreeMap<DifferenceKind, KindCount>,
    /// The first differences, in the order of their keys.
    pub differences: Vec<Difference>,
    /// A range had more differences than are held at a time, and only that many of it are counted. Repair
    /// these, and audit again.
    pub incomplete: bool,
    /// What a repair would delete, and has not deleted.
    #[serde(skip_serializing_if = "HeldBack::is_empty")]
    pub held_back: HeldBack,
}

/// Units by state. Versions of an object that another one has replaced do not count, nor do objects that are
/// gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sums {
    /// Objects in the raw bucket that the source ingests.
    pub raw: i64,
    /// Their documents are in the index.
    pub indexed: i64,
    /// Their documents are snapshots only, since the source had no index.
    pub converted: i64,
    /// They were refused.
    pub failed: i64,
    /// They were skipped for a reason.
    pub skipped: i64,
    /// They have no record yet.
    pub pending: i64,
    /// Records of objects that are no longer in the bucket; not part of the sum.
    pub former: i64,
}

/// How often a kind of difference was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KindCount {
    /// Found.
    pub found: i64,
    /// Repaired.
    pub repaired: i64,
}

impl Sums {
    /// Counts an object with the state of its record.
    pub fn add_raw(&mut self, state: Option<UnitState>) {
        self.raw += 1;
        *match state {
            Some(UnitState::Indexed) => &mut self.indexed,
            Some(UnitState::Converted) => &mut self.converted,
            Some(UnitState::Failed) => &mut self.failed,
            Some(UnitState::Skipped) => &mut self.skipped,
            None => &mut self.pending,
        } += 1;
    }

    /// Adds the sums of another range.
    pub fn add(&mut self, other: Self) {
        self.raw += other.raw;
        self.indexed += other.indexed;
        self.converted += other.converted;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.pending += other.pending;
        self.former += other.former;
    }
}

impl AuditReport {
    /// Adds a difference.
    pub fn push(&mut self, difference: Difference) {
        let count = self.kinds.entry(difference.kind).or_default();
        count.found += 1;
        count.repaired += i64::from(difference.repaired);
        if self.differences.len() < NAMED {
            self.differences.push(difference);
        }
    }

    /// Counts what was deleted of what was held back, all but `left`, of which `held_back` stays held back. Returns how many
    /// differences that repaired.
    pub fn deleted(&mut self, left: &[Difference], held_back: HeldBack) -> i64 {
        let mut repaired = 0;
        for (kind, held) in std::mem::replace(&mut self.held_back, held_back).kinds {
            let is_left = left.iter().filter(|difference| difference.kind == kind).count();
            let gone = held.saturating_sub(i64::try_from(is_left).unwrap_or(i64::MAX)).max(0);
            self.kinds.entry(kind).or_default().repaired += gone;
            repaired += gone;
        }
        let name = |it: &Difference| (it.kind, it.key.clone(), it.unit.clone(), it.expected.clone());
        let left: HashMap<_, _> = left.iter().map(|it| (name(it), it.held_back)).collect();
        for difference in self.differences.iter_mut().filter(|difference| difference.held_back) {
            let is_left = left.get(&name(difference)).copied();
            difference.repaired = is_left.is_none();
            difference.held_back = is_left.unwrap_or(false);
        }
        repaired
    }

    /// All differences, and how many of them were repaired.
    pub fn totals(&self) -> KindCount {
        self.kinds.values().fold(KindCount::default(), |sum, count| KindCount {
            found: sum.found + count.found,
            repaired: sum.repaired + count.repaired,
        })
    }
}

impl Report for AuditReport {
    fn merge(&mut self, next: Self) {
        self.sums.add(next.sums);
        for (kind, count) in next.kinds {
            let sum = self.kinds.entry(kind).or_default();
            sum.found += count.found;
            sum.repaired += count.repaired;
        }
        self.incomplete |= next.incomplete;
        self.held_back.add(next.held_back);
        let room = NAMED.saturating_sub(self.differences.len());
        self.differences.extend(next.differences.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::audit::DifferenceKind;
    use docmill_crds::records::units::UnitState;
    use proptest::prelude::*;

    use super::{AuditReport, Difference, HeldBack, KindCount, NAMED, Sums};
    use crate::run::audit::difference::Target;
    use crate::run::manifest::KeyRange;
    use crate::run::report::Report as _;

    fn difference(kind: DifferenceKind, key: String, repaired: bool) -> Difference {
        let (expected, found, target) = (String::new(), String::new(), Target::Unit);
        Difference { kind, key, unit: None, expected, found, repaired, held_back: false, target }
    }

    fn report(numbers: &[usize]) -> AuditReport {
        let mut report = AuditReport::default();
        for number in numbers {
            let kind = DifferenceKind::ALL[number % DifferenceKind::ALL.len()];
            report.push(difference(kind, number.to_string(), number % 3 == 0));
            report.sums.add_raw([None, Some(UnitState::Failed)][number % 2]);
        }
        report
    }

    #[test]
    fn differences_are_all_counted_and_the_first_are_named() {
        let numbers: Vec<_> = (0..NAMED + 5).collect();
        let report = report(&numbers);
        assert_eq!((report.differences.len(), report.totals().found), (NAMED, 1005));
        assert_eq!(report.totals(), KindCount { found: 1005, repaired: 335 });
        let Sums { raw, failed, pending, .. } = report.sums;
        assert_eq!((raw, failed + pending), (1005, 1005));
    }

    #[test]
    fn what_was_deleted_counts_as_repaired_once() {
        let mut found =
            ["1", "2", "3"].map(|key| difference(DifferenceKind::EvidenceLeft, key.into(), false));
        let mut report = AuditReport::default();
        report.held_back.hold(&KeyRange::default(), &mut found);
        for difference in found {
            report.push(difference);
        }
        // One could not be deleted, and one came too late for the limit.
        let mut late = [difference(DifferenceKind::EvidenceLeft, "3".into(), false)];
        let mut held_back = HeldBack::default();
        held_back.hold(&KeyRange::default(), &mut late);
        let refused = difference(DifferenceKind::EvidenceLeft, "2".into(), false);
        let left = [refused, late[0].clone()];
        assert_eq!(report.deleted(&left, held_back), 1);
        assert_eq!(report.totals(), KindCount { found: 3, repaired: 1 });
        let states: Vec<_> = report.differences.iter().map(|it| (it.repaired, it.held_back)).collect();
        assert_eq!(states, [(true, false), (false, false), (false, true)]);
        assert_eq!((report.held_back.units, report.held_back.ranges.len()), (1, 1));
        // Whoever takes over finds the last one gone.
        assert_eq!(report.deleted(&[], HeldBack::default()), 1);
        assert_eq!(report.totals().repaired, 2);
        assert!(serde_json::to_value(&report).unwrap().get("heldBack").is_none());
    }

    #[test]
    fn a_report_comes_back_from_its_file() {
        let report = report(&[1, 2, 30]);
        let value = serde_json::to_value(&report).unwrap();
        assert_eq!(value["kinds"]["RecordTwice"]["found"], 1);
        assert_eq!(serde_json::from_value::<AuditReport>(value).unwrap(), report);
    }

    proptest! {
        #[test]
        fn merging_is_associative_and_loses_nothing(
            a in prop::collection::vec(0..100_usize, 0..700),
            b in prop::collection::vec(0..100_usize, 0..700),
            c in prop::collection::vec(0..100_usize, 0..700),
        ) {
            let (mut left, mut right, mut all) = (report(&a), report(&b), report(&a));
            left.merge(report(&b));
            left.merge(report(&c));
            right.merge(report(&c));
            all.merge(right);
            prop_assert_eq!(&left, &all);
            prop_assert_eq!(left, report(&[a, b, c].concat()));
        }
    }
}
