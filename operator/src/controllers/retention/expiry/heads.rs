//! What the heads of keys have to forget of units before their records go. Otherwise the next version of a key, or its
//! removal, would take a unit whose record is gone for one that never ended, and record it anew. The order of versions
//! does not depend on what is forgotten. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use docmill_clients::elastic::{ConcurrencyToken, StoredDocument};
use docmill_crds::records::heads::KeyHead;

use super::due::DueRecord;

/// The records of one key that can go.
#[derive(Debug)]
pub struct KeyPlan {
    /// Id of the head of the key.
    pub head: String,
    /// The head without these units, and the state in which it was read; `None` if it names none of them.
    pub update: Option<(KeyHead, ConcurrencyToken)>,
    /// The records.
    pub due: Vec<DueRecord>,
}

/// Records by the ids of the heads of their keys.
pub fn by_head(due: Vec<DueRecord>) -> BTreeMap<String, Vec<DueRecord>> {
    let mut by_head: BTreeMap<String, Vec<DueRecord>> = BTreeMap::new();
    for record in due {
        by_head.entry(KeyHead::id(&record.unit.bucket, &record.unit.key)).or_default().push(record);
    }
    by_head
}

/// What to do for the records of one key. `None`: they stay, because nothing else holds the order of the key's versions,
/// or because their units are about to be recorded again.
pub fn plan(head: String, due: Vec<DueRecord>, stored: Option<StoredDocument>) -> Option<KeyPlan> {
    let StoredDocument { source, state, .. } = stored?;
    let seen: KeyHead = serde_json::from_value(source.into()).ok()?;
    let due: Vec<_> = due.into_iter().filter(|due| is_past(&seen, due)).collect();
    if due.is_empty() {
        return None;
    }
    let update = forget(&seen, &due).map(|update| (update, state));
    Some(KeyPlan { head, update, due })
}

/// Whether the head agrees that the unit is no longer the current one of its key, and for that reason.
fn is_past(head: &KeyHead, due: &DueRecord) -> bool {
    head.unit != due.unit || head.gone && due.is_removed
}

/// The head without these units; `None` if it names none of them.
fn forget(head: &KeyHead, due: &[DueRecord]) -> Option<KeyHead> {
    let versions: BTreeSet<&str> = due.iter().map(|due| due.unit.version.as_str()).collect();
    let mut update = head.clone();
    update.earlier.retain(|version| !versions.contains(version.as_str()));
    if head.gone && versions.contains(head.unit.version.as_str()) {
        // As of a key none of whose units was ever met.
        update.unit.version.clear();
    }
    (update != *head).then_some(update)
}

#[cfg(test)]
mod tests {
    use docmill_clients::elastic::{ConcurrencyToken, StoredDocument};
    use docmill_crds::records::heads::KeyHead;
    use docmill_crds::records::units::UnitId;

    use super::{DueRecord, KeyPlan, by_head, plan};

    fn unit(key: &str, version: &str) -> UnitId {
        UnitId { bucket: "raw".into(), key: key.into(), version: version.into() }
    }

    fn due(version: &str, is_removed: bool) -> DueRecord {
        let unit = unit("a", version);
        DueRecord { id: unit.digest(), unit, is_removed }
    }

    fn head(version: &str, gone: bool, earlier: &[&str]) -> KeyHead {
        let earlier = earlier.iter().map(|version| (*version).to_owned()).collect();
        KeyHead { unit: unit("a", version), last_modified: 7, version: 9, gone, forgotten: false, earlier }
    }

    fn planned(head: &KeyHead, due: Vec<DueRecord>) -> Option<KeyPlan> {
        let source = serde_json::to_value(head).unwrap().as_object().cloned().unwrap();
        let stored = StoredDocument { version: 1, state: ConcurrencyToken::default(), source };
        plan("key-1".into(), due, Some(stored))
    }

    fn update(head: &KeyHead, due: Vec<DueRecord>) -> Option<KeyHead> {
        planned(head, due).and_then(|plan| plan.update).map(|(update, _)| update)
    }

    #[test]
    fn a_head_forgets_what_it_has_replaced_and_keeps_its_place_in_the_order() {
        let seen = head("3", false, &["2", "1"]);
        assert_eq!(update(&seen, vec![due("1", false)]), Some(head("3", false, &["2"])));
        assert_eq!(update(&seen, vec![due("1", false), due("2", false)]), Some(head("3", false, &[])));
        let plan = planned(&seen, vec![due("0", false)]).unwrap();
        assert!(plan.update.is_none() && plan.due.len() == 1, "it was forgotten before");
    }

    #[test]
    fn a_tombstone_stays_one() {
        let seen = head("2", true, &["1"]);
        assert_eq!(update(&seen, vec![due("2", true), due("1", true)]), Some(head("", true, &[])));
        assert!(planned(&seen, vec![due("2", false)]).is_none(), "the removal is not recorded yet");
    }

    #[test]
    fn the_record_of_a_current_unit_stays_and_so_does_one_without_a_head() {
        let seen = head("2", false, &["1"]);
        let plan_of_two = planned(&seen, vec![due("2", false), due("1", false)]).unwrap();
        assert_eq!(plan_of_two.due, [due("1", false)]);
        assert!(planned(&seen, vec![due("2", true)]).is_none());
        assert!(plan("key-1".into(), vec![due("1", false)], None).is_none());
    }

    #[test]
    fn records_of_one_key_share_its_head() {
        let other = DueRecord { unit: unit("b", "1"), ..due("1", false) };
        let by_head = by_head(vec![due("1", false), other, due("2", true)]);
        assert_eq!(by_head.get(&KeyHead::id("raw", "a")).map(Vec::len), Some(2));
        assert_eq!(by_head.len(), 2);
    }
}
