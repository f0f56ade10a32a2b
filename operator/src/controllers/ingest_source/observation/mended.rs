//! What was mended in a source's objects within the last day: the part of the ledger's query, and of its answer. No I/O.

use std::cmp::Reverse;

use docmill_crds::api::ingest_source::RepairCount;
use docmill_crds::conversion::Repair;
use serde_json::{Map, Value, json};

/// Sums the records that say something was mended, so that a source without repairs costs nothing.
pub(super) fn aggregation() -> Value {
    let sum = |repair: Repair| {
        let name = repair.as_str();
        (name.to_owned(), json!({"sum": {"field": format!("repairs.{name}")}}))
    };
    json!({
        "filter": {"bool": {"filter": [
            {"exists": {"field": "repairs"}},
            {"range": {"recordedTime": {"gte": "now-24h"}}},
        ]}},
        "aggs": Map::from_iter(Repair::ALL.map(sum)),
    })
}

/// The repairs that were made, most frequent first.
pub(super) fn read(answer: Option<&Value>) -> Vec<RepairCount> {
    let count = |repair: Repair| {
        let sum = answer?.get(repair.as_str())?.get("value")?.as_f64()?;
        (sum >= 1.0).then(|| RepairCount { repair: repair.as_str().to_owned(), count: whole(sum) })
    };
    let mut counts: Vec<_> = Repair::ALL.into_iter().filter_map(count).collect();
    counts.sort_by_key(|repair| Reverse(repair.count));
    counts
}

/// Aggregations return sums as floating-point numbers, exact up to 2^53.
#[allow(clippy::cast_possible_truncation, reason = "a sum beyond the range becomes its end")]
const fn whole(sum: f64) -> i64 {
    sum as i64
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Repair;
    use serde_json::json;

    use super::{aggregation, read};

    #[test]
    fn every_repair_is_asked_for_and_those_that_were_made_are_told() {
        let asked = aggregation();
        for repair in Repair::ALL {
            let name = repair.as_str();
            assert_eq!(asked["aggs"][name]["sum"]["field"], format!("repairs.{name}"));
        }
        let answer = json!({"doc_count": 3, "LeadingSpace": {"value": 2.0}, "BareAmpersand": {"value": 7.0},
                            "Encoding": {"value": 0.0}, "TrailingData": {"value": null}, "Other": {"value": 1.0}});
        let told: Vec<_> = read(Some(&answer)).into_iter().map(|one| (one.repair, one.count)).collect();
        assert_eq!(told, [("BareAmpersand".to_owned(), 7), ("LeadingSpace".to_owned(), 2)]);
    }

    #[test]
    fn a_ledger_that_is_not_there_tells_of_none() {
        assert_eq!(read(None), []);
    }
}
