//! What was set aside of the queue's messages. It is of no object, and so has a record, a body and a reason of its own. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::judge::Evidence;

/// What was set aside, and what belongs to it.
#[derive(Debug, Default)]
pub(super) struct SetAside {
    /// Reasons, by the names below `messages/`.
    pub reasons: BTreeMap<String, String>,
    /// Ids of records.
    pub units: BTreeSet<String>,
    /// Keys of the errors bucket.
    pub errors: BTreeSet<String>,
}

/// Reads what was set aside, and tells what is wrong with it.
pub(super) fn read(evidence: &Evidence, faults: &mut Vec<String>) -> SetAside {
    let mut all = SetAside::default();
    for record in &evidence.ledger {
        let unit = &record.source["unit"];
        let (Some(key), Some(bucket)) = (unit["key"].as_str(), unit["bucket"].as_str()) else { continue };
        if !bucket.starts_with("queue:") {
            continue;
        }
        let reason = record.source["reason"].as_str().unwrap_or_default();
        if record.source["state"] != "Failed" {
            faults.push(format!("what was set aside is not Failed: {}", record.source));
        }
        all.units.insert(record.id.clone());
        if all.reasons.insert(key.to_owned(), reason.to_owned()).is_some() {
            faults.push(format!("{key:?} was set aside twice"));
        }
        all.errors.extend(kept(evidence, &format!("{key}/{}", record.id), unit, reason, faults));
    }
    all
}

/// Where the body and its reason lie. `name` is what comes below `messages/`.
fn kept(
    evidence: &Evidence,
    name: &str,
    unit: &Value,
    reason: &str,
    faults: &mut Vec<String>,
) -> Vec<String> {
    let end = format!("{}{}/messages/{name}", evidence.errors_prefix, evidence.source);
    let Some((place, body)) = evidence.errors.iter().find(|(place, _)| **place == end) else {
        faults.push(format!("the errors bucket has no {end:?}"));
        return Vec::new();
    };
    let digest = format!("{:x}", Sha256::digest(body));
    if unit["version"] != digest[..32] {
        faults.push(format!("{place:?} is not what was set aside"));
    }
    let beside = format!("{place}.error.json");
    let told = evidence.errors.get(&beside).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    if told.is_none_or(|told| told["reason"] != reason || told["unit"] != *unit) {
        faults.push(format!("{beside:?} is missing, or does not say {reason}"));
    }
    vec![place.clone(), beside]
}
