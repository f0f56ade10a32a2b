//! Which documents a unit no longer has, and where they are named. Pure; [`document_deletion`](super::document_deletion)
//! deletes them.

use docmill_crds::reason::SkipReason;
use docmill_crds::records::units::{RecordedDocument, UnitId, UnitRecord, UnitState};

/// Documents of a unit that have to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentsToDelete {
    /// Exactly these.
    Named(Vec<RecordedDocument>),
    /// All that its snapshot has: its record counts more than it names.
    InSnapshot {
        /// The unit.
        unit: UnitId,
        /// Reference of the snapshot.
        reference: String,
        /// How many there are.
        count: i64,
    },
    /// Whatever the index has of it. No record names them: a worker claimed places for them, and then died or
    /// was overtaken.
    Unrecorded(UnitId),
}

impl DocumentsToDelete {
    /// All documents of a unit that held its key, according to its record. `None` if it has none.
    pub fn of(unit: &UnitId, record: Option<&UnitRecord>) -> Option<Self> {
        let Some(record) = record else { return Some(Self::Unrecorded(unit.clone())) };
        let unit = unit.clone();
        if record.state == UnitState::Skipped {
            return (!is_withdrawn(record)).then_some(Self::Unrecorded(unit));
        }
        if names_all(record) {
            return (!record.documents.is_empty()).then(|| Self::Named(record.documents.clone()));
        }
        Some(match &record.snapshot {
            Some(reference) => {
                Self::InSnapshot { unit, reference: reference.clone(), count: record.document_count }
            }
            None => Self::Unrecorded(unit),
        })
    }
}

/// Whether a record names all documents that its unit has.
pub fn names_all(record: &UnitRecord) -> bool {
    usize::try_from(record.document_count).is_ok_and(|count| count <= record.documents.len())
}

/// Whether the errors bucket may hold something of a unit that held its key. A worker that died before it
/// could record a refusal may have stored the evidence.
pub fn may_have_evidence(record: Option<&UnitRecord>) -> bool {
    record.is_none_or(|record| match record.state {
        UnitState::Failed => true,
        UnitState::Skipped => !is_withdrawn(record),
        UnitState::Indexed | UnitState::Converted => false,
    })
}

/// Whether the documents of a unit were taken back before this record was written.
pub fn is_withdrawn(record: &UnitRecord) -> bool {
    let reason = record.reason.as_deref();
    let withdrawn =
        [SkipReason::Superseded, SkipReason::ObjectRemoved, SkipReason::Forgotten].map(SkipReason::as_str);
    record.state == UnitState::Skipped && reason.is_some_and(|reason| withdrawn.contains(&reason))
}

#[cfg(test)]
mod tests {
    use docmill_crds::reason::SkipReason;
    use docmill_crds::records::units::{RecordedDocument, UnitId, UnitRecord, UnitState};

    use super::DocumentsToDelete;
    use crate::ingest::ledger::record::Recorder;

    fn unit() -> UnitId {
        UnitId { bucket: "raw".into(), key: "k".into(), version: "1".into() }
    }

    fn record(state: UnitState, reason: SkipReason) -> UnitRecord {
        let success_state = UnitState::Indexed;
        let recorder = Recorder {
            source: "news/wire".into(),
            revision: "r".into(),
            runner: "pod".into(),
            success_state,
            run: None,
        };
        UnitRecord { state, ..recorder.of_skipped(unit(), reason, 1, 0) }
    }

    fn of(record: &UnitRecord) -> Option<DocumentsToDelete> {
        DocumentsToDelete::of(&unit(), Some(record))
    }

    #[test]
    fn a_record_names_its_documents_up_to_a_number() {
        let documents = vec![RecordedDocument { index: "a".into(), id: "x".into(), digest: "d".into() }];
        let small = UnitRecord {
            documents: documents.clone(),
            document_count: 1,
            ..record(UnitState::Indexed, SkipReason::Superseded)
        };
        assert_eq!(of(&small), Some(DocumentsToDelete::Named(documents)));
        let large = UnitRecord { document_count: 2, snapshot: Some("s".into()), ..small };
        assert_eq!(
            of(&large),
            Some(DocumentsToDelete::InSnapshot { unit: unit(), reference: "s".into(), count: 2 })
        );
        let none = UnitRecord { document_count: 0, documents: Vec::new(), ..large };
        assert_eq!(of(&none), None);
    }

    #[test]
    fn what_no_record_names_is_looked_for_unless_it_was_taken_back() {
        assert_eq!(DocumentsToDelete::of(&unit(), None), Some(DocumentsToDelete::Unrecorded(unit())));
        for (reason, expected) in [
            (SkipReason::ObjectGone, Some(DocumentsToDelete::Unrecorded(unit()))),
            (SkipReason::ObjectReplaced, Some(DocumentsToDelete::Unrecorded(unit()))),
            (SkipReason::Superseded, None),
            (SkipReason::ObjectRemoved, None),
            (SkipReason::Forgotten, None),
        ] {
            assert_eq!(of(&record(UnitState::Skipped, reason)), expected, "{reason:?}");
        }
    }
}
