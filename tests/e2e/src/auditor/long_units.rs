//! Units with more documents than a record names: the record counts them all, and the snapshot has them all. Pure.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::judge::{Evidence, addresses, without_handling};
use crate::elastic::Stored;

/// The most documents that a record names.
const NAMED: usize = 1000;

/// What the snapshots of such units have, by the units' digests.
pub(super) struct LongUnits(BTreeMap<String, HashSet<Value>>);

impl LongUnits {
    /// Reads the snapshots, as far as they are no packs.
    pub(super) fn read(evidence: &Evidence) -> Self {
        let long = evidence.ledger.iter().filter(|record| told(&record.source) > NAMED);
        Self(long.map(|record| (record.id.clone(), kept(evidence, &record.source))).collect())
    }

    /// Whether the snapshot of such a unit has a document.
    pub(super) fn has(&self, unit: &str, document: &Value) -> bool {
        self.0.get(unit).is_some_and(|kept| kept.contains(&without_handling(document)))
    }
}

/// The documents in the snapshot of a record. A line that is no JSON is a fault elsewhere.
fn kept(evidence: &Evidence, record: &Value) -> HashSet<Value> {
    let snapshot = record["snapshot"].as_str().and_then(|key| evidence.snapshots.get(key));
    let lines = snapshot.into_iter().flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
    let documents = lines.filter_map(|line| serde_json::from_slice(line).ok());
    documents.map(|document: Value| without_handling(&document)).collect()
}

/// How many documents a record tells of: those that it names, or where these are as many as it may name, those that it
/// counts.
pub(super) fn told(record: &Value) -> usize {
    let named = addresses(record).count();
    let counted = record["documentCount"].as_u64().and_then(|count| usize::try_from(count).ok());
    if named == NAMED { counted.unwrap_or(named) } else { named }
}

/// There are as many documents of such a unit as its record counts.
pub(super) fn count(evidence: &Evidence, record: &Value, faults: &mut Vec<String>) {
    let (told, unit) = (told(record), &record["unit"]);
    if told <= NAMED {
        return;
    }
    let is_of_unit = |document: &&Stored| {
        let of = &document.source["_docmill"]["unit"];
        of["key"] == unit["key"] && of["version"] == unit["version"]
    };
    let there = evidence.articles.iter().filter(is_of_unit).count();
    if there != told {
        faults.push(format!("the record of {} counts {told} documents, and {there} are there", unit["key"]));
    }
}
