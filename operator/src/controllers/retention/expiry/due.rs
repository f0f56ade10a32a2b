//! Which records have expired: what the ledger is asked for, and how its answers are read. No I/O.

use std::time::Duration;

use docmill_crds::api::ingest_source::LedgerRetention;
use docmill_crds::reason::SkipReason;
use docmill_crds::records::units::{PendingDeletion, UnitId, UnitState};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Records that are removed together.
pub const SLICE: usize = 1000;
/// The fields of a record that tell whether it has expired.
pub const FIELDS: [&str; 3] = ["state", "reason", "recordedTime"];

/// The times before which records have expired; `None`: records of this reason never do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    superseded: Option<Timestamp>,
    removed: Option<Timestamp>,
}

/// A record that has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRecord {
    /// Its id, the digest of its unit.
    pub id: String,
    /// Its unit.
    pub unit: UnitId,
    /// Whether its object was removed; otherwise a newer version has replaced the unit.
    pub is_removed: bool,
}

impl Bounds {
    /// The bounds of a source at this time.
    pub fn of(retention: &LedgerRetention, now: Timestamp) -> Self {
        let before = |seconds: Option<i32>| {
            let kept = Duration::from_secs(u64::try_from(seconds?).ok()?);
            now.checked_sub(kept).ok()
        };
        Self { superseded: before(retention.superseded_seconds), removed: before(retention.removed_seconds) }
    }

    /// The bounds by which records are being deleted.
    pub fn of_pending(pending: &PendingDeletion) -> Self {
        let time = |text: Option<&String>| text?.parse().ok();
        Self {
            superseded: time(pending.superseded_before.as_ref()),
            removed: time(pending.removed_before.as_ref()),
        }
    }

    /// The deletion of these records, which these bounds allow.
    pub fn pending(&self, due: Vec<DueRecord>) -> PendingDeletion {
        let (removed, superseded): (Vec<_>, Vec<_>) = due.into_iter().partition(|due| due.is_removed);
        let ids = |due: Vec<DueRecord>| due.into_iter().map(|due| due.id).collect();
        PendingDeletion {
            superseded_before: self.superseded.map(|time| time.to_string()),
            removed_before: self.removed.map(|time| time.to_string()),
            superseded: ids(superseded),
            removed: ids(removed),
        }
    }

    /// The search for the next records that have expired, oldest first, after the one with these sort values. `None`: no
    /// record ever expires.
    pub fn page(&self, after: Option<&Value>) -> Option<Value> {
        let of_reason = |(reason, before): (SkipReason, Option<Timestamp>)| {
            let before = before?.to_string();
            Some(json!({"bool": {"filter": [
                {"term": {"reason": reason.as_str()}},
                {"range": {"recordedTime": {"lt": before}}},
            ]}}))
        };
        let due: Vec<Value> = self.by_reason().into_iter().filter_map(of_reason).collect();
        if due.is_empty() {
            return None;
        }
        let skipped = json!({"term": {"state": UnitState::Skipped.as_str()}});
        let mut body = json!({
            "size": SLICE,
            "track_total_hits": false,
            "_source": ["unit", "reason"],
            "query": {"bool": {"filter": [skipped], "should": due, "minimum_should_match": 1}},
            "sort": [{"recordedTime": "asc"}, {"unit.key": "asc"}, {"unit.version": "asc"}],
        });
        if let Some(after) = after {
            body["search_after"] = after.clone();
        }
        Some(body)
    }

    /// Whether a record, by its [`FIELDS`], has expired.
    pub fn are_past(&self, record: &Map<String, Value>) -> bool {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let reason = text("reason");
        let of_reason = self.by_reason().into_iter().find(|(one, _)| Some(one.as_str()) == reason);
        let before = of_reason.and_then(|(_, before)| before);
        let recorded = text("recordedTime").and_then(|time| time.parse::<Timestamp>().ok());
        let is_before = before.zip(recorded).is_some_and(|(before, recorded)| recorded < before);
        text("state") == Some(UnitState::Skipped.as_str()) && is_before
    }

    fn by_reason(&self) -> [(SkipReason, Option<Timestamp>); 2] {
        [(SkipReason::Superseded, self.superseded), (SkipReason::ObjectRemoved, self.removed)]
    }
}

/// Reads the answer to [`Bounds::page`]: the records, and where to continue; `None` at the end. A record under an id that
/// is not its unit's own is left to an audit.
pub fn read_page(answer: &Value) -> Option<(Vec<DueRecord>, Value)> {
    let hits = answer.pointer("/hits/hits").and_then(Value::as_array)?;
    let last = hits.last()?.get("sort")?.clone();
    let due = hits.iter().filter_map(|hit| {
        let unit: UnitId = serde_json::from_value(hit.pointer("/_source/unit")?.clone()).ok()?;
        let reason = hit.pointer("/_source/reason")?.as_str()?;
        let is_removed = reason == SkipReason::ObjectRemoved.as_str();
        let id = hit.get("_id")?.as_str()?.to_owned();
        (id == unit.digest()).then_some(DueRecord { id, unit, is_removed })
    });
    Some((due.collect(), last))
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::ingest_source::LedgerRetention;
    use docmill_crds::records::units::{PendingDeletion, UnitId};
    use k8s_openapi::jiff::Timestamp;
    use serde_json::{Map, Value, json};

    use super::{Bounds, DueRecord, read_page};

    fn bounds(superseded: Option<i32>, removed: Option<i32>) -> Bounds {
        let retention = LedgerRetention { superseded_seconds: superseded, removed_seconds: removed };
        Bounds::of(&retention, "2026-01-01T01:00:00Z".parse::<Timestamp>().unwrap())
    }

    fn record(state: &str, reason: &str, recorded: &str) -> Map<String, Value> {
        let record = json!({"state": state, "reason": reason, "recordedTime": recorded});
        record.as_object().cloned().unwrap()
    }

    #[test]
    fn each_reason_has_a_time_of_its_own_and_nothing_else_expires() {
        let bounds = bounds(Some(3600), Some(60));
        let is_past = |state, reason, recorded| bounds.are_past(&record(state, reason, recorded));
        assert!(is_past("Skipped", "Superseded", "2025-12-31T23:59:59.999Z"));
        assert!(!is_past("Skipped", "Superseded", "2026-01-01T00:00:00.000Z"));
        assert!(is_past("Skipped", "ObjectRemoved", "2026-01-01T00:58:59.999Z"));
        assert!(!is_past("Skipped", "ObjectRemoved", "2026-01-01T00:59:00.000Z"));
        for reason in ["ObjectGone", "ObjectReplaced", "FolderMarker"] {
            assert!(!is_past("Skipped", reason, "2020-01-01T00:00:00.000Z"), "{reason}");
        }
        assert!(!is_past("Indexed", "Superseded", "2020-01-01T00:00:00.000Z"));
        assert!(!bounds.are_past(&Map::new()));
    }

    #[test]
    fn without_a_time_nothing_is_searched_for() {
        assert_eq!(Bounds::default().page(None), None);
        let page = bounds(None, Some(60)).page(Some(&json!([1, "k", "v"]))).unwrap();
        let due = page.pointer("/query/bool/should").and_then(Value::as_array).unwrap();
        assert_eq!(due.len(), 1);
        assert!(due[0].to_string().contains("ObjectRemoved"), "{page}");
        assert_eq!(page["search_after"], json!([1, "k", "v"]));
        assert_eq!(page["query"]["bool"]["minimum_should_match"], 1);
    }

    #[test]
    fn bounds_are_read_as_they_were_written() {
        let bounds = bounds(Some(10), None);
        let unit = UnitId { bucket: "b".into(), key: "k".into(), version: "1".into() };
        let due = |id: &str, is_removed| DueRecord { id: id.into(), unit: unit.clone(), is_removed };
        let pending = bounds.pending(vec![due("a", false), due("b", true), due("c", false)]);
        assert_eq!(pending.superseded, ["a", "c"]);
        assert_eq!(pending.removed, ["b"]);
        let stored: PendingDeletion =
            serde_json::from_value(serde_json::to_value(&pending).unwrap()).unwrap();
        assert_eq!(pending, stored);
        assert_eq!(Bounds::of_pending(&stored), bounds);
    }

    #[test]
    fn a_page_is_read_to_its_end_and_a_misfiled_record_is_left() {
        let unit = UnitId { bucket: "b".into(), key: "k".into(), version: "1".into() };
        let hit = |id: &str, reason: &str| json!({"_id": id, "_source": {"unit": unit, "reason": reason}, "sort": [id]});
        let digest = unit.digest();
        let hits = [hit(&digest, "ObjectRemoved"), hit(&digest, "Superseded"), hit("other", "Superseded")];
        let (due, last) = read_page(&json!({"hits": {"hits": hits}})).unwrap();
        assert_eq!(due.iter().map(|due| due.is_removed).collect::<Vec<_>>(), [true, false]);
        assert_eq!(last, json!(["other"]));
        assert_eq!(read_page(&json!({"hits": {"hits": []}})), None);
        assert_eq!(read_page(&json!({})), None);
    }
}
