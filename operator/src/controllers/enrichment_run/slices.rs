//! The bounds of a run, and the slices that its pods share. Pure.
//! Cuts are at whole seconds, the resolution of times in the API. Every slice is `after < time <= until`, so
//! neighbors neither overlap nor leave a gap, whatever the cuts are: a bad estimate yields uneven slices,
//! never wrong ones.

use std::time::Duration;

use docmill_crds::EnrichmentRunSpec;
use docmill_crds::api::enrichment_run::{Bounds, DocumentState};
use docmill_crds::records::enrichment_query::DocumentQuery;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// A document gets its time before it is sent to the index. This long after the upper bound, all documents
/// with an earlier time have arrived, unless there was an outage.
pub const SAFETY: Duration = Duration::from_secs(3);
/// How far a run looks back before the watermark, for documents that arrived during an outage or with a
/// skewed clock. Documents that were already enriched are recognized and cost no call.
pub const OVERLAP: Duration = Duration::from_mins(10);
/// The approximate number of documents per slice: enough to fill the batches of a model, few enough that a
/// lost pod repeats little work.
const SLICE_DOCUMENTS: u64 = 500;
/// Maximum number of slices per pod, processed one after another.
const SLICES_PER_POD: u64 = 4;

/// The upper bound of a run: the end of the second in which it was created, because creation times have no
/// fractions. Everything that was indexed before the run was created is below it.
pub fn until(created: Timestamp) -> Timestamp {
    Timestamp::from_second(created.as_second().saturating_add(1)).unwrap_or(created)
}

/// The bounds of a run. `completed` is the watermark: until when everything was already enriched with this
/// pipeline. The time range that a spec names is a condition of the query, not a bound.
pub fn bounds(spec: &EnrichmentRunSpec, created: Timestamp, completed: Option<Timestamp>) -> Bounds {
    let after = match spec.select.state {
        DocumentState::New => {
            completed.and_then(|completed| completed.checked_sub(OVERLAP).ok()).map(whole_second)
        }
        DocumentState::All | DocumentState::Failed => None,
    };
    Bounds { after: after.map(Time), until: Time(until(created)) }
}

/// The number of slices for this many documents.
pub fn slice_count(documents: u64, parallelism: i32) -> u64 {
    let most = u64::try_from(parallelism).unwrap_or(1).max(1) * SLICES_PER_POD;
    documents.div_ceil(SLICE_DOCUMENTS).clamp(1, most)
}

/// The search for the times that split the documents of a query within bounds into `count` parts of about
/// equal size.
pub fn cuts_query(document_query: &DocumentQuery, bounds: &Bounds, count: u64) -> Value {
    let percents: Vec<f64> = (1..count).map(|part| percent(part, count)).collect();
    let cuts = json!({"field": document_query.time_field, "percents": percents, "keyed": false});
    json!({"size": 0, "query": document_query.within(bounds), "aggs": {"cuts": {"percentiles": cuts}}})
}

#[allow(clippy::cast_precision_loss, reason = "there are at most 400 slices")]
fn percent(part: u64, count: u64) -> f64 {
    part as f64 * 100.0 / count as f64
}

/// Parses the answer to [`cuts_query`].
#[allow(clippy::cast_possible_truncation, reason = "milliseconds of our time are far below 2^53")]
pub fn read_cuts(answer: &Value) -> Vec<Timestamp> {
    let values = answer.pointer("/aggregations/cuts/values").and_then(Value::as_array);
    let values = values.map(Vec::as_slice).unwrap_or_default();
    let times = values.iter().filter_map(|value| value.get("value")?.as_f64());
    times.filter_map(|millis| Timestamp::from_millisecond(millis as i64).ok()).collect()
}

/// Splits the bounds at these times.
pub fn cut(bounds: &Bounds, cuts: &[Timestamp]) -> Vec<Bounds> {
    let inside = |time: &Timestamp| {
        *time < bounds.until.0 && bounds.after.as_ref().is_none_or(|after| *time > after.0)
    };
    let mut edges: Vec<Timestamp> = cuts.iter().copied().map(whole_second).filter(inside).collect();
    edges.sort_unstable();
    edges.dedup();
    edges.push(bounds.until.0);
    let mut after = bounds.after.clone();
    let mut slices = Vec::with_capacity(edges.len());
    for edge in edges {
        slices.push(Bounds { after: after.replace(Time(edge)), until: Time(edge) });
    }
    slices
}

/// The time, truncated to whole seconds.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_millisecond().div_euclid(1000)).unwrap_or(time)
}
