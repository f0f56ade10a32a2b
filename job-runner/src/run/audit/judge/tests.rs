//! Each kind of difference, from the least that makes it, and that the sound case has none.

use docmill_clients::elastic::ErrorCause;
use docmill_crds::api::storage::{BucketLocation, OnDelete, RawLocation};
use docmill_crds::audit::DifferenceKind as Kind;
use docmill_crds::records::units::{RecordedDocument, UnitId, UnitState};

use super::{Backing, Hit, IndexedDocument, judge, judge_document, judge_hit, unreadable_document};
use crate::ingest::unit::object_version::ObjectVersion;
use crate::run::audit::difference::{Difference, Target};
use crate::run::audit::inventory::{AuditScope, Inventory, Record};

const CREATED: i64 = 1_000_000;

fn scope(on_delete: OnDelete) -> AuditScope {
    let location = |bucket: &str| BucketLocation { bucket: bucket.into(), prefix: "p/".into() };
    AuditScope {
        raw: RawLocation {
            bucket: "raw".into(),
            prefix: String::new(),
            suffixes: vec![".xml".into()],
            on_delete,
        },
        snapshots: location("json"),
        errors: location("errors"),
        ledger_index: "docmill-units-n.s".into(),
        source: "n/s".into(),
        success_state: UnitState::Indexed,
        created_millis: CREATED,
        has_expired_records: false,
    }
}

fn unit(key: &str, version: &str) -> UnitId {
    UnitId { bucket: "raw".into(), key: key.into(), version: version.into() }
}

fn object(etag: &str) -> ObjectVersion {
    ObjectVersion { version_id: None, etag: Some(etag.into()), last_modified_millis: CREATED - 1 }
}

fn record(unit: &UnitId, state: UnitState) -> Record {
    let snapshot = (state == UnitState::Indexed).then(|| format!("p/{}/{}/5f.json", unit.key, unit.digest()));
    Record {
        unit: unit.clone(),
        state,
        reason: (state == UnitState::Failed).then(|| "MissingField".into()),
        snapshot,
        document_count: i64::from(state == UnitState::Indexed),
        last_modified: Some("2026-01-01T00:00:00.000Z".into()),
    }
}

/// One indexed and one failed unit, with everything that belongs to them.
fn sound() -> Inventory {
    let mut inventory = Inventory::default();
    for (key, state) in [("good.xml", UnitState::Indexed), ("bad.xml", UnitState::Failed)] {
        let unit = unit(key, "1");
        inventory.raw.insert(key.into(), object("1"));
        let record = record(&unit, state);
        if let Some(snapshot) = &record.snapshot {
            inventory.snapshots.insert(snapshot.trim_start_matches("p/").into());
        }
        inventory.records.push((unit.digest(), record));
    }
    inventory.errors.extend(evidence_of("bad.xml"));
    inventory
}

/// Keys of copy and error record of version 1 of an object, without what they all begin with.
fn evidence_of(key: &str) -> [String; 2] {
    let copy = format!("{key}/{}", unit(key, "1").digest());
    [copy.clone(), format!("{copy}.error.json")]
}

fn differences(scope: &AuditScope, inventory: &Inventory) -> Vec<(Kind, String)> {
    let (_, found) = judge(scope, inventory);
    found.into_iter().map(|Difference { kind, key, .. }| (kind, key)).collect()
}

#[test]
fn a_sound_source_has_no_difference_and_no_question() {
    let (scope, inventory) = (scope(OnDelete::Keep), sound());
    assert!(inventory.open_lookups(&scope).is_empty());
    let (sums, found) = judge(&scope, &inventory);
    assert_eq!(found, []);
    assert_eq!((sums.raw, sums.indexed, sums.failed, sums.pending), (2, 1, 1, 0));
}

#[test]
fn a_packed_snapshot_is_missed_unless_it_is_that_of_its_unit() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    let reference = "p/.docmill/packs/2026/01/02/00.json.zst#0+9".to_owned();
    inventory.records[0].1.snapshot = Some(reference.clone());
    let lookup_keys = inventory.open_lookups(&scope);
    assert_eq!((lookup_keys.packed.len(), lookup_keys.snapshots.len()), (1, 0));
    let missed = [(Kind::SnapshotMissing, "good.xml".to_owned())];
    let answers = [(None, &missed[..]), (Some("another"), &missed), (Some("own"), &[])];
    let own = inventory.records[0].0.clone();
    for (answer, expected) in answers {
        let answer = answer.map(|unit| if unit == "own" { own.clone() } else { unit.to_owned() });
        inventory.lookup_results.packed.insert(reference.clone(), answer);
        assert!(inventory.open_lookups(&scope).packed.is_empty(), "looked up once");
        assert_eq!(differences(&scope, &inventory), expected);
    }
}

#[test]
fn an_object_without_a_record_is_unaccounted_unless_it_has_just_landed() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    inventory.raw.insert("new.xml".into(), object("1"));
    assert_eq!(differences(&scope, &inventory), [(Kind::Unaccounted, "new.xml".into())]);
    inventory.raw.get_mut("new.xml").unwrap().last_modified_millis = CREATED + 1;
    assert_eq!(differences(&scope, &inventory), []);
    assert_eq!(judge(&scope, &inventory).0.pending, 1);
}

#[test]
fn an_object_that_was_passed_over_and_is_there_is_unaccounted() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    inventory.records[0].1 =
        Record { reason: Some("ObjectGone".into()), ..record(&unit("good.xml", "1"), UnitState::Skipped) };
    assert_eq!(differences(&scope, &inventory), [(Kind::Unaccounted, "good.xml".into())]);
}

#[test]
fn a_folder_marker_that_was_passed_over_is_accounted_for() {
    let mut inventory = sound();
    let marker = unit("2026/.xml", "1");
    inventory.raw.insert(marker.key.clone(), object("1"));
    let skipped =
        |reason: &str| Record { reason: Some(reason.into()), ..record(&marker, UnitState::Skipped) };
    inventory.records.push((marker.digest(), skipped("FolderMarker")));
    assert_eq!(differences(&scope(OnDelete::Keep), &inventory), []);
}

#[test]
fn a_second_record_of_a_unit_is_found() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    let copy = inventory.records[0].1.clone();
    inventory.records.push(("other".into(), copy));
    assert_eq!(differences(&scope, &inventory), [(Kind::RecordTwice, "good.xml".into())]);
}

#[test]
fn a_removed_object_is_a_difference_only_where_its_documents_go_too() {
    let mut inventory = sound();
    inventory.raw.remove("good.xml");
    assert_eq!(differences(&scope(OnDelete::Keep), &inventory), []);
    assert_eq!(judge(&scope(OnDelete::Keep), &inventory).0.former, 1);
    let expected = [(Kind::RecordWithoutObject, "good.xml".into())];
    assert_eq!(differences(&scope(OnDelete::Delete), &inventory), expected);
}

#[test]
fn what_was_only_converted_has_to_go_into_an_index_that_there_is_by_now() {
    let mut inventory = sound();
    inventory.records[0].1.state = UnitState::Converted;
    let converting = AuditScope { success_state: UnitState::Converted, ..scope(OnDelete::Keep) };
    assert_eq!(differences(&converting, &inventory), []);
    assert_eq!(judge(&converting, &inventory).0.converted, 1);
    assert_eq!(differences(&scope(OnDelete::Keep), &inventory), [(Kind::Unaccounted, "good.xml".into())]);
}

#[test]
fn an_older_version_has_to_give_way_once_the_newer_one_is_done() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    inventory.raw.insert("good.xml".into(), object("2"));
    assert_eq!(differences(&scope, &inventory), [(Kind::Unaccounted, "good.xml".into())]);
    let newer = unit("good.xml", "2");
    let done = Record { snapshot: None, ..record(&newer, UnitState::Indexed) };
    inventory.records.push((newer.digest(), done));
    assert_eq!(differences(&scope, &inventory), [(Kind::RecordWithoutObject, "good.xml".into())]);
}

#[test]
fn a_snapshot_is_missing_only_when_it_was_looked_for_and_not_there() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    inventory.snapshots.clear();
    let lookup_keys = inventory.open_lookups(&scope).snapshots;
    assert_eq!(lookup_keys.len(), 1);
    inventory.lookup_results.snapshots.extend(lookup_keys.iter().map(|key| (key.clone(), false)));
    assert!(inventory.open_lookups(&scope).is_empty());
    assert_eq!(differences(&scope, &inventory), [(Kind::SnapshotMissing, "good.xml".into())]);
    inventory.lookup_results.snapshots.extend(lookup_keys.into_iter().map(|key| (key, true)));
    assert_eq!(differences(&scope, &inventory), []);
}

#[test]
fn a_snapshot_of_nobody_is_orphaned_if_it_is_of_this_source() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    let digest = unit("gone.xml", "1").digest();
    let key = format!("gone.xml/{digest}/5f.json");
    inventory.snapshots.insert(key.clone());
    assert!(inventory.open_lookups(&scope).records.contains(&digest));
    inventory.lookup_results.records.insert(digest.clone(), None);
    assert!(inventory.open_lookups(&scope).raw.contains("gone.xml"));
    inventory.lookup_results.raw.insert("gone.xml".into(), None);
    assert!(inventory.open_lookups(&scope).snapshot_owners.contains(&key));
    inventory.lookup_results.snapshot_owners.insert(key.clone(), Some("n/other".into()));
    assert_eq!(differences(&scope, &inventory), []);
    inventory.lookup_results.snapshot_owners.insert(key, Some("n/s".into()));
    assert_eq!(differences(&scope, &inventory), [(Kind::SnapshotOrphaned, "gone.xml".into())]);
    inventory.lookup_results.raw.insert("gone.xml".into(), Some(object("1")));
    assert_eq!(differences(&scope, &inventory), [], "it is on its way");
}

#[test]
fn a_failed_unit_has_its_evidence() {
    let (scope, sound) = (scope(OnDelete::Keep), sound());
    let [copy, record] = evidence_of("bad.xml");
    for lost in [&copy, &record] {
        let mut inventory = sound.clone();
        inventory.errors.remove(lost);
        let full = format!("p/objects/{lost}");
        assert_eq!(inventory.open_lookups(&scope).errors, [full.clone()].into());
        inventory.lookup_results.errors.insert(full, false);
        assert_eq!(differences(&scope, &inventory), [(Kind::EvidenceMissing, "bad.xml".into())]);
    }
    let mut inventory = sound;
    inventory.errors.remove(&copy);
    inventory.raw.remove("bad.xml");
    assert_eq!(differences(&scope, &inventory), [], "there was nothing left to copy");
}

#[test]
fn an_error_record_that_says_so_is_all_the_evidence_there_is() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    let [copy, record] = evidence_of("bad.xml").map(|key| format!("p/objects/{key}"));
    inventory.errors.remove(&copy["p/objects/".len()..]);
    inventory.lookup_results.errors.insert(copy, false);
    assert_eq!(inventory.open_lookups(&scope).uncopied, [record.clone()].into());
    inventory.lookup_results.uncopied.insert(record.clone(), true);
    assert!(inventory.open_lookups(&scope).is_empty());
    assert_eq!(differences(&scope, &inventory), []);
    inventory.lookup_results.uncopied.insert(record, false);
    assert_eq!(differences(&scope, &inventory), [(Kind::EvidenceMissing, "bad.xml".into())]);
}

#[test]
fn evidence_of_an_indexed_unit_is_left_over_and_told_once() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    inventory.errors.extend(evidence_of("good.xml"));
    assert!(inventory.open_lookups(&scope).is_empty());
    assert_eq!(differences(&scope, &inventory), [(Kind::EvidenceLeft, "good.xml".into())]);
    inventory.errors.remove(&evidence_of("good.xml")[1]);
    assert_eq!(differences(&scope, &inventory), [(Kind::EvidenceLeft, "good.xml".into())]);
    let digest = unit("good.xml", "1").digest();
    inventory.records.retain(|(id, _)| *id != digest);
    assert_eq!(inventory.open_lookups(&scope).records, [digest.clone()].into());
    inventory.lookup_results.records.insert(digest, None);
    let found = differences(&scope, &inventory);
    assert!(!found.iter().any(|(kind, _)| *kind == Kind::EvidenceLeft), "it is on its way: {found:?}");
}

#[test]
fn evidence_of_a_version_that_is_gone_is_left_over() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    let digest = unit("gone.xml", "1").digest();
    inventory.errors.extend(evidence_of("gone.xml"));
    inventory.lookup_results.records.insert(digest.clone(), None);
    assert_eq!(inventory.open_lookups(&scope).raw, ["gone.xml".to_owned()].into());
    inventory.lookup_results.raw.insert("gone.xml".into(), None);
    let left = [(Kind::EvidenceLeft, "gone.xml".to_owned())];
    assert_eq!(differences(&scope, &inventory), left);
    inventory.lookup_results.raw.insert("gone.xml".into(), Some(object("2")));
    assert_eq!(differences(&scope, &inventory), left, "another version is there");
    inventory.lookup_results.raw.insert("gone.xml".into(), Some(object("1")));
    assert_eq!(differences(&scope, &inventory), [], "it is on its way");
}

#[test]
fn what_is_no_evidence_is_left_alone() {
    let (scope, mut inventory) = (scope(OnDelete::Keep), sound());
    inventory.errors.extend(["1.xml".to_owned(), "bad.xml.error.json".to_owned()]);
    assert!(inventory.open_lookups(&scope).is_empty());
    assert_eq!(differences(&scope, &inventory), []);
}

fn seen(unit: &str, last_modified: &str) -> IndexedDocument {
    IndexedDocument { unit: unit.into(), last_modified: Some(last_modified.into()), version: 7 }
}

#[test]
fn a_document_is_there_as_this_unit_or_a_newer_one_has_it() {
    let record = record(&unit("good.xml", "1"), UnitState::Indexed);
    let named = RecordedDocument { index: "a".into(), id: "1".into(), digest: String::new() };
    let kind =
        |seen: Option<&IndexedDocument>| judge_document("d", &record, &named, seen).map(|found| found.kind);
    assert_eq!(kind(None), Some(Kind::DocumentMissing));
    assert_eq!(kind(Some(&seen("d", "2020-01-01T00:00:00.000Z"))), None);
    assert_eq!(kind(Some(&seen("e", "2026-01-01T00:00:00.001Z"))), None);
    assert_eq!(kind(Some(&seen("e", "2025-12-31T23:59:59.999Z"))), Some(Kind::DocumentOfOlderUnit));
}

#[test]
fn a_document_of_a_closed_index_is_reported_and_not_restored() {
    let record = record(&unit("good.xml", "1"), UnitState::Indexed);
    let named = RecordedDocument { index: "a".into(), id: "1".into(), digest: String::new() };
    let fault = ErrorCause { status: 400, kind: "index_closed_exception".into(), reason: "closed".into() };
    let difference = unreadable_document("d", &record, &named, &fault);
    assert_eq!((difference.kind, difference.target), (Kind::DocumentMissing, Target::Unit));
    assert!(difference.found.contains("index_closed_exception"), "{}", difference.found);
}

#[test]
fn a_document_that_no_record_names_is_orphaned() {
    let seen = seen("d", "2026-01-01T00:00:00.000Z");
    let hit = Hit { index: "a", id: "1", key: "good.xml", seen: &seen };
    let indexed = record(&unit("good.xml", "1"), UnitState::Indexed);
    let skipped = record(&unit("good.xml", "1"), UnitState::Skipped);
    let none = Backing { record: None, named: None, is_present: false, newest_index: None };
    let orphaned = |on_delete, backing| judge_hit(&scope(on_delete), hit, backing).is_some();
    assert!(orphaned(OnDelete::Keep, none));
    assert!(!orphaned(OnDelete::Keep, Backing { is_present: true, ..none }));
    assert!(!orphaned(OnDelete::Keep, Backing { record: Some(&indexed), named: Some(true), ..none }));
    assert!(!orphaned(OnDelete::Keep, Backing { record: Some(&indexed), named: None, ..none }));
    assert!(orphaned(OnDelete::Keep, Backing { record: Some(&indexed), named: Some(false), ..none }));
    assert!(!orphaned(OnDelete::Keep, Backing { record: Some(&skipped), ..none }));
    assert!(orphaned(OnDelete::Keep, Backing { record: Some(&skipped), newest_index: Some("b"), ..none }));
    assert!(orphaned(OnDelete::Delete, Backing { record: Some(&skipped), ..none }));
}

#[test]
fn where_records_expire_an_older_unit_without_one_is_no_difference() {
    let expiring = |on_delete| AuditScope { has_expired_records: true, ..scope(on_delete) };
    let seen = seen("d", "2026-01-01T00:00:00.000Z");
    let hit = Hit { index: "a", id: "1", key: "good.xml", seen: &seen };
    let none = Backing { record: None, named: None, is_present: false, newest_index: None };
    let orphaned = |on_delete, backing| judge_hit(&expiring(on_delete), hit, backing).is_some();
    assert!(!orphaned(OnDelete::Keep, none));
    assert!(orphaned(OnDelete::Keep, Backing { newest_index: Some("b"), ..none }), "it has moved");
    assert!(orphaned(OnDelete::Delete, none), "it had to go with its object");

    let mut inventory = sound();
    let digest = unit("gone.xml", "1").digest();
    let snapshot = format!("gone.xml/{digest}/5f.json");
    inventory.snapshots.insert(snapshot.clone());
    assert!(inventory.open_lookups(&expiring(OnDelete::Keep)).is_empty());
    inventory.lookup_results.records.insert(digest, None);
    inventory.lookup_results.raw.insert("gone.xml".into(), None);
    inventory.lookup_results.snapshot_owners.insert(snapshot, Some("n/s".into()));
    let orphaned = [(Kind::SnapshotOrphaned, "gone.xml".to_owned())];
    assert_eq!(differences(&scope(OnDelete::Keep), &inventory), orphaned);
    assert_eq!(differences(&expiring(OnDelete::Keep), &inventory), []);
}

#[test]
fn documents_go_with_an_object_that_was_removed_and_not_with_one_that_was_replaced() {
    let deletes = |inventory: &Inventory| -> Vec<bool> {
        let (_, found) = judge(&scope(OnDelete::Delete), inventory);
        let found = found.iter().filter(|it| it.kind == Kind::RecordWithoutObject);
        found.map(Difference::deletes).collect()
    };
    let mut removed = sound();
    removed.raw.remove("good.xml");
    assert_eq!(deletes(&removed), [true]);
    let mut replaced = sound();
    replaced.raw.insert("good.xml".into(), object("2"));
    let newer = unit("good.xml", "2");
    replaced.records.push((newer.digest(), record(&newer, UnitState::Indexed)));
    assert_eq!(deletes(&replaced), [false]);
}
