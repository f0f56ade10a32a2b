//! What the heads say, against what is in the raw bucket and in the index. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::judge::Evidence;

/// A tombstone is the head of a key without an object; where documents go with their objects, every such key has one. A
/// document's head names its index and its unit.
pub(super) fn judge(evidence: &Evidence, faults: &mut Vec<String>) {
    let heads: BTreeMap<&str, &Value> =
        evidence.heads.iter().map(|head| (head.id.as_str(), &head.source)).collect();
    keys(evidence, &heads, faults);
    for document in &evidence.articles {
        let Some(head) = heads.get(named("doc", &[&document.id]).as_str()) else {
            // Without heads there was no worker, but somebody who wrote by hand.
            if !heads.is_empty() {
                faults.push(format!("{:?} in {:?} has no head", document.id, document.index));
            }
            continue;
        };
        if is_gone(head) {
            faults.push(format!("{:?} has a head that says that it is gone", document.id));
        }
        let unit = &document.source["_docmill"]["unit"];
        let owner = evidence.raw.iter().find(|raw| unit["key"] == raw.key && unit["version"] == raw.version);
        let of_another = owner.is_some_and(|owner| head["unit"] != owner.digest());
        if of_another || head["index"] != document.index {
            faults.push(format!("{:?} in {:?} has a head that is another's", document.id, document.index));
        }
    }
}

fn keys(evidence: &Evidence, heads: &BTreeMap<&str, &Value>, faults: &mut Vec<String>) {
    let mut of_keys: BTreeMap<&str, &Value> = BTreeMap::new();
    for (id, head) in heads.iter().filter(|(id, _)| id.starts_with("key-")) {
        let unit = &head["unit"];
        let text = |name: &str| unit[name].as_str().unwrap_or_default();
        if *id != named("key", &[text("bucket"), text("key")]) {
            faults.push(format!("{id} is the head of another key: {unit}"));
        }
        of_keys.insert(text("key"), head);
    }
    let removes = of_keys.values().any(|head| is_gone(head));
    for (key, head) in of_keys {
        let has_object = evidence.raw.iter().any(|raw| raw.key == key);
        match (has_object, is_gone(head)) {
            (true, true) => faults.push(format!("the head of {key:?} is a tombstone, and it has an object")),
            (false, false) if removes => faults.push(format!("{key:?} has no object, and no tombstone")),
            _ => {}
        }
    }
}

fn is_gone(head: &Value) -> bool {
    head["gone"] == true
}

/// The id of a head: 16 bytes of SHA-256 over the parts, each closed by a zero byte, in base64 for URLs.
pub(super) fn named(kind: &str, parts: &[&str]) -> String {
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes().chain([0])).collect();
    format!("{kind}-{}", URL_SAFE_NO_PAD.encode(&Sha256::digest(&bytes)[..16]))
}
