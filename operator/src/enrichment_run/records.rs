//! The records that the pods of a run keep of their slices, and what they add up to. Pure.

use docmill_crds::enrichment_ledger::SliceRecord;
use serde_json::{Value, json};

/// The search for the records of a run.
#[must_use]
pub fn query(run_uid: &str, slices: usize) -> Value {
    json!({
        "size": slices,
        "track_total_hits": false,
        "query": {"bool": {"filter": [{"term": {"kind": "slice"}}, {"term": {"run": run_uid}}]}},
        "sort": [{"slice": {"order": "asc", "unmapped_type": "integer"}}],
    })
}

/// Reads the answer to [`query`]. Records of slices that the run does not have (from a Job that somebody deleted) are
/// passed over.
#[must_use]
pub fn read(answer: &Value, slices: usize) -> Vec<SliceRecord> {
    let hits = answer.pointer("/hits/hits").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let records = hits.iter().filter_map(|hit| serde_json::from_value(hit.get("_source")?.clone()).ok());
    let slices = i32::try_from(slices).unwrap_or(i32::MAX);
    records.filter(|record: &SliceRecord| (0..slices).contains(&record.slice)).collect()
}

/// What the records of a run add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Documents that needed work.
    pub selected: i64,
    /// Documents whose enriched copy is stored.
    pub done: i64,
    /// Documents of `done` without a call.
    pub cached: i64,
    /// Documents that were refused.
    pub failed: i64,
    /// Requests sent to models.
    pub calls: i64,
    /// Slices that were gone through to their end.
    pub finished: usize,
    /// How much is behind us, in percent, rounded down.
    pub percent: i64,
    /// The first failure, in words.
    pub first_failure: Option<String>,
}

/// Adds up.
#[must_use]
pub fn totals(records: &[SliceRecord], slices: usize) -> Totals {
    let mut totals = Totals::default();
    let mut percents = 0;
    for record in records {
        totals.selected += record.selected;
        totals.done += record.done;
        totals.cached += record.cached;
        totals.failed += record.failed;
        totals.calls += record.calls;
        totals.finished += usize::from(record.finished);
        totals.first_failure = totals.first_failure.or_else(|| record.first_failure.clone());
        percents += percent(record);
    }
    let slices = i64::try_from(slices).unwrap_or(i64::MAX).max(1);
    totals.percent = percents / slices;
    totals
}

/// How much of a slice is behind us. One that has not ended never counts as whole.
fn percent(record: &SliceRecord) -> i64 {
    match record.selected {
        _ if record.finished => 100,
        selected if selected > 0 => ((record.done + record.failed) * 100 / selected).clamp(0, 99),
        _ => 0,
    }
}
