//! What has to be written when a unit is finished: its record, the records of the units that it replaced, and
//! the evidence of a refusal. Pure.

use std::collections::{BTreeSet, HashMap};

use docmill_clients::elastic::StoredDocument;
use docmill_crds::api::storage::OnDelete;
use docmill_crds::reason::SkipReason;
use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::{RecordedDocument, UnitId, UnitRecord, UnitState};

use super::commit_request::CommitRequest;
use super::removed_documents::{self, DocumentsToDelete};
use crate::ingest::ledger::errors_bucket::ErrorRecord;
use crate::ingest::ledger::record::Recorder;
use crate::ingest::unit::indexing::{StoredDocuments, UnitIndexing};
use crate::ingest::unit::known::KnownRecord;
use crate::ingest::unit::prepared::{Converted, ConvertedDocuments, Prepared};
use crate::ingest::unit::task::UnitOutcome;

/// The version of a record without a head behind it; every other record is newer.
const HEADLESS: u64 = 1;

/// What became of the record of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// It is stored.
    Stored,
    /// A newer record of the unit is stored.
    Superseded,
    /// Neither, for now: the unit is tried again later.
    Unfinished,
}

/// What has to be written for a unit.
#[derive(Debug)]
pub struct LedgerUpdate {
    /// What to do about the errors bucket.
    pub evidence: EvidenceChange,
    /// Records with their versions, the unit's own first.
    pub records: Vec<(UnitRecord, u64)>,
    /// Documents of an earlier conversion that this one does not have.
    dropped: Option<DeletionRequest>,
    /// Documents of earlier units of the key that this one does not have.
    left_behind: Vec<DeletionRequest>,
    outcome: UnitOutcome,
}

/// Documents that have to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionRequest {
    /// The documents.
    pub documents: DocumentsToDelete,
    /// Excludes documents claimed by a unit that took the key with this version or a later one.
    pub below: u64,
}

/// What to do about the errors bucket.
#[derive(Debug, Default)]
pub struct EvidenceChange {
    /// Keep the unit's object, and this record.
    pub keep: Option<Box<ErrorRecord>>,
    /// Units whose evidence has to be removed: this one, if it is no longer refused, and failed units that it
    /// replaces.
    pub remove: Vec<UnitId>,
}

impl EvidenceChange {
    /// Whether there is nothing to do.
    pub fn is_settled(&self) -> bool {
        self.keep.is_none() && self.remove.is_empty()
    }
}

impl LedgerUpdate {
    fn without_evidence(records: Vec<(UnitRecord, u64)>, outcome: UnitOutcome) -> Self {
        Self { evidence: EvidenceChange::default(), records, dropped: None, left_behind: Vec::new(), outcome }
    }

    /// The documents that have to be deleted.
    pub fn deletion_requests(&self, on_delete: OnDelete) -> Vec<DeletionRequest> {
        let left_behind: &[_] = if on_delete == OnDelete::Delete { &self.left_behind } else { &[] };
        self.dropped.iter().chain(left_behind).cloned().collect()
    }

    /// The outcome of the unit, once it is known what became of its record.
    pub fn outcome(self, record_outcome: RecordOutcome) -> UnitOutcome {
        match (record_outcome, self.outcome) {
            (RecordOutcome::Unfinished, _) => UnitOutcome::Unfinished,
            (RecordOutcome::Superseded, UnitOutcome::Final { .. }) => {
                skipped_outcome(SkipReason::Superseded, true)
            }
            (_, outcome) => outcome,
        }
    }
}

fn skipped_outcome(reason: SkipReason, changed: bool) -> UnitOutcome {
    let reason = Some(reason.as_str().to_owned());
    UnitOutcome::Final { state: UnitState::Skipped, reason, changed }
}

/// Records of units by id; `None` for a unit that has no record.
pub type EarlierRecords = HashMap<UnitId, Option<StoredDocument>>;

/// Decides what has to be written for a unit.
pub fn plan_update(
    request: &CommitRequest,
    earlier: &EarlierRecords,
    recorder: &Recorder,
    now_millis: i64,
) -> LedgerUpdate {
    let known = request.known.as_ref();
    match (&request.prepared, &request.indexing) {
        (Prepared::Nothing, _) => LedgerUpdate::without_evidence(Vec::new(), UnitOutcome::Nothing),
        (Prepared::Skipped(unit, reason), _) => skipped(request, unit, *reason, recorder, now_millis),
        (Prepared::Converted(converted), Some(UnitIndexing::Superseded(head))) => {
            let attempts = request.attempts;
            let (record, reason) = if head.gone {
                let reason = if head.forgotten { SkipReason::Forgotten } else { SkipReason::ObjectGone };
                (recorder.of_gone(&converted.unit, reason, attempts, now_millis), reason)
            } else {
                let record = recorder.of_superseded(&converted.unit, &head.unit, attempts, now_millis);
                (record, SkipReason::Superseded)
            };
            let changed = known.is_none_or(|known| differ(&known.record, &record));
            let records = if changed { vec![(record, replaced_record_version(head))] } else { Vec::new() };
            LedgerUpdate::without_evidence(records, skipped_outcome(reason, changed))
        }
        (Prepared::Converted(converted), Some(UnitIndexing::Current { key, stored })) => {
            CurrentUnit { request, converted, key: key.as_ref(), stored, earlier, recorder, now_millis }
                .plan_update()
        }
        (Prepared::Converted(converted), None) => unchanged(converted, known, recorder, now_millis),
    }
}

/// The version of the last record of a unit that this head replaced: newer than everything that the unit
/// wrote itself, older than everything that it writes if it ever takes the key back.
pub(crate) fn replaced_record_version(head: &KeyHead) -> u64 {
    own_record_version(head).saturating_sub(1)
}

/// The version of the records that the unit of a head writes itself, and of the records of a removed key.
pub(crate) fn own_record_version(head: &KeyHead) -> u64 {
    head.version.saturating_mul(2)
}

/// Handles an object that was not there, or that is empty. A unit that has a record keeps it: it was
/// ingested, and removed since. The exception is a folder marker, for which a record that says it was gone is
/// no longer true.
fn skipped(
    request: &CommitRequest,
    unit: &UnitId,
    reason: SkipReason,
    recorder: &Recorder,
    now_millis: i64,
) -> LedgerUpdate {
    let is_folder_marker = reason == SkipReason::FolderMarker;
    let has_other_reason = |record: &UnitRecord| {
        record.state == UnitState::Skipped && record.reason.as_deref() != Some(reason.as_str())
    };
    let version = match &request.known {
        Some(known) if is_folder_marker && has_other_reason(&known.record) => known.version,
        Some(known) => {
            return LedgerUpdate::without_evidence(Vec::new(), UnitOutcome::Known(known.record.state));
        }
        None => HEADLESS,
    };
    let record = recorder.of_skipped(unit.clone(), reason, request.attempts, now_millis);
    let reason = record.reason.clone();
    let outcome = UnitOutcome::Final { state: UnitState::Skipped, reason, changed: true };
    LedgerUpdate::without_evidence(vec![(record, version)], outcome)
}

/// Handles a conversion whose result is recorded already: only the revision may be new.
fn unchanged(
    converted: &Converted,
    known: Option<&KnownRecord>,
    recorder: &Recorder,
    now_millis: i64,
) -> LedgerUpdate {
    debug_assert!(matches!(converted.content, ConvertedDocuments::Unchanged));
    let records = known.filter(|known| known.record.revision != recorder.revision);
    let records = records.map(|known| (recorder.renewed(known.record.clone(), now_millis), known.version));
    let outcome = UnitOutcome::Final { state: recorder.success_state, reason: None, changed: false };
    LedgerUpdate::without_evidence(records.into_iter().collect(), outcome)
}

/// A unit that is the current one of its key.
struct CurrentUnit<'a> {
    request: &'a CommitRequest,
    converted: &'a Converted,
    key: Option<&'a KeyHead>,
    stored: &'a StoredDocuments,
    earlier: &'a EarlierRecords,
    recorder: &'a Recorder,
    now_millis: i64,
}

impl CurrentUnit<'_> {
    fn plan_update(&self) -> LedgerUpdate {
        let mut record =
            self.recorder.of_converted(self.converted, self.stored, self.request.attempts, self.now_millis);
        let known = self.request.known.as_ref().map(|known| &known.record);
        if self.stored.count == 0
            && let Some(known) = known
        {
            keep_documents(&mut record, known);
        }
        let superseded = self.superseded_records(&record);
        let left_behind = if record.state.is_good() { self.left_behind(&superseded) } else { Vec::new() };
        let dropped = known.and_then(|known| self.dropped(known));
        let outcome = UnitOutcome::Final {
            state: record.state,
            reason: record.reason.clone(),
            changed: known.is_none_or(|known| differ(known, &record)),
        };
        let evidence = self.evidence(&superseded);
        let version = self.key.map_or(HEADLESS, own_record_version);
        let own_record = std::iter::once((record, version));
        let records = own_record.chain(superseded.into_iter().map(|(_, record)| record)).collect();
        LedgerUpdate { evidence, records, dropped, left_behind, outcome }
    }

    /// Documents of the units that this one replaces. Heads tell which of them it has.
    fn left_behind(&self, superseded: &[(Option<UnitRecord>, (UnitRecord, u64))]) -> Vec<DeletionRequest> {
        let Some(key) = self.key else { return Vec::new() };
        let deletions = superseded.iter().filter_map(|(before, (record, _))| {
            let documents = match DocumentsToDelete::of(&record.unit, before.as_ref())? {
                DocumentsToDelete::Named(documents) => DocumentsToDelete::Named(self.missing(documents)?),
                more => more,
            };
            Some(DeletionRequest { documents, below: key.version })
        });
        deletions.collect()
    }

    /// Documents that an earlier conversion of the unit produced. If records do not name them all, the unit
    /// has claimed its key again ([`has_to_claim_again`](super::commit_request::has_to_claim_again)), so that
    /// heads tell them apart.
    fn dropped(&self, known: &UnitRecord) -> Option<DeletionRequest> {
        let key = self.key.filter(|_| self.stored.count > 0)?;
        if known.state == UnitState::Skipped {
            return None;
        }
        match DocumentsToDelete::of(&known.unit, Some(known))? {
            DocumentsToDelete::Named(documents) if !self.has_unnamed() => {
                let documents = DocumentsToDelete::Named(self.missing(documents)?);
                Some(DeletionRequest { documents, below: key.version.saturating_add(1) })
            }
            documents => Some(DeletionRequest { documents, below: key.version }),
        }
    }

    fn has_unnamed(&self) -> bool {
        usize::try_from(self.stored.count).is_ok_and(|count| count > self.stored.documents.len())
    }

    fn evidence(&self, superseded: &[(Option<UnitRecord>, (UnitRecord, u64))]) -> EvidenceChange {
        let Self { converted, recorder, request, .. } = self;
        let keep = recorder.error_record(converted, request.attempts, self.now_millis).map(Box::new);
        let own_unit = Some(&converted.unit.id);
        let own_unit =
            own_unit.filter(|_| keep.is_none() && request.known_state() == Some(UnitState::Failed));
        let earlier_units =
            superseded.iter().filter(|(before, _)| removed_documents::may_have_evidence(before.as_ref()));
        let earlier_units = earlier_units.map(|(_, (record, _))| &record.unit);
        EvidenceChange { keep, remove: own_unit.into_iter().chain(earlier_units).cloned().collect() }
    }

    /// The records of the units that this one replaces, as they are and as they have to be. If this unit has
    /// failed, a unit whose documents are in the index stays as it is: they are the last good ones.
    fn superseded_records(&self, own: &UnitRecord) -> Vec<(Option<UnitRecord>, (UnitRecord, u64))> {
        let Some(key) = self.key else { return Vec::new() };
        let superseded = self.request.earlier().into_iter().filter_map(|unit| {
            let stored = self.earlier.get(&unit).and_then(Option::as_ref);
            let before = stored.and_then(|stored| serde_json::from_value(stored.source.clone().into()).ok());
            let before: Option<UnitRecord> = before;
            let replaces = own.state.is_good()
                || before.as_ref().is_some_and(|before| before.state == UnitState::Failed);
            let marked = before.as_ref().is_some_and(|before| before.superseded_by.is_some());
            if !replaces || marked {
                return None;
            }
            let record = self.recorder.superseded(unit, before.clone(), &key.unit, self.now_millis);
            Some((before, (record, replaced_record_version(key))))
        });
        superseded.collect()
    }

    /// Returns those documents that this unit does not have, as far as it names what it has; `None` if there
    /// are none.
    fn missing(&self, documents: Vec<RecordedDocument>) -> Option<Vec<RecordedDocument>> {
        let present: BTreeSet<&str> =
            self.stored.documents.iter().map(|document| document.id.as_str()).collect();
        let missing = documents.into_iter().filter(|document| !present.contains(document.id.as_str()));
        let missing: Vec<_> = missing.collect();
        (!missing.is_empty()).then_some(missing)
    }
}

/// A unit that is refused now keeps what was stored of it before.
fn keep_documents(record: &mut UnitRecord, known: &UnitRecord) {
    record.documents.clone_from(&known.documents);
    record.document_count = known.document_count;
    record.documents_digest.clone_from(&known.documents_digest);
    if record.snapshot.is_none() {
        record.snapshot.clone_from(&known.snapshot);
    }
}

/// Whether anything about a unit has changed: its state, its reason, or its documents.
fn differ(before: &UnitRecord, now: &UnitRecord) -> bool {
    (before.state, &before.reason, before.document_count, &before.superseded_by)
        != (now.state, &now.reason, now.document_count, &now.superseded_by)
        || before.digest_of_documents() != now.digest_of_documents()
}

#[cfg(test)]
mod tests;
