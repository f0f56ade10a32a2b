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
    ended: UnitOutcome,
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
    fn without_evidence(records: Vec<(UnitRecord, u64)>, ended: UnitOutcome) -> Self {
        Self { evidence: EvidenceChange::default(), records, dropped: None, left_behind: Vec::new(), ended }
    }

    /// The documents that have to be deleted.
    pub fn gone(&self, on_delete: OnDelete) -> Vec<DeletionRequest> {
        let left_behind: &[_] = if on_delete == OnDelete::Delete { &self.left_behind } else { &[] };
        self.dropped.iter().chain(left_behind).cloned().collect()
    }

    /// The outcome of the unit, once it is known what became of its record.
    pub fn ended(self, recorded: RecordOutcome) -> UnitOutcome {
        match (recorded, self.ended) {
            (RecordOutcome::Unfinished, _) => UnitOutcome::Unfinished,
            (RecordOutcome::Superseded, UnitOutcome::Final { .. }) => {
                passed_over(SkipReason::Superseded, true)
            }
            (_, ended) => ended,
        }
    }
}

fn passed_over(reason: SkipReason, changed: bool) -> UnitOutcome {
    let reason = Some(reason.as_str().to_owned());
    UnitOutcome::Final { state: UnitState::Skipped, reason, changed }
}

/// Records of units by id; `None` for a unit that has no record.
pub type EarlierRecords = HashMap<UnitId, Option<StoredDocument>>;

/// Decides what has to be written for a unit.
pub fn close(
    work: &CommitRequest,
    earlier: &EarlierRecords,
    recorder: &Recorder,
    now_millis: i64,
) -> LedgerUpdate {
    let known = work.known.as_ref();
    match (&work.prepared, &work.placed) {
        (Prepared::Nothing, _) => LedgerUpdate::without_evidence(Vec::new(), UnitOutcome::Nothing),
        (Prepared::Skipped(unit, reason), _) => skipped(work, unit, *reason, recorder, now_millis),
        (Prepared::Converted(converted), Some(UnitIndexing::Superseded(head))) => {
            let attempts = work.attempts;
            let (record, reason) = if head.gone {
                let unit = &converted.unit;
                (recorder.of_gone(unit, attempts, now_millis), SkipReason::ObjectGone)
            } else {
                let record = recorder.of_superseded(&converted.unit, &head.unit, attempts, now_millis);
                (record, SkipReason::Superseded)
            };
            let changed = known.is_none_or(|known| differ(&known.record, &record));
            let records = if changed { vec![(record, before(head))] } else { Vec::new() };
            LedgerUpdate::without_evidence(records, passed_over(reason, changed))
        }
        (Prepared::Converted(converted), Some(UnitIndexing::Current { key, stored })) => {
            CurrentUnit { work, converted, key: key.as_ref(), stored, earlier, recorder, now_millis }.close()
        }
        (Prepared::Converted(converted), None) => unchanged(converted, known, recorder, now_millis),
    }
}

/// The version of the last record of a unit that this head replaced: newer than everything that the unit
/// wrote itself, older than everything that it writes if it ever takes the key back.
pub(crate) fn before(head: &KeyHead) -> u64 {
    own(head).saturating_sub(1)
}

/// The version of the records that the unit of a head writes itself, and of the records of a removed key.
pub(crate) fn own(head: &KeyHead) -> u64 {
    head.version.saturating_mul(2)
}

/// Handles an object that was not there, or that is empty. A unit that has a record keeps it: it was
/// ingested, and removed since. The exception is a folder marker, for which a record that says it was gone is
/// no longer true.
fn skipped(
    work: &CommitRequest,
    unit: &UnitId,
    reason: SkipReason,
    recorder: &Recorder,
    now_millis: i64,
) -> LedgerUpdate {
    let marks = reason == SkipReason::FolderMarker;
    let other = |record: &UnitRecord| {
        record.state == UnitState::Skipped && record.reason.as_deref() != Some(reason.as_str())
    };
    let version = match &work.known {
        Some(known) if marks && other(&known.record) => known.version,
        Some(known) => {
            return LedgerUpdate::without_evidence(Vec::new(), UnitOutcome::Known(known.record.state));
        }
        None => HEADLESS,
    };
    let record = recorder.of_skipped(unit.clone(), reason, work.attempts, now_millis);
    let reason = record.reason.clone();
    let ended = UnitOutcome::Final { state: UnitState::Skipped, reason, changed: true };
    LedgerUpdate::without_evidence(vec![(record, version)], ended)
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
    let ended = UnitOutcome::Final { state: recorder.good, reason: None, changed: false };
    LedgerUpdate::without_evidence(records.into_iter().collect(), ended)
}

/// A unit that is the current one of its key.
struct CurrentUnit<'a> {
    work: &'a CommitRequest,
    converted: &'a Converted,
    key: Option<&'a KeyHead>,
    stored: &'a StoredDocuments,
    earlier: &'a EarlierRecords,
    recorder: &'a Recorder,
    now_millis: i64,
}

impl CurrentUnit<'_> {
    fn close(&self) -> LedgerUpdate {
        let mut record =
            self.recorder.of_converted(self.converted, self.stored, self.work.attempts, self.now_millis);
        let known = self.work.known.as_ref().map(|known| &known.record);
        if self.stored.count == 0
            && let Some(known) = known
        {
            keep_documents(&mut record, known);
        }
        let marks = self.marks(&record);
        let left_behind = if record.state.is_good() { self.left_behind(&marks) } else { Vec::new() };
        let dropped = known.and_then(|known| self.dropped(known));
        let ended = UnitOutcome::Final {
            state: record.state,
            reason: record.reason.clone(),
            changed: known.is_none_or(|known| differ(known, &record)),
        };
        let evidence = self.evidence(&marks);
        let version = self.key.map_or(HEADLESS, own);
        let own = std::iter::once((record, version));
        let records = own.chain(marks.into_iter().map(|(_, mark)| mark)).collect();
        LedgerUpdate { evidence, records, dropped, left_behind, ended }
    }

    /// Documents of the units that this one replaces. Heads tell which of them it has.
    fn left_behind(&self, marks: &[(Option<UnitRecord>, (UnitRecord, u64))]) -> Vec<DeletionRequest> {
        let Some(key) = self.key else { return Vec::new() };
        let departed = marks.iter().filter_map(|(before, (mark, _))| {
            let documents = match DocumentsToDelete::of(&mark.unit, before.as_ref())? {
                DocumentsToDelete::Named(documents) => DocumentsToDelete::Named(self.missing(documents)?),
                more => more,
            };
            Some(DeletionRequest { documents, below: key.version })
        });
        departed.collect()
    }

    /// Documents that an earlier conversion of the unit produced. If records do not name them all, the unit
    /// has claimed its key again ([`takes_anew`](super::commit_request::takes_anew)), so that heads tell them
    /// apart.
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

    fn evidence(&self, marks: &[(Option<UnitRecord>, (UnitRecord, u64))]) -> EvidenceChange {
        let Self { converted, recorder, work, .. } = self;
        let keep = recorder.error_record(converted, work.attempts, self.now_millis).map(Box::new);
        let own = Some(&converted.unit.id);
        let own = own.filter(|_| keep.is_none() && work.known_state() == Some(UnitState::Failed));
        let earlier =
            marks.iter().filter(|(before, _)| removed_documents::may_have_evidence(before.as_ref()));
        let earlier = earlier.map(|(_, (mark, _))| &mark.unit);
        EvidenceChange { keep, remove: own.into_iter().chain(earlier).cloned().collect() }
    }

    /// The records of the units that this one replaces, as they are and as they have to be. If this unit has
    /// failed, a unit whose documents are in the index stays as it is: they are the last good ones.
    fn marks(&self, own: &UnitRecord) -> Vec<(Option<UnitRecord>, (UnitRecord, u64))> {
        let Some(key) = self.key else { return Vec::new() };
        let marks = self.work.earlier().into_iter().filter_map(|unit| {
            let stored = self.earlier.get(&unit).and_then(Option::as_ref);
            let before = stored.and_then(|stored| serde_json::from_value(stored.source.clone().into()).ok());
            let before: Option<UnitRecord> = before;
            let replaces = own.state.is_good()
                || before.as_ref().is_some_and(|before| before.state == UnitState::Failed);
            let marked = before.as_ref().is_some_and(|before| before.superseded_by.is_some());
            if !replaces || marked {
                return None;
            }
            let mark = self.recorder.superseded(unit, before.clone(), &key.unit, self.now_millis);
            Some((before, (mark, self::before(key))))
        });
        marks.collect()
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
    (before.state, &before.reason, &before.documents_digest, before.document_count, &before.superseded_by)
        != (now.state, &now.reason, &now.documents_digest, now.document_count, &now.superseded_by)
}

#[cfg(test)]
mod tests;
