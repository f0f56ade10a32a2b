//! How much a repair may delete. Pure.
//!
//! To an audit, a ledger that was lost, or a raw bucket of which a listing shows too little, looks like documents and
//! snapshots that nobody needs. They may be the last copies, so many of them are not deleted unless somebody says so.

use std::collections::{BTreeMap, HashSet};

use docmill_crds::audit::DifferenceKind;
use serde::{Deserialize, Serialize};

use super::difference::{Difference, Target};
use crate::run::manifest::KeyRange;

/// Units that a repair may delete from whatever their share.
const FEW: i64 = 100;
/// Beyond that: one in so many.
const ONE_IN: i64 = 100;

/// What a repair would delete, and has not deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeldBack {
    /// Units that would lose something.
    pub units: i64,
    /// The differences, by their kinds.
    pub kinds: BTreeMap<DifferenceKind, i64>,
    /// Where they are. Left out of the report of a run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<KeyRange>,
}

impl HeldBack {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Holds back what a repair would delete and has not deleted of a range, and marks it.
    pub fn hold(&mut self, range: &KeyRange, differences: &mut [Difference]) {
        for difference in differences.iter_mut() {
            difference.held_back = difference.deletes() && !difference.repaired;
            if difference.held_back {
                *self.kinds.entry(difference.kind).or_default() += 1;
            }
        }
        let units = units(differences.iter().filter(|difference| difference.held_back));
        if units > 0 {
            self.units += units;
            self.ranges.push(range.clone());
        }
    }

    /// Adds what was held back elsewhere, without its ranges.
    pub fn add(&mut self, other: Self) {
        self.units = self.units.saturating_add(other.units);
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
    }
}

/// How many units differences are about. A unit whose document and snapshot differ counts once, a pack as many times as
/// it has units. The unit at the end of a range may count in the next one as well, where its snapshot is looked at.
pub fn units<'d>(differences: impl Iterator<Item = &'d Difference>) -> i64 {
    let (mut named, mut packed) = (HashSet::new(), 0);
    for difference in differences {
        match difference.target {
            Target::Pack { units, .. } => packed += units,
            Target::Unit | Target::Removal | Target::Object(_) | Target::Document { .. } => {
                named.insert(difference.unit.as_deref().unwrap_or(&difference.key));
            }
        }
    }
    i64::try_from(named.len().saturating_add(packed)).unwrap_or(i64::MAX)
}

/// From how many units a repair may delete: what the run says, or a few, or one in a hundred of those that it compared.
pub fn most_units(by_run: Option<i32>, compared: i64) -> i64 {
    by_run.map_or_else(|| FEW.max(compared / ONE_IN), i64::from)
}

#[cfg(test)]
mod tests {
    use docmill_crds::audit::DifferenceKind as Kind;

    use super::{HeldBack, most_units, units};
    use crate::run::audit::difference::{Difference, Target};
    use crate::run::manifest::KeyRange;

    fn difference(kind: Kind, unit: &str, target: Target) -> Difference {
        let (expected, found) = (String::new(), String::new());
        let (key, unit) = ("a.xml".to_owned(), Some(unit.to_owned()));
        Difference { kind, key, unit, expected, found, repaired: false, held_back: false, target }
    }

    fn object() -> Target {
        Target::Object("key".into())
    }

    #[test]
    fn a_few_or_one_in_a_hundred_unless_the_run_says_otherwise() {
        assert_eq!([0, 100, 10_099, 20_000].map(|compared| most_units(None, compared)), [100, 100, 100, 200]);
        assert_eq!(most_units(Some(0), 20_000), 0);
        assert_eq!(most_units(Some(5000), 0), 5000);
    }

    #[test]
    fn what_may_be_a_last_copy_is_held_back() {
        for kind in Kind::ALL {
            let deletes =
                [Kind::SnapshotOrphaned, Kind::DocumentOrphaned, Kind::EvidenceLeft].contains(&kind);
            assert_eq!(difference(kind, "1", Target::Unit).deletes(), deletes, "{kind}");
        }
        assert!(
            difference(Kind::RecordWithoutObject, "1", Target::Removal).deletes(),
            "its documents would go"
        );
        assert!(!difference(Kind::RecordWithoutObject, "1", Target::Unit).deletes(), "it was replaced");
    }

    #[test]
    fn units_are_counted_once_and_those_of_packs_all() {
        let pack = Target::Pack { key: "pack".into(), units: 500 };
        let mut found = [
            difference(Kind::SnapshotOrphaned, "1", object()),
            difference(Kind::DocumentOrphaned, "1", Target::Unit),
            difference(Kind::EvidenceLeft, "2", object()),
            difference(Kind::SnapshotOrphaned, "3", pack),
            difference(Kind::DocumentMissing, "4", Target::Unit),
            Difference { repaired: true, ..difference(Kind::DocumentOrphaned, "5", Target::Unit) },
        ];
        let mut held_back = HeldBack::default();
        held_back.hold(&KeyRange::default(), &mut found);
        assert_eq!(held_back.units, 502);
        assert_eq!(held_back.kinds.values().sum::<i64>(), 4);
        assert_eq!(held_back.ranges.len(), 1);
        assert_eq!(found.each_ref().map(|it| it.held_back), [true, true, true, true, false, false]);
        assert_eq!(units(found[..2].iter()), 1);
        let mut sum = held_back.clone();
        sum.add(held_back);
        assert_eq!((sum.units, sum.kinds[&Kind::SnapshotOrphaned], sum.ranges.len()), (1004, 4, 1));
    }

    #[test]
    fn nothing_is_held_back_of_a_range_without_deletions() {
        let mut held_back = HeldBack::default();
        held_back.hold(&KeyRange::default(), &mut [difference(Kind::Unaccounted, "1", Target::Unit)]);
        assert_eq!(held_back, HeldBack::default());
        assert!(held_back.is_empty());
    }
}
