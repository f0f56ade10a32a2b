//! The verdict over what the stores hold. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::long_units::{self, LongUnits};
use super::messages::{self, SetAside};
use super::packs::{self, Packs};
use super::{heads, owners};
use crate::elastic::Stored;

/// A raw object.
#[derive(Clone, Debug)]
pub struct RawObject {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its `ETag` without quotes; these buckets have no versions.
    pub version: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl RawObject {
    /// The id that its record and its snapshot have to have: the first half of SHA-256 over bucket, key and version,
    /// each closed by a zero byte, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        let bytes: Vec<u8> = [&self.bucket, &self.key, &self.version]
            .iter()
            .flat_map(|part| part.bytes().chain([0]))
            .collect();
        hexadecimal(&bytes)[..32].to_owned()
    }
}

/// SHA-256 in hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Everything that a source's stores hold.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The raw bucket.
    pub raw: Vec<RawObject>,
    /// The ledger.
    pub ledger: Vec<Stored>,
    /// The heads.
    pub heads: Vec<Stored>,
    /// Name of its index.
    pub ledger_index: String,
    /// What the mapping of that says of Docmill.
    pub ledger_mark: Value,
    /// The documents.
    pub articles: Vec<Stored>,
    /// The snapshot bucket.
    pub snapshots: BTreeMap<String, Vec<u8>>,
    /// What each of its keys begins with.
    pub snapshots_prefix: String,
    /// The errors bucket.
    pub errors: BTreeMap<String, Vec<u8>>,
    /// What each of its keys begins with.
    pub errors_prefix: String,
    /// `<namespace>/<name>` of the source.
    pub source: String,
}

impl Evidence {
    /// Keys of the copy of a refused object and of the record beside it.
    fn refused(&self, raw: &RawObject) -> [String; 2] {
        let folder = format!("{}{}/objects/", self.errors_prefix, self.source);
        ["", ".error.json"].map(|end| derived(&folder, raw, &format!("/{}{end}", raw.digest())))
    }
}

/// The verdict.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Raw keys of indexed units, each with the ids of its documents.
    pub indexed: BTreeMap<String, Vec<String>>,
    /// Raw keys of units that were converted only.
    pub converted: BTreeSet<String>,
    /// Raw keys of failed units, each with the reason.
    pub failed: BTreeMap<String, String>,
    /// Raw keys of units that were passed over, each with the reason.
    pub skipped: BTreeMap<String, String>,
    /// What was set aside of the queue's messages, each with the reason.
    pub set_aside: BTreeMap<String, String>,
    /// Documents in the indices.
    pub documents: usize,
    /// Everything that is not as it has to be.
    pub faults: Vec<String>,
}

impl Audit {
    /// Whether a raw object of this key is accounted for in any way.
    pub fn has(&self, key: &str) -> bool {
        self.indexed.contains_key(key)
            || self.converted.contains(key)
            || self.failed.contains_key(key)
            || self.skipped.contains_key(key)
    }
}

/// Judges.
pub fn judge(evidence: &Evidence) -> Audit {
    let mut audit = Audit { documents: evidence.articles.len(), ..Audit::default() };
    let records = records(evidence, &mut audit.faults);
    let packs = Packs::read(&evidence.snapshots_prefix, &evidence.snapshots);
    let mut known = Known { packs, ..Known::default() };
    for raw in &evidence.raw {
        let Some(record) = records.get(raw.digest().as_str()) else {
            audit.faults.push(format!("{:?} is not in the ledger", raw.key));
            continue;
        };
        known.units.insert(raw.digest());
        account(raw, record, &mut audit);
        snapshot(evidence, raw, record, &mut known, &mut audit.faults);
        refusal(evidence, raw, record, &mut known, &mut audit.faults);
        long_units::count(evidence, record, &mut audit.faults);
    }
    documents(evidence, &records, &mut audit.faults);
    heads::judge(evidence, &mut audit.faults);
    let SetAside { reasons, units, errors } = messages::read(evidence, &mut audit.faults);
    audit.set_aside = reasons;
    known.units.extend(units);
    known.errors.extend(errors);
    history(evidence, &mut known, &mut audit.faults);
    strangers(evidence, &known, &mut audit.faults);
    owners::check(evidence, &mut audit.faults);
    audit
}

/// What belongs to a raw object; everything else is a stranger.
#[derive(Default)]
struct Known {
    units: BTreeSet<String>,
    snapshots: BTreeSet<String>,
    errors: BTreeSet<String>,
    packs: Packs,
}

fn records<'a>(evidence: &'a Evidence, faults: &mut Vec<String>) -> BTreeMap<&'a str, &'a Value> {
    let mut records = BTreeMap::new();
    for record in &evidence.ledger {
        if records.insert(record.id.as_str(), &record.source).is_some() {
            faults.push(format!("the ledger has {} twice", record.id));
        }
    }
    records
}

/// Puts a unit where its record says that it ended.
fn account(raw: &RawObject, record: &Value, audit: &mut Audit) {
    let unit = &record["unit"];
    if unit["bucket"] != raw.bucket || unit["key"] != raw.key || unit["version"] != raw.version {
        audit.faults.push(format!("the record of {:?} is about another unit: {unit}", raw.key));
    }
    let reason = record["reason"].as_str().unwrap_or_default().to_owned();
    match (record["state"].as_str().unwrap_or_default(), reason.is_empty()) {
        ("Indexed", true) => {
            let ids = addresses(record).map(|(_, id)| id.to_owned()).collect::<Vec<_>>();
            if ids.is_empty() {
                audit.faults.push(format!("{:?} is indexed without a document", raw.key));
            }
            audit.indexed.insert(raw.key.clone(), ids);
        }
        ("Converted", true) => {
            if addresses(record).next().is_some() || record["documentCount"].as_u64().unwrap_or(0) == 0 {
                audit.faults.push(format!("{:?} is converted, and names documents or has none", raw.key));
            }
            audit.converted.insert(raw.key.clone());
        }
        ("Failed", false) => drop(audit.failed.insert(raw.key.clone(), reason)),
        ("Skipped", false) => {
            if BYGONE.contains(&reason.as_str()) {
                audit.faults.push(format!("{:?} is there, and its record says {reason}", raw.key));
            }
            audit.skipped.insert(raw.key.clone(), reason);
        }
        (state, _) => {
            audit.faults.push(format!("{:?} is in the state {state:?} with the reason {reason:?}", raw.key));
        }
    }
}

/// Index and id of each document that a record names.
pub(super) fn addresses(record: &Value) -> impl Iterator<Item = (&str, &str)> {
    let documents = record["documents"].as_array().into_iter().flatten();
    documents.filter_map(|document| Some((document["index"].as_str()?, document["id"].as_str()?)))
}

/// A unit has the one snapshot that its record names, and that holds the documents as they are indexed.
fn snapshot(
    evidence: &Evidence,
    raw: &RawObject,
    record: &Value,
    known: &mut Known,
    faults: &mut Vec<String>,
) {
    let revision = record["revision"].as_str().unwrap_or_default();
    let end = format!("/{}/{revision}.json", raw.digest());
    let own = format!("{}{}/", evidence.snapshots_prefix, evidence.source);
    let expected = derived(&own, raw, &end);
    let Some(named) = record["snapshot"].as_str() else {
        if record["state"] == "Indexed" || record["state"] == "Converted" {
            faults.push(format!("{:?} ended well without a snapshot", raw.key));
        }
        return;
    };
    if packs::place(named).is_some() {
        match known.packs.documents(named, &raw.digest(), Some(revision)) {
            Ok(kept) => compare(evidence, raw, record, kept, &known.packs, faults),
            Err(fault) => faults.push(format!("the packed snapshot of {:?}: {fault}", raw.key)),
        }
        return;
    }
    known.snapshots.insert(expected.clone());
    if named != expected {
        faults.push(format!("the snapshot of {:?} is {named:?} and not {expected:?}", raw.key));
    }
    match evidence.snapshots.get(&expected) {
        None => faults.push(format!("{:?} has no snapshot {expected:?}", raw.key)),
        Some(bytes) => match lines(bytes) {
            Ok(kept) => compare(evidence, raw, record, kept, &known.packs, faults),
            Err(_) => faults.push(format!("the snapshot of {:?} is not JSON, one document a line", raw.key)),
        },
    }
}

fn lines(snapshot: &[u8]) -> serde_json::Result<Vec<Value>> {
    let lines = snapshot.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(serde_json::from_slice).collect()
}

fn compare(
    evidence: &Evidence,
    raw: &RawObject,
    record: &Value,
    kept: Vec<Value>,
    packs: &Packs,
    faults: &mut Vec<String>,
) {
    let kept: Vec<_> = kept.into_iter().map(|document| without_handling(&document)).collect();
    for (index, id) in addresses(record) {
        let Some(document) = evidence.articles.iter().find(|one| one.index == index && one.id == id) else {
            faults.push(format!("{:?} names the document {id:?} in {index:?}, which is not there", raw.key));
            continue;
        };
        let indexed = without_handling(&document.source);
        // A document that a later unit replaced is that unit's to answer for.
        let own = document.source["_docmill"]["unit"]["key"] == raw.key;
        // A request of a worker that died may arrive after its successor's. It names the pack that it wrote itself.
        let said = document.source["_docmill"]["snapshot"].as_str().unwrap_or_default();
        let earlier = packs.documents(said, &raw.digest(), None).unwrap_or_default();
        let same = |packed: &Value| without_handling(packed) == indexed;
        if own && !kept.contains(&indexed) && !earlier.iter().any(same) {
            faults.push(format!("{id:?} in {index:?} is not what the snapshot of {:?} holds", raw.key));
        }
        if own && document.source["_docmill"]["rawDigest"] != raw.sha256 {
            faults.push(format!("{id:?} does not carry the digest of {:?}", raw.key));
        }
    }
    // The snapshot has those too whose places later documents of the same object have taken.
    let overwritten = record["overwrittenCount"].as_u64().and_then(|count| usize::try_from(count).ok());
    let told = long_units::told(record);
    if record["state"] == "Indexed" && kept.len() != told + overwritten.unwrap_or(0) {
        faults.push(format!(
            "{:?} has {} documents in its snapshot and {told} in its record",
            raw.key,
            kept.len()
        ));
    }
}

/// A document without who handled it when: a request of a worker that died may arrive after its successor's, and say
/// the same thing in another's name.
pub fn without_handling(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(docmill) = document.get_mut("_docmill").and_then(Value::as_object_mut) {
        let kept: Map<_, _> = std::mem::take(docmill)
            .into_iter()
            .filter(|(name, _)| !name.ends_with("Time") && name != "runner")
            .collect();
        *docmill = kept;
    }
    document
}

/// Where something of a raw object lies: prefix, its key, and an end. A key that would have more than the 1,024 bytes
/// that S3 allows is cut, and says so with the unit's digest.
fn derived(prefix: &str, raw: &RawObject, end: &str) -> String {
    let whole = format!("{prefix}{}{end}", raw.key);
    if whole.len() <= 1024 {
        return whole;
    }
    let mark = format!("~{}{end}", raw.digest());
    let room = 1024 - prefix.len() - mark.len();
    let kept: String = raw
        .key
        .char_indices()
        .take_while(|(at, character)| at + character.len_utf8() <= room)
        .map(|(_, character)| character)
        .collect();
    format!("{prefix}{kept}{mark}")
}

/// Reasons for which a unit is passed over whose version is no longer in the bucket.
const BYGONE: [&str; 4] = ["ObjectGone", "ObjectReplaced", "ObjectRemoved", "Superseded"];

/// Versions that were replaced or removed: their records say so, or by what they were superseded. Their snapshots are
/// theirs to keep.
fn history(evidence: &Evidence, known: &mut Known, faults: &mut Vec<String>) {
    for record in
        evidence.ledger.iter().filter(|record| !known.units.contains(&record.id)).collect::<Vec<_>>()
    {
        let Value::Object(told) = &record.source else { continue };
        let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
        let passed_over = text("state") == "Skipped" && BYGONE.contains(&text("reason"));
        let by = text("supersededBy");
        let superseded = evidence.raw.iter().any(|raw| {
            record.source["unit"]["key"] == raw.key
                && (by == raw.digest() || evidence.ledger.iter().any(|one| one.id == by))
        });
        if !passed_over && !superseded {
            faults.push(format!(
                "the ledger has {}, which is no object of the raw bucket: {}",
                record.id, record.source
            ));
        }
        known.units.insert(record.id.clone());
        let own = format!("/{}/", record.id);
        known.snapshots.extend(evidence.snapshots.keys().filter(|key| key.contains(&own)).cloned());
    }
}

/// A failed unit lies unchanged in the errors bucket, beside a record that tells the truth; or the record says that it
/// could not be copied, and why.
fn refusal(
    evidence: &Evidence,
    raw: &RawObject,
    record: &Value,
    known: &mut Known,
    faults: &mut Vec<String>,
) {
    if record["state"] != "Failed" {
        return;
    }
    let [copy, beside] = evidence.refused(raw);
    let told = evidence.errors.get(&beside).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let uncopied = told.as_ref().is_some_and(|told| {
        told["copied"] == false && told["notCopiedBecause"].as_str().is_some_and(|why| !why.is_empty())
    });
    let members = format!("{copy}.members/");
    known.errors.extend(evidence.errors.keys().filter(|key| key.starts_with(&members)).cloned());
    match evidence.errors.get(&copy) {
        None if uncopied => {}
        None => faults.push(format!("{:?} failed and is not in the errors bucket", raw.key)),
        Some(_) if uncopied => faults.push(format!("the copy of {:?} is there and said not to be", raw.key)),
        Some(bytes) if hexadecimal(bytes) != raw.sha256 => {
            faults.push(format!("the copy of {:?} was changed", raw.key));
        }
        Some(_) => {}
    }
    match told {
        None => faults.push(format!("{beside:?} is missing or not JSON")),
        Some(told) => {
            let unit = &told["unit"];
            if unit["key"] != raw.key || unit["version"] != raw.version || told["reason"] != record["reason"]
            {
                faults
                    .push(format!("{beside:?} names another key, version or reason than the ledger: {told}"));
            }
        }
    }
    known.errors.extend([copy, beside]);
}

/// A document's id is in one index, once, and it belongs to a unit whose record names it, or whose snapshot has it if
/// there are too many for the record.
fn documents(evidence: &Evidence, records: &BTreeMap<&str, &Value>, faults: &mut Vec<String>) {
    let (mut seen, long) = (BTreeMap::new(), LongUnits::read(evidence));
    for document in &evidence.articles {
        if let Some(other) = seen.insert(document.id.as_str(), document.index.as_str()) {
            faults.push(format!("{:?} is in {other:?} and in {:?}", document.id, document.index));
        }
        let unit = &document.source["_docmill"]["unit"];
        let owner = evidence.raw.iter().find(|raw| unit["key"] == raw.key && unit["version"] == raw.version);
        let owner = owner.map(RawObject::digest).unwrap_or_default();
        let named = |record: &&Value| {
            addresses(record).any(|(index, id)| index == document.index && id == document.id)
        };
        if !long.has(&owner, &document.source) && !records.get(owner.as_str()).is_some_and(named) {
            faults.push(format!(
                "{:?} in {:?} belongs to no unit that knows it: {unit}",
                document.id, document.index
            ));
        }
    }
}

/// Whatever belongs to no raw object should not be there.
fn strangers(evidence: &Evidence, known: &Known, faults: &mut Vec<String>) {
    // The manifests and reports of runs lie in a folder of their own there.
    let runs = format!("{}.docmill/runs/", evidence.snapshots_prefix);
    let snapshots = evidence.snapshots.keys().filter(|key| !key.starts_with(&runs));
    let snapshots = snapshots.filter(|key| !known.snapshots.contains(*key) && !known.packs.contains(key));
    faults.extend(known.packs.faults(|unit| known.units.contains(unit)));
    faults.extend(snapshots.map(|key| format!("{key:?} is a snapshot that nobody names")));
    let errors = evidence.errors.keys().filter(|key| !known.errors.contains(*key));
    faults.extend(errors.map(|key| format!("{key:?} is in the errors bucket for no failed unit")));
}

#[cfg(test)]
mod tests;
