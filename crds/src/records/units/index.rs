//! The index of these records.

use serde_json::{Value, json};

use crate::conversion::RepairCounts;
use crate::records::own_index;

/// Pattern for the names of all ledgers' indices.
pub const UNITS_PATTERN: &str = "docmill-units-*";

/// Name of the ledger's index for one source.
pub fn units_index(namespace: &str, source: &str) -> String {
    own_index::of_source("units", namespace, source)
}

/// Settings and mapping of the ledger's index.
pub fn units_index_body() -> Value {
    let keyword = json!({"type": "keyword", "ignore_above": 1024});
    let date = json!({"type": "date"});
    own_index::body(&json!({
        "source": keyword,
        "unit": {"properties": {"bucket": keyword, "key": keyword, "version": keyword}},
        "state": keyword,
        "reason": keyword,
        "message": {"type": "text"},
        "attempts": {"type": "long"},
        "rawDigest": keyword,
        "documents": {"properties": {"index": keyword, "id": keyword, "digest": keyword}},
        "documentCount": {"type": "long"},
        "overwrittenCount": {"type": "long"},
        "overwrittenIds": keyword,
        "repairs": RepairCounts::mapping(),
        "documentsDigest": keyword,
        "snapshot": keyword,
        "revision": keyword,
        "lastModified": date,
        "recordedTime": date,
        "lagMillis": {"type": "long"},
        "runner": keyword,
        "run": keyword,
        "supersededBy": keyword,
    }))
}
