//! The records that the pods of a run keep for their slices, and their totals. Pure.

use std::collections::BTreeMap;

use docmill_clients::elastic::search_hits;
use docmill_crds::api::enrichment_run::FieldComparison;
use docmill_crds::records::enrichments::SliceRecord;
use docmill_crds::untrusted_text::version as known_version;
use serde_json::{Value, json};

/// The search for the records of a run.
pub fn query(run_uid: &str, slices: usize) -> Value {
    json!({
        "size": slices,
        "track_total_hits": false,
        "query": {"bool": {"filter": [{"term": {"kind": "slice"}}, {"term": {"run": run_uid}}]}},
        "sort": [{"slice": {"order": "asc", "unmapped_type": "integer"}}],
    })
}

/// Parses the answer to [`query`]. Records of slices that the run does not have (from a Job that somebody
/// deleted) are skipped.
pub fn read(answer: &Value, slices: usize) -> Vec<SliceRecord> {
    let hits = search_hits(answer);
    let records = hits.iter().filter_map(|hit| serde_json::from_value(hit.get("_source")?.clone()).ok());
    let slices = i32::try_from(slices).unwrap_or(i32::MAX);
    records.filter(|record: &SliceRecord| (0..slices).contains(&record.slice)).collect()
}

/// The totals over the records of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnrichmentTotals {
    /// Documents that needed work.
    pub selected: i64,
    /// Documents whose enriched copy is stored.
    pub done: i64,
    /// Documents of `done` that needed no call.
    pub cached: i64,
    /// Documents of `done` that had no input for a model.
    pub empty: i64,
    /// Documents that failed.
    pub failed: i64,
    /// Requests sent to models.
    pub calls: i64,
    /// Characters sent to models.
    pub input_characters: i64,
    /// Finished slices.
    pub finished: usize,
    /// Progress in percent, rounded down.
    pub percent: i64,
    /// Whether documents were left for another run.
    pub cut_short: bool,
    /// The version change that a model reported, in words.
    pub model_changed: Option<String>,
    /// The result for each field in a run of mode Compare.
    pub comparison: Vec<FieldComparison>,
}

/// Sums up the records. Whoever may write to the cluster may have written any number into them.
pub fn totals(records: &[SliceRecord], slices: usize) -> EnrichmentTotals {
    let mut totals = EnrichmentTotals::default();
    let (mut documents, mut processed) = (0_i64, 0_i64);
    for record in records {
        add_to(&mut totals.selected, record.selected);
        add_to(&mut totals.done, record.done);
        add_to(&mut totals.cached, record.cached);
        add_to(&mut totals.empty, record.empty);
        add_to(&mut totals.failed, record.failed);
        add_to(&mut totals.calls, record.calls);
        add_to(&mut totals.input_characters, record.input_characters);
        totals.finished += usize::from(record.finished);
        totals.cut_short |= record.cut_short;
        totals.model_changed = totals.model_changed.or_else(|| record.model_changed.clone());
        record
            .comparison
            .iter()
            .filter(|field| known_version(&field.field) != "?")
            .for_each(|field| add(&mut totals.comparison, field));
        add_to(&mut documents, record.documents);
        if record.finished {
            add_to(&mut processed, record.documents);
        } else {
            for one in [record.done, record.failed, record.passed_over] {
                add_to(&mut processed, one);
            }
        }
    }
    totals.model_changed = totals.model_changed.or_else(|| disagreement(records));
    totals.percent = percent(&totals, slices, records.len(), processed, documents);
    totals
}

/// Progress in percent: slices in progress count by their documents, others count as zero. A run that has not
/// ended never shows 100.
fn percent(totals: &EnrichmentTotals, slices: usize, started: usize, processed: i64, documents: i64) -> i64 {
    if totals.finished == slices {
        return 100;
    }
    let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let of_started = processed.saturating_mul(100) / documents.max(1);
    (of_started.saturating_mul(signed(started)) / signed(slices).max(1)).clamp(0, 99)
}

fn add_to(sum: &mut i64, count: i64) {
    *sum = sum.saturating_add(count);
}

fn add(fields: &mut Vec<FieldComparison>, other: &FieldComparison) {
    match fields.iter_mut().find(|field| field.field == other.field) {
        Some(field) => {
            add_to(&mut field.agreed, other.agreed);
            add_to(&mut field.differing, other.differing);
        }
        None => fields.push(other.clone()),
    }
}

/// Whether slices got different versions of one model.
fn disagreement(records: &[SliceRecord]) -> Option<String> {
    let reported_versions = records.iter().flat_map(|record| &record.versions);
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for (enricher, version) in reported_versions {
        let before = *first.entry(enricher).or_insert(version);
        if before != version {
            let (before, version) = (known_version(before), known_version(version));
            return Some(format!("{enricher} reported version {before:?} and version {version:?}"));
        }
    }
    None
}
