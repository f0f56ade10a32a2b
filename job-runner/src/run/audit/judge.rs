//! The verdict over a range of keys. Pure: everything that it needs was looked up before.

use docmill_clients::elastic::ErrorCause;
use docmill_crds::api::storage::OnDelete;
use docmill_crds::audit::DifferenceKind as Kind;
use docmill_crds::records::units::{RecordedDocument, UnitState};

use super::difference::{Difference, Target};
use super::inventory::{AuditScope, Inventory, Record, RecordsByDigest};
use super::keys::{self, EvidenceName, SnapshotName};
use super::report::Sums;
use crate::ingest::bucket::locations::{self, EvidenceKeys};
use crate::ingest::snapshot::packed::{PackEntry, Reference};

/// Judges bucket, ledger, snapshots and errors against each other.
pub fn judge(scope: &AuditScope, inventory: &Inventory) -> (Sums, Vec<Difference>) {
    let index = inventory.index();
    let mut differences = recorded_twice(scope, inventory);
    let mut sums = Sums::default();
    for (key, object) in &inventory.raw {
        let unit = object.unit_id(&scope.raw.bucket, key);
        let record = index.by_digest.get(unit.digest().as_str()).copied();
        sums.add_raw(record.map(|record| record.state));
        let landed_before = object.last_modified_millis <= scope.created_millis;
        let unaccounted = unaccounted(key, &unit.digest(), record, scope.success_state);
        differences.extend(unaccounted.filter(|_| landed_before));
    }
    for (digest, record) in inventory.proper().filter(|(_, record)| record.counts()) {
        match object_presence(scope, inventory, &index, record) {
            ObjectPresence::Present => {}
            ObjectPresence::Former => sums.former += 1,
            ObjectPresence::Replaced => {
                let (expected, found) = ("Skipped, Superseded", "a newer version was seen to its end");
                differences.push(of_unit(Kind::RecordWithoutObject, digest, record, expected, found));
                continue;
            }
            ObjectPresence::Removed => {
                let (expected, found) = ("Skipped, ObjectRemoved", "no object in the raw bucket");
                let difference = of_unit(Kind::RecordWithoutObject, digest, record, expected, found);
                differences.push(Difference { target: Target::Removal, ..difference });
                continue;
            }
        }
        differences.extend(missing_snapshot(scope, inventory, digest, record));
        differences.extend(missing_evidence(scope, inventory, digest, record));
    }
    differences
        .extend(inventory.snapshots.iter().filter_map(|key| strange_snapshot(scope, inventory, &index, key)));
    differences
        .extend(inventory.errors.iter().filter_map(|key| left_evidence(scope, inventory, &index, key)));
    (sums, differences)
}

/// Whether a record's object is still in the raw bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ObjectPresence {
    /// It is, or a newer version is in flight.
    Present,
    /// It is not, and its documents stay because the source says so.
    Former,
    /// A newer version was completed.
    Replaced,
    /// It was removed, and its documents have to be deleted too.
    Removed,
}

fn object_presence(
    scope: &AuditScope,
    inventory: &Inventory,
    index: &RecordsByDigest<'_>,
    record: &Record,
) -> ObjectPresence {
    let key = &record.unit.key;
    let Some(object) = inventory.raw.get(key) else {
        return match scope.raw.on_delete {
            OnDelete::Keep => ObjectPresence::Former,
            OnDelete::Delete => ObjectPresence::Removed,
        };
    };
    let current = object.unit_id(&scope.raw.bucket, key);
    let newer = index.by_digest.get(current.digest().as_str()).filter(|newer| newer.counts());
    match newer {
        Some(newer) if newer.unit != record.unit => ObjectPresence::Replaced,
        _ => ObjectPresence::Present,
    }
}

fn of_unit(kind: Kind, digest: &str, record: &Record, expected: &str, found: &str) -> Difference {
    Difference {
        kind,
        key: record.unit.key.clone(),
        unit: Some(digest.to_owned()),
        expected: expected.to_owned(),
        found: found.to_owned(),
        repaired: false,
        held_back: false,
        target: Target::Unit,
    }
}

/// An object that was skipped because it did not exist, but exists now, has to be examined again; so has one
/// that was only converted, if there is an index now.
fn unaccounted(
    key: &str,
    digest: &str,
    record: Option<&Record>,
    success_state: UnitState,
) -> Option<Difference> {
    let found = match record {
        None => Some("no record".to_owned()),
        Some(record) if record.state.falls_short_of(success_state) => {
            Some("Converted, and not indexed".to_owned())
        }
        Some(record) if record.counts() || record.produces_nothing() => None,
        Some(record) => Some(format!("Skipped, {}", record.reason.as_deref().unwrap_or("no reason"))),
    };
    let (key, unit) = (key.to_owned(), Some(digest.to_owned()));
    let expected = format!("a record: {} or Failed", success_state.as_str());
    let (kind, repaired, held_back, target) = (Kind::Unaccounted, false, false, Target::Unit);
    found.map(|found| Difference { kind, key, unit, expected, found, repaired, held_back, target })
}

fn recorded_twice(scope: &AuditScope, inventory: &Inventory) -> Vec<Difference> {
    let misfiled = inventory.records.iter().filter(|(id, record)| *id != record.unit.digest());
    let differences = misfiled.map(|(id, record)| {
        let digest = record.unit.digest();
        let target = Target::Document { index: scope.ledger_index.clone(), id: id.clone(), version: None };
        let expected = format!("a record with the id {digest} only");
        let found = format!("one with the id {id}");
        Difference { target, ..of_unit(Kind::RecordTwice, &digest, record, &expected, &found) }
    });
    differences.collect()
}

fn missing_snapshot(
    scope: &AuditScope,
    inventory: &Inventory,
    digest: &str,
    record: &Record,
) -> Option<Difference> {
    let reference = record.snapshot.as_deref()?;
    let expected = format!("s3://{}/{reference}", scope.snapshots.bucket);
    let found = match Reference::parse(reference) {
        Reference::Object(_) => "no such object",
        Reference::Packed(_) => "no such pack, or none with a snapshot of this unit there",
    };
    let exists = inventory.has_snapshot(scope, digest, reference);
    (!exists).then(|| of_unit(Kind::SnapshotMissing, digest, record, &expected, found))
}

/// The error record has to exist; the copy too, unless the object was gone before it could be copied, or the
/// record says that it could not be.
fn missing_evidence(
    scope: &AuditScope,
    inventory: &Inventory,
    digest: &str,
    record: &Record,
) -> Option<Difference> {
    if record.state != UnitState::Failed {
        return None;
    }
    let keys = EvidenceKeys::of_object(&scope.errors, &record.unit);
    let object = inventory.raw.get(&record.unit.key);
    let is_object =
        object.is_some_and(|object| object.unit_id(&scope.raw.bucket, &record.unit.key) == record.unit);
    let uncopied = inventory.lookup_results.uncopied.get(&keys.record).copied().unwrap_or(false);
    let missing = [(keys.record, true), (keys.copy, is_object && !uncopied)];
    let exists = |key: &str| inventory.has_evidence(scope, key).unwrap_or(false);
    let (missing, _) = missing.into_iter().find(|(key, wanted)| *wanted && !exists(key))?;
    let expected = format!("s3://{}/{missing}", scope.errors.bucket);
    Some(of_unit(Kind::EvidenceMissing, digest, record, &expected, "no such object"))
}

fn strange_snapshot(
    scope: &AuditScope,
    inventory: &Inventory,
    index: &RecordsByDigest<'_>,
    key: &str,
) -> Option<Difference> {
    let named = SnapshotName::parse(key)?;
    if scope.has_expired_records {
        return None;
    }
    if inventory.is_known(index, named.digest) != Some(false)
        || Inventory::is_object(scope, inventory.object(named.raw_key).flatten(), &named)
    {
        return None;
    }
    let owner = inventory.lookup_results.snapshot_owners.get(key)?.as_ref();
    (owner == Some(&scope.source)).then(|| Difference {
        kind: Kind::SnapshotOrphaned,
        key: named.raw_key.to_owned(),
        unit: Some(named.digest.to_owned()),
        expected: "a record of its unit".into(),
        found: format!("s3://{}/{}{key} alone", scope.snapshots.bucket, scope.snapshots.prefix),
        repaired: false,
        held_back: false,
        target: Target::Object(format!("{}{key}", scope.snapshots.prefix)),
    })
}

/// A pack that no record names, and none of whose units ledger or raw bucket knows. A pack that holds the
/// snapshot of any of them stays, since documents may name it, or their records may be in flight.
pub fn strange_pack(scope: &AuditScope, key: &str, entries: &[PackEntry]) -> Option<Difference> {
    let first = entries.first()?;
    Some(Difference {
        kind: Kind::SnapshotOrphaned,
        key: first.key.clone(),
        unit: Some(first.unit.clone()),
        expected: "a record of one of its units".into(),
        found: format!("s3://{}/{key} with {} units alone", scope.snapshots.bucket, entries.len()),
        repaired: false,
        held_back: false,
        target: Target::Pack { key: key.to_owned(), units: entries.len() },
    })
}

/// A refusal is written before its record, so what has no record yet while its object exists is in flight. A
/// copy beside an error record is handled with that record.
fn left_evidence(
    scope: &AuditScope,
    inventory: &Inventory,
    index: &RecordsByDigest<'_>,
    key: &str,
) -> Option<Difference> {
    let named = EvidenceName::parse(key)?;
    let has_record_beside = !named.is_record && inventory.errors.contains(&keys::error_record_of(key));
    let record = inventory.record(index, named.digest);
    if has_record_beside || record.is_some_and(|record| record.state == UnitState::Failed) {
        return None;
    }
    let is_in_flight = || {
        let object = inventory.object(named.raw_key).flatten();
        let unit = object.map(|object| object.unit_id(&scope.raw.bucket, named.raw_key).digest());
        // Of a truncated key, no more is known than that.
        unit.as_deref() == Some(named.digest) || record.is_none() && named.is_cut()
    };
    if !record.is_some_and(Record::counts) && is_in_flight() {
        return None;
    }
    let full_key = format!("{}{key}", locations::objects(&scope.errors));
    Some(Difference {
        kind: Kind::EvidenceLeft,
        key: record.map_or(named.raw_key, |record| &record.unit.key).to_owned(),
        unit: Some(named.digest.to_owned()),
        expected: "nothing, since the unit has not failed".into(),
        found: format!("s3://{}/{full_key}", scope.errors.bucket),
        repaired: false,
        held_back: false,
        target: Target::Object(full_key),
    })
}

/// The fields of an indexed document that an audit needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedDocument {
    /// Digest of the unit that it names.
    pub unit: String,
    /// When that unit's object landed, RFC 3339.
    pub last_modified: Option<String>,
    /// The version that it is stored with.
    pub version: u64,
}

/// Judges a document that a record names against what exists. Another unit may have it, if it is not an older
/// one: the same document can be in objects of several keys.
pub fn judge_document(
    digest: &str,
    record: &Record,
    named: &RecordedDocument,
    seen: Option<&IndexedDocument>,
) -> Option<Difference> {
    let (index, id) = (named.index.clone(), named.id.clone());
    let expected = format!("document {id:?} in {index} of this unit");
    let target = Target::Document { index, id, version: seen.map(|seen| seen.version) };
    let (kind, found) = match seen {
        None => (Kind::DocumentMissing, "no such document".to_owned()),
        Some(seen) if seen.unit == digest => return None,
        Some(seen) if !is_older(seen, record) => return None,
        Some(seen) => (Kind::DocumentOfOlderUnit, format!("that of unit {}", seen.unit)),
    };
    Some(Difference { target, ..of_unit(kind, digest, record, &expected, &found) })
}

/// A document whose index cannot be read, for example because it is closed: nothing shows that it is there, and no repair
/// could store it.
pub fn unreadable_document(
    digest: &str,
    record: &Record,
    named: &RecordedDocument,
    fault: &ErrorCause,
) -> Difference {
    let RecordedDocument { index, id, .. } = named;
    let expected = format!("document {id:?} in {index} of this unit");
    let found = format!("an index that cannot be read ({}); open it, and audit again", fault.kind);
    of_unit(Kind::DocumentMissing, digest, record, &expected, &found)
}

/// Compares times of one form, whose texts sort like the times. A document without a time belongs to nobody.
fn is_older(seen: &IndexedDocument, record: &Record) -> bool {
    seen.last_modified.as_deref().unwrap_or("") < record.last_modified.as_deref().unwrap_or("")
}

/// What is known of a document that the index has.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    /// Name of the index.
    pub index: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Key of its unit.
    pub key: &'a str,
    /// The rest.
    pub seen: &'a IndexedDocument,
}

/// What the stores say of such a document.
#[derive(Clone, Copy, Debug)]
pub struct Backing<'a> {
    /// The record of its unit.
    pub record: Option<&'a Record>,
    /// Whether that record names it; `None` if the record names only some of its documents.
    pub named: Option<bool>,
    /// Whether its unit is what the raw bucket holds: it may be in flight.
    pub is_present: bool,
    /// The index that holds the newest version of this document, if that is known.
    pub newest_index: Option<&'a str>,
}

/// Judges a document of the index that no record may name.
pub fn judge_hit(scope: &AuditScope, hit: Hit<'_>, backing: Backing<'_>) -> Option<Difference> {
    let found = match backing.record {
        None if backing.is_present => return None,
        None if scope.has_expired_records && may_stay(scope, hit, backing) => return None,
        None => "no record of its unit".to_owned(),
        Some(record) if record.counts() => {
            if backing.named != Some(false) {
                return None;
            }
            "a record of its unit that does not name it".to_owned()
        }
        Some(record) => {
            if may_stay(scope, hit, backing) {
                return None;
            }
            format!("its unit Skipped, {}", record.reason.as_deref().unwrap_or("no reason"))
        }
    };
    let (index, id) = (hit.index.to_owned(), hit.id.to_owned());
    Some(Difference {
        kind: Kind::DocumentOrphaned,
        key: hit.key.to_owned(),
        unit: Some(hit.seen.unit.clone()),
        expected: format!("a record that names document {id:?} in {index}"),
        found,
        repaired: false,
        held_back: false,
        target: Target::Document { index, id, version: Some(hit.seen.version) },
    })
}

/// Whether a document of a unit that was skipped is where it may stay: documents stay with their objects' later versions,
/// and no newer version of this one is elsewhere.
fn may_stay(scope: &AuditScope, hit: Hit<'_>, backing: Backing<'_>) -> bool {
    let is_elsewhere = backing.newest_index.is_some_and(|newest| newest != hit.index);
    scope.raw.on_delete == OnDelete::Keep && !is_elsewhere
}

#[cfg(test)]
mod tests;
