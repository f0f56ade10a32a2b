//! The index of these records.
//!
//! There is a record for each version of each object, so the mapping has no more than is asked for: by `ledger_query`
//! and the retention of the operator, `ledger_page` of the planner, the pages of an audit, and
//! docs/operations/find-an-article.md. Everything else is stored and not searchable.

use serde_json::{Value, json};

use crate::conversion::RepairCounts;
use crate::records::own_index;

/// Pattern for the names of all ledgers' indices.
pub const UNITS_PATTERN: &str = "docmill-units-*";
/// After this time, a record is visible to searches. Each refresh makes a segment that has to be merged; whoever
/// needs the newest records refreshes the index first.
const REFRESH_INTERVAL: &str = "5s";

/// Name of the ledger's index for one source.
pub fn units_index(namespace: &str, source: &str) -> String {
    own_index::of_source("units", namespace, source)
}

/// Settings and mapping of the ledger's index.
pub fn units_index_body() -> Value {
    let date = json!({"type": "date"});
    // Filtered by, sorted by and counted.
    let keyword = json!({"type": "keyword", "ignore_above": 1024});
    // Only filtered by.
    let term = json!({"type": "keyword", "ignore_above": 1024, "doc_values": false});
    // Only sorted by.
    let order = json!({"type": "keyword", "ignore_above": 1024, "index": false});
    let mut body = own_index::body(&json!({
        "unit": {"properties": {"bucket": term, "key": keyword, "version": order}},
        "state": keyword,
        "reason": keyword,
        "message": {"type": "text", "norms": false},
        "documents": {"properties": {"id": term}},
        "overwrittenCount": {"type": "long"},
        "repairs": RepairCounts::mapping(),
        "revision": term,
        "lastModified": date,
        "recordedTime": date,
        "lagMillis": {"type": "long"},
        "runner": term,
        "run": term,
    }));
    // Records are read one by one only where a unit comes again.
    body["settings"]["codec"] = "best_compression".into();
    body["settings"]["refresh_interval"] = REFRESH_INTERVAL.into();
    body
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::units_index_body;

    #[test]
    fn what_is_sorted_by_or_counted_has_values_and_what_is_filtered_by_has_terms() {
        let body = units_index_body();
        let field = |path: &str| {
            let path = path.replace('.', "/properties/");
            body.pointer(&format!("/mappings/properties/{path}")).cloned().unwrap_or_default()
        };
        let has = |path: &str, parameter: &str| {
            let field = field(path);
            field.get("type").is_some() && field.get(parameter) != Some(&Value::Bool(false))
        };
        let both = ["unit.key", "state", "reason", "lastModified", "recordedTime", "lagMillis"];
        for sorted in both.into_iter().chain(["unit.version"]) {
            assert!(has(sorted, "doc_values"), "{sorted}");
        }
        for filtered in both.into_iter().chain(["unit.bucket", "documents.id", "revision", "runner", "run"]) {
            assert!(has(filtered, "index"), "{filtered}");
        }
        for stored in ["source", "rawDigest", "documentsDigest", "documents.digest", "snapshot"] {
            assert_eq!(field(stored), Value::Null, "{stored}");
        }
    }
}
