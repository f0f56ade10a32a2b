use std::collections::HashMap;
use std::time::Duration;

use docmill_clients::elastic::{ConcurrencyToken, StoredDocument};
use docmill_crds::api::storage::OnDelete;
use docmill_crds::conversion::RepairCounts;
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::{DocumentsDigest, RecordedDocument, UnitId, UnitRecord, UnitState};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    DeletionRequest, DocumentsToDelete, EarlierRecords, EvidenceChange, LedgerUpdate, RecordOutcome,
    plan_update,
};
use crate::ingest::commit::commit_request::{CommitRequest, has_to_claim_again};
use crate::ingest::ledger::record::Recorder;
use crate::ingest::unit::Unit;
use crate::ingest::unit::document::AddressedDocument;
use crate::ingest::unit::indexing::{DocumentOutcome, StoredDocuments, UnitIndexing};
use crate::ingest::unit::known::KnownRecord;
use crate::ingest::unit::overwritten::Overwritten;
use crate::ingest::unit::prepared::{Converted, ConvertedDocuments, Prepared};
use crate::ingest::unit::refusal::{RefusedPart, Stage};
use crate::ingest::unit::task::{Reprocess, UnitOutcome};

fn recorder() -> Recorder {
    let success_state = UnitState::Indexed;
    Recorder {
        source: "news/wire".into(),
        revision: "r2".into(),
        runner: "pod".into(),
        success_state,
        run: None,
    }
}

fn id(version: &str) -> UnitId {
    UnitId { bucket: "raw".into(), key: "k".into(), version: version.into() }
}

fn head(version: &str, earlier: &[&str]) -> KeyHead {
    let earlier = earlier.iter().map(|&version| version.to_owned()).collect();
    KeyHead { unit: id(version), last_modified: 2000, version: 2000, gone: false, forgotten: false, earlier }
}

fn recorded(document: &str) -> RecordedDocument {
    RecordedDocument { index: "a-1".into(), id: document.into(), digest: "d".into() }
}

fn documents(ids: &[&str]) -> Vec<AddressedDocument> {
    ids.iter().map(|id| AddressedDocument { recorded: recorded(id), line: b"{}".to_vec() }).collect()
}

/// A unit of version `2` with these documents stored, of which so many refusals were made.
fn commit_request(
    ids: &[&str],
    refusals: usize,
    earlier: &[&str],
    known: Option<KnownRecord>,
) -> CommitRequest {
    let refused = RefusedPart::of_object(Stage::Convert, Reason::MissingField, "no headline".into());
    let documents = documents(ids);
    let mut indexing = UnitIndexing::Current { key: None, stored: StoredDocuments::default() };
    let outcomes = vec![DocumentOutcome::Stored; documents.len()];
    indexing.take_in(head("2", earlier), &documents, outcomes, |_, _| {});
    let converted = Converted {
        unit: Unit { id: id("2"), version_id: None, last_modified_millis: 2000 },
        raw_digest: Some("00".into()),
        snapshot: Some("s".into()),
        content: ConvertedDocuments::InMemory(documents),
        overwritten: Overwritten::default(),
        repairs: RepairCounts::default(),
        refusals: vec![refused; refusals],
        memory_permit: None,
    };
    let prepared = Prepared::Converted(Box::new(converted));
    CommitRequest {
        prepared,
        indexing: Some(indexing),
        known,
        attempts: 1,
        redelivered_for: Duration::ZERO,
        held: None,
        reprocess: Reprocess::No,
        reply_to: oneshot::channel().0,
    }
}

fn record_of(version: &str, ids: &[&str], refusals: usize) -> UnitRecord {
    let update = planned(&commit_request(ids, refusals, &[], None), &EarlierRecords::new());
    let mut record = update.records.into_iter().next().expect("a record").0;
    record.unit = id(version);
    record
}

fn planned(request: &CommitRequest, earlier: &EarlierRecords) -> LedgerUpdate {
    plan_update(request, earlier, &recorder(), 5000)
}

fn stored(record: &UnitRecord) -> StoredDocument {
    let Value::Object(source) = json!(record) else { panic!("a record is an object") };
    StoredDocument { version: 1, state: ConcurrencyToken::default(), source }
}

fn known(record: UnitRecord) -> KnownRecord {
    KnownRecord { record, version: 4000 }
}

#[test]
fn without_an_index_documents_are_counted_and_not_named() {
    let mut indexing = UnitIndexing::Current { key: None, stored: StoredDocuments::default() };
    let nowhere = RecordedDocument { index: String::new(), id: String::new(), digest: "d".into() };
    let documents = [AddressedDocument { recorded: nowhere.clone(), line: b"{}".to_vec() }];
    indexing.take_in(head("2", &[]), &documents, vec![DocumentOutcome::Stored], |_, _| {});
    let mut request = commit_request(&[], 0, &[], None);
    request.indexing = Some(indexing);
    let recorder = Recorder { success_state: UnitState::Converted, ..recorder() };
    let update = plan_update(&request, &EarlierRecords::new(), &recorder, 5000);
    let record = &update.records[0].0;
    assert_eq!((record.state, record.document_count, record.documents.len()), (UnitState::Converted, 1, 0));
    assert_eq!(record.documents_digest, Some(DocumentsDigest::of([&nowhere])));
}

#[test]
fn a_digest_that_can_be_made_of_the_named_documents_is_left_out() {
    let record = record_of("1", &["x", "y"], 0);
    assert_eq!((record.documents_digest.as_ref(), record.documents.len()), (None, 2));
    assert_eq!(record.digest_of_documents(), Some(DocumentsDigest::of(&record.documents)));
    assert_ne!(record.digest_of_documents(), record_of("1", &["x"], 0).digest_of_documents());
    assert_eq!(record_of("1", &[], 1).digest_of_documents(), None);
}

#[test]
fn an_indexed_unit_marks_the_one_whose_place_it_took() {
    let before = record_of("1", &["x", "y"], 0);
    let earlier: EarlierRecords = HashMap::from([(id("1"), Some(stored(&before)))]);
    let update = planned(&commit_request(&["x"], 0, &["1"], None), &earlier);
    let [(own, own_version), (superseded, superseded_version)] = update.records.as_slice() else {
        panic!("two records: {update:?}")
    };
    assert_eq!((own.state, *own_version), (UnitState::Indexed, 4000));
    assert_eq!((superseded.state, superseded.reason.as_deref()), (UnitState::Skipped, Some("Superseded")));
    assert_eq!(superseded.superseded_by, Some(id("2").digest()));
    // Newer than whatever the earlier unit wrote itself, with any version of its head below 2000.
    assert!(*superseded_version > 2 * 1999 && superseded_version < own_version);
    assert_eq!(update.deletion_requests(OnDelete::Keep), []);
    assert_eq!(update.deletion_requests(OnDelete::Delete), [deletion(&["y"], 2000)]);
}

fn deletion(ids: &[&str], below: u64) -> DeletionRequest {
    DeletionRequest {
        documents: DocumentsToDelete::Named(ids.iter().map(|id| recorded(id)).collect()),
        below,
    }
}

#[test]
fn what_no_record_names_is_left_to_the_heads() {
    let large = |version| UnitRecord {
        document_count: 1001,
        snapshot: Some("s".into()),
        ..record_of(version, &["x", "y"], 0)
    };
    let earlier: EarlierRecords = HashMap::from([(id("1"), Some(stored(&large("1"))))]);
    let update = planned(&commit_request(&["x"], 0, &["1"], None), &earlier);
    let documents = DocumentsToDelete::InSnapshot { unit: id("1"), reference: "s".into(), count: 1001 };
    assert_eq!(update.deletion_requests(OnDelete::Delete), [DeletionRequest { documents, below: 2000 }]);
    // A conversion of the same unit takes the key anew, so that heads tell what it has no more.
    let before = || Some(known(large("2")));
    assert!(has_to_claim_again(Reprocess::Yes, before().as_ref(), 1));
    assert!(!has_to_claim_again(Reprocess::Yes, Some(&known(record_of("2", &["x"], 0))), 1));
    let documents = DocumentsToDelete::InSnapshot { unit: id("2"), reference: "s".into(), count: 1001 };
    let dropped = planned(&commit_request(&["x"], 0, &[], before()), &EarlierRecords::new())
        .deletion_requests(OnDelete::Keep);
    assert_eq!(dropped, [DeletionRequest { documents, below: 2000 }]);
}

#[test]
fn an_earlier_unit_that_never_came_to_its_end_is_looked_for() {
    let update = planned(&commit_request(&["x"], 0, &["1"], None), &HashMap::from([(id("1"), None)]));
    let documents = DocumentsToDelete::Unrecorded(id("1"));
    assert_eq!(update.deletion_requests(OnDelete::Delete), [DeletionRequest { documents, below: 2000 }]);
}

#[test]
fn a_unit_whose_key_was_removed_meanwhile_says_so() {
    let tombstone = KeyHead { gone: true, ..head("2", &[]) };
    let late = CommitRequest {
        indexing: Some(UnitIndexing::Superseded(tombstone)),
        ..commit_request(&[], 0, &[], None)
    };
    let update = planned(&late, &EarlierRecords::new());
    assert_eq!(update.records[0].0.reason.as_deref(), Some("ObjectGone"));
    assert!(
        matches!(update.outcome(RecordOutcome::Stored), UnitOutcome::Final { reason: Some(reason), .. } if reason == "ObjectGone")
    );
}

#[test]
fn a_unit_whose_record_is_still_to_come_is_marked_too() {
    let update = planned(&commit_request(&["x"], 0, &["1"], None), &HashMap::from([(id("1"), None)]));
    assert_eq!(update.records[1].0.unit, id("1"));
    assert_eq!(update.evidence.remove, [id("1")], "its worker may have died with a refusal");
}

#[test]
fn a_failed_unit_leaves_the_last_good_one_as_it_is() {
    let good: EarlierRecords = HashMap::from([(id("1"), Some(stored(&record_of("1", &["x"], 0))))]);
    assert_eq!(planned(&commit_request(&[], 1, &["1"], None), &good).records.len(), 1);
    let bad: EarlierRecords = HashMap::from([(id("1"), Some(stored(&record_of("1", &[], 1))))]);
    assert_eq!(planned(&commit_request(&[], 1, &["1"], None), &bad).records.len(), 2);
}

#[test]
fn a_success_removes_the_evidence_of_an_earlier_failure() {
    let failed = record_of("1", &[], 1);
    let earlier: EarlierRecords = HashMap::from([(id("1"), Some(stored(&failed)))]);
    assert_eq!(evidence(&commit_request(&["x"], 0, &["1"], None), &earlier), (false, vec![id("1")]));
    let own = || Some(known(record_of("2", &[], 1)));
    assert_eq!(
        evidence(&commit_request(&["x"], 0, &["1"], own()), &earlier),
        (false, vec![id("2"), id("1")])
    );
    assert_eq!(
        evidence(&commit_request(&["x"], 0, &[], own()), &EarlierRecords::new()),
        (false, vec![id("2")])
    );
    assert_eq!(evidence(&commit_request(&["x"], 0, &[], None), &EarlierRecords::new()), (false, vec![]));
}

#[test]
fn a_failure_keeps_its_evidence_and_removes_that_of_the_failure_whose_place_it_takes() {
    let own = Some(known(record_of("2", &[], 1)));
    assert_eq!(evidence(&commit_request(&[], 1, &[], own), &EarlierRecords::new()), (true, vec![]));
    let failed: EarlierRecords = HashMap::from([(id("1"), Some(stored(&record_of("1", &[], 1))))]);
    assert_eq!(evidence(&commit_request(&[], 1, &["1"], None), &failed), (true, vec![id("1")]));
    let good: EarlierRecords = HashMap::from([(id("1"), Some(stored(&record_of("1", &["x"], 0))))]);
    assert_eq!(evidence(&commit_request(&[], 1, &["1"], None), &good), (true, vec![]));
}

/// Whether the unit's own evidence is kept, and whose is removed.
fn evidence(request: &CommitRequest, earlier: &EarlierRecords) -> (bool, Vec<UnitId>) {
    let EvidenceChange { keep, remove } = planned(request, earlier).evidence;
    (keep.is_some(), remove)
}

#[test]
fn what_differs_from_the_record_is_a_change() {
    let changed = |request: CommitRequest| match planned(&request, &EarlierRecords::new())
        .outcome(RecordOutcome::Stored)
    {
        UnitOutcome::Final { changed, .. } => changed,
        other => panic!("not final: {other:?}"),
    };
    assert!(changed(commit_request(&["x"], 0, &[], None)));
    assert!(!changed(commit_request(&["x"], 0, &[], Some(known(record_of("2", &["x"], 0))))));
    assert!(changed(commit_request(&["x", "y"], 0, &[], Some(known(record_of("2", &["x"], 0))))));
    assert!(changed(commit_request(&[], 1, &[], Some(known(record_of("2", &["x"], 0))))));
}

#[test]
fn documents_that_a_conversion_no_longer_gives_go_and_those_of_a_refusal_stay() {
    let before = || Some(known(record_of("2", &["x", "y"], 0)));
    assert_eq!(
        planned(&commit_request(&["y"], 0, &[], before()), &EarlierRecords::new())
            .deletion_requests(OnDelete::Keep),
        [deletion(&["x"], 2001)]
    );
    let refused = planned(&commit_request(&[], 1, &[], before()), &EarlierRecords::new());
    assert_eq!(refused.deletion_requests(OnDelete::Delete), []);
    assert_eq!(refused.records[0].0.documents, [recorded("x"), recorded("y")]);
}

#[test]
fn an_object_that_is_gone_keeps_the_record_that_it_has() {
    let skipped = |known| CommitRequest {
        prepared: Prepared::Skipped(id("2"), SkipReason::ObjectGone),
        indexing: None,
        ..commit_request(&[], 0, &[], known)
    };
    let update = planned(&skipped(Some(known(record_of("2", &["x"], 0)))), &EarlierRecords::new());
    assert!(update.records.is_empty());
    assert_eq!(update.outcome(RecordOutcome::Stored), UnitOutcome::Known(UnitState::Indexed));
    assert_eq!(
        planned(&skipped(None), &EarlierRecords::new()).records[0].0.reason.as_deref(),
        Some("ObjectGone")
    );
}

#[test]
fn a_unit_that_came_too_late_says_so_once() {
    let late = |known| CommitRequest {
        indexing: Some(UnitIndexing::Superseded(head("3", &["2"]))),
        ..commit_request(&[], 0, &[], known)
    };
    let update = planned(&late(None), &EarlierRecords::new());
    let record = update.records[0].0.clone();
    assert_eq!(record.superseded_by, Some(id("3").digest()));
    assert!(planned(&late(Some(known(record))), &EarlierRecords::new()).records.is_empty());
}

#[test]
fn a_record_that_is_not_stored_makes_no_end() {
    let outcome = |record_outcome| {
        planned(&commit_request(&["x"], 0, &[], None), &EarlierRecords::new()).outcome(record_outcome)
    };
    assert_eq!(outcome(RecordOutcome::Unfinished), UnitOutcome::Unfinished);
    assert!(matches!(
        outcome(RecordOutcome::Superseded),
        UnitOutcome::Final { state: UnitState::Skipped, .. }
    ));
}
