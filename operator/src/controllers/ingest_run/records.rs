//! The records that the pods of a run keep, and what they add up to. Pure.

use docmill_clients::elastic::search_hits;
use docmill_crds::records::runs::{PartRecord, Tally};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::observation::RunRecords;

/// The search for the records of a run with this many parts.
pub fn query(run_uid: &str, parts: i32) -> Value {
    json!({
        "size": parts.saturating_add(1),
        "track_total_hits": false,
        "query": {"bool": {"filter": [{"terms": {"kind": ["plan", "part"]}}, {"term": {"run": run_uid}}]}},
    })
}

/// Parses the answer to [`query`]. Records of parts that the run does not have (from a Job that somebody
/// deleted) are skipped.
pub fn read(answer: &Value, parts: i32) -> RunRecords {
    let hits = search_hits(answer);
    let parts =
        of_kind::<PartRecord>(hits, "part").filter(|record| (0..parts).contains(&record.part)).collect();
    RunRecords { plan: of_kind(hits, "plan").next(), parts }
}

fn of_kind<'a, T: DeserializeOwned + 'a>(hits: &'a [Value], kind: &'a str) -> impl Iterator<Item = T> + 'a {
    let sources = hits.iter().filter_map(|hit| hit.get("_source"));
    let ours = sources.filter(move |source| source.get("kind").and_then(Value::as_str) == Some(kind));
    ours.filter_map(|source| serde_json::from_value(source.clone()).ok())
}

/// The totals over the parts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestTotals {
    /// The outcomes of the lines.
    pub tally: Tally,
    /// Finished parts.
    pub finished: i32,
}

/// Sums up the parts.
pub fn totals(parts: &[PartRecord]) -> IngestTotals {
    IngestTotals {
        tally: parts.iter().map(|part| part.tally).sum(),
        finished: i32::try_from(parts.iter().filter(|part| part.finished).count()).unwrap_or(i32::MAX),
    }
}
