//! Records of `IngestRun`s, besides the ledger of their sources: the index
//! `docmill-runs-<namespace>.<source>`. The pods of a run write it, and the operator sums it up. The manifest
//! and the report of a run are in the snapshot bucket.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::own_index::{self, Layout, OwnIndex};
use crate::api::ingest_run::Forgotten;
use crate::api::storage::{OWN_FOLDER, RawLocation, SnapshotLocation};
use crate::digest::hex;

/// Pattern for the names of all these indices.
pub const RUNS_PATTERN: &str = "docmill-runs-*";

/// Name of the index that holds the records of all ingest runs of a source.
pub fn runs_index(namespace: &str, source: &str) -> String {
    own_index::of_source("runs", namespace, source)
}

/// Key prefix of the files of a run in the snapshot bucket. `prefix` is that of all snapshots.
pub fn run_folder(prefix: &str, run_uid: &str) -> String {
    format!("{prefix}{OWN_FOLDER}runs/{run_uid}/")
}

/// Key of the report of a run.
pub fn report_key(snapshots: &SnapshotLocation, run_uid: &str) -> String {
    format!("{}report.json", run_folder(&snapshots.prefix, run_uid))
}

/// The kinds of records that are deleted with their run. A [`KeyBoundRecord`] stays.
pub const RUN_KINDS: &[&str] = &["run", "plan", "part"];

/// The existence of a run and the location of its files. Id: `run-<run uid>`. Written before the first file,
/// so that the files that a run leaves can be found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// Always `run`.
    pub kind: String,
    /// UID of the `IngestRun`.
    pub run: String,
    /// The snapshot bucket of the source when the run began.
    pub bucket: String,
    /// The prefix of its snapshots.
    pub prefix: String,
    /// RFC 3339, UTC.
    pub updated_time: String,
}

impl RunRecord {
    /// Id of a run's record.
    pub fn id(run_uid: &str) -> String {
        format!("run-{run_uid}")
    }
}

/// The selection of a run. Id: `plan-<run uid>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanRecord {
    /// Always `plan`.
    pub kind: String,
    /// UID of the `IngestRun`.
    pub run: String,
    /// Files of the manifest.
    pub files: i64,
    /// Lines of all files.
    pub selected: i64,
    /// Units that were considered and needed no work.
    pub passed_over: i64,
    /// Mode Manifest: key of the statement in the snapshot bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// RFC 3339, UTC.
    pub updated_time: String,
}

impl PlanRecord {
    /// Id of a run's record.
    pub fn id(run_uid: &str) -> String {
        format!("plan-{run_uid}")
    }
}

/// Outcomes of the lines of a manifest: one counter per outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Lines of the manifest that are processed.
    pub lines: i64,
    /// Units that succeeded; for an audit, units that were compared.
    pub done: i64,
    /// Units of `done` for which something new was written (Shadow: would be written).
    pub changed: i64,
    /// Units of `done` for which everything existed already.
    pub unchanged: i64,
    /// Units that were refused.
    pub failed: i64,
    /// Units that were skipped.
    pub skipped: i64,
    /// Differences between the stores (Audit).
    pub differences: i64,
    /// Differences that were repaired (Audit).
    pub repaired: i64,
    /// Units from which the repair would have deleted something, and did not (Audit).
    #[serde(default)]
    pub withheld: i64,
}

/// A sum stops at the end of its range: whoever may write to the cluster may have written any number.
impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.lines = self.lines.saturating_add(other.lines);
        self.done = self.done.saturating_add(other.done);
        self.changed = self.changed.saturating_add(other.changed);
        self.unchanged = self.unchanged.saturating_add(other.unchanged);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.differences = self.differences.saturating_add(other.differences);
        self.repaired = self.repaired.saturating_add(other.repaired);
        self.withheld = self.withheld.saturating_add(other.withheld);
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), |mut sum, item| {
            sum += item;
            sum
        })
    }
}

/// Progress of one part of a run. Id: `part-<run uid>-<part>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartRecord {
    /// Always `part`.
    pub kind: String,
    /// UID of the `IngestRun`.
    pub run: String,
    /// Number of the part, from 0.
    pub part: i32,
    /// Outcomes of its lines so far.
    #[serde(flatten)]
    pub tally: Tally,
    /// What was erased (Forget).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<Forgotten>,
    /// The first failure, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
    /// Whether the part is finished.
    pub finished: bool,
    /// RFC 3339, UTC.
    pub updated_time: String,
}

impl PartRecord {
    /// Id of a part's record.
    pub fn id(run_uid: &str, part: i32) -> String {
        format!("part-{run_uid}-{part}")
    }
}

/// The key up to which a source with `poll.lexicographicalOrdering` is fully processed. Id: `bound-<digest>`.
/// Written with the time of the run's creation, in milliseconds, as external version, so that a slow run
/// never sets it back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyBoundRecord {
    /// Always `bound`.
    pub kind: String,
    /// UID of the run that processed it.
    pub run: String,
    /// Every object up to this key is finished in the ledger.
    pub key: String,
    /// RFC 3339, UTC.
    pub updated_time: String,
}

impl KeyBoundRecord {
    /// Id of the record of one source (`<namespace>/<name>`). With another bucket, prefix or suffix, the
    /// source starts from the beginning.
    pub fn id(source: &str, raw: &RawLocation) -> String {
        let named = json!([source, raw]).to_string();
        format!("bound-{}", hex(&Sha256::digest(named.as_bytes())[..16]))
    }
}

/// The index of a source.
pub fn runs(namespace: &str, source: &str) -> OwnIndex {
    OwnIndex {
        name: runs_index(namespace, source),
        pattern: RUNS_PATTERN,
        body: runs_index_body(),
        layout: Layout::default(),
    }
}

/// Settings and mapping of the index.
pub fn runs_index_body() -> Value {
    own_index::body(&json!({
        "kind": {"type": "keyword"},
        "run": {"type": "keyword"},
        "part": {"type": "integer"},
        "finished": {"type": "boolean"},
        "updatedTime": {"type": "date"},
    }))
}

#[cfg(test)]
mod tests {
    use super::{KeyBoundRecord, PartRecord, Tally, run_folder};
    use crate::api::storage::{OnDelete, Packing, RawLocation, SnapshotLocation};

    #[test]
    fn files_of_a_run_are_never_raw_objects() {
        let packing = Packing::Packed;
        let location = SnapshotLocation { bucket: "json".into(), prefix: "wire/".into(), packing };
        let folder = run_folder(&location.prefix, "u-1");
        assert_eq!(folder, "wire/.docmill/runs/u-1/");
        let second = RawLocation {
            bucket: "json".into(),
            prefix: "wire/".into(),
            suffixes: vec![],
            on_delete: OnDelete::Keep,
        };
        assert!(!second.covers("json", &format!("{folder}plan.json")));
        assert!(second.covers("json", "wire/a.xml/0/1.json"));
    }

    #[test]
    fn a_record_is_flat_and_comes_back() {
        let tally = Tally { lines: 3, done: 2, failed: 1, ..Tally::default() };
        let record = PartRecord { kind: "part".into(), part: 1, tally, ..PartRecord::default() };
        let json = serde_json::to_value(&record).unwrap();
        assert_eq!((&json["done"], &json["part"]), (&2.into(), &1.into()));
        assert_eq!(serde_json::from_value::<PartRecord>(json).unwrap(), record);
        assert_eq!([tally, tally].into_iter().sum::<Tally>().done, 4);
        let most = Tally { done: i64::MAX, ..tally };
        assert_eq!([most, most].into_iter().sum::<Tally>().done, i64::MAX, "it is no reason to panic");
    }

    #[test]
    fn another_prefix_begins_from_the_start() {
        let raw = |prefix: &str| RawLocation {
            bucket: "b".into(),
            prefix: prefix.into(),
            suffixes: vec![],
            on_delete: OnDelete::Keep,
        };
        let id = |prefix| KeyBoundRecord::id("news/wire", &raw(prefix));
        assert_eq!(id("a/"), id("a/"));
        assert_ne!(id("a/"), id("b/"));
    }
}
