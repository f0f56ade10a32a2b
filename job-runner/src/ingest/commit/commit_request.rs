//! A unit on its way to the end: what is known of it, and what becomes of its documents.

use std::time::Duration;

use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::{MAX_RECORDED_DOCUMENTS, UnitId, UnitState};
use tokio::sync::oneshot;

use super::removed_documents;
use crate::ingest::unit::known::KnownRecord;
use crate::ingest::unit::placement::{
    HeldByIndex, IndexFailure, IndexOutcome, IndexRequest, StoredDocuments, UnitIndexing,
};
use crate::ingest::unit::prepared::{Converted, ConvertedDocuments, Prepared};
use crate::ingest::unit::refusal::{RefusedPart, blocked, rejected};
use crate::ingest::unit::task::{Reprocess, UnitOutcome};

/// A unit on its way to the end.
#[derive(Debug)]
pub struct CommitRequest {
    /// What it became.
    pub prepared: Prepared,
    /// Where its documents are, if they are placed already.
    pub placed: Option<UnitIndexing>,
    /// Its record so far.
    pub known: Option<KnownRecord>,
    /// How often it was taken up.
    pub attempts: i64,
    /// For how long it has come again and again by now.
    pub waited: Duration,
    /// The index that keeps it from its end, if one does.
    pub held: Option<HeldByIndex>,
    /// What to do about what is there already.
    pub reprocess: Reprocess,
    /// Who waits for its end.
    pub answer: oneshot::Sender<UnitOutcome>,
}

impl CommitRequest {
    /// Bytes of the documents that are in memory.
    pub fn bytes(&self) -> usize {
        let documents = self.to_place().map_or(&[][..], |unit| unit.documents);
        documents.iter().map(|document| document.line.len()).sum()
    }

    /// The unit's documents, if they are to be placed now.
    pub(crate) fn to_place(&self) -> Option<IndexRequest<'_>> {
        let Prepared::Converted(converted) = &self.prepared else { return None };
        let ConvertedDocuments::InMemory(documents) = &converted.content else { return None };
        if self.placed.is_some() {
            return None;
        }
        let renew = takes_anew(self.reprocess, self.known.as_ref(), documents.len());
        Some(IndexRequest { unit: &converted.unit, documents, renew })
    }

    /// Takes in what became of the unit's documents; `is_over` says whether it has waited for an index for long enough. A unit
    /// that waits on is not placed.
    pub(crate) fn take_fate(&mut self, fate: IndexOutcome, is_over: impl Fn(&HeldByIndex) -> bool) {
        let Prepared::Converted(converted) = &mut self.prepared else { return };
        let Converted { content: ConvertedDocuments::InMemory(documents), refusals, .. } = &mut **converted
        else {
            return;
        };
        self.held = fate.held().find(|held| !is_over(held)).cloned();
        if self.held.is_some() {
            return;
        }
        self.placed = Some(match fate {
            IndexOutcome::Superseded(head, _) => UnitIndexing::Superseded(head),
            IndexOutcome::Current { key, documents: outcomes } => {
                let mut placed = UnitIndexing::Current { key: None, stored: StoredDocuments::default() };
                placed.take_in(key, documents, outcomes, |recorded, failure| {
                    refusals.push(match failure {
                        IndexFailure::Rejected(fault) => rejected(recorded, &fault),
                        IndexFailure::Held(held) => blocked(recorded, &held),
                    });
                });
                placed
            }
        });
    }

    /// Whether its documents are not in memory.
    pub(crate) fn is_large(&self) -> bool {
        matches!(&self.prepared, Prepared::Converted(converted) if matches!(converted.content, ConvertedDocuments::InSnapshot))
    }

    /// Adds a refusal.
    pub(crate) fn refuse(&mut self, refused: RefusedPart) {
        if let Prepared::Converted(converted) = &mut self.prepared {
            converted.refusals.push(refused);
        }
    }

    /// The head of the unit's key, if it is the unit's.
    pub(crate) fn head(&self) -> Option<&KeyHead> {
        match &self.placed {
            Some(UnitIndexing::Current { key, .. }) => key.as_ref(),
            _ => None,
        }
    }

    /// The units whose place this one takes.
    pub(crate) fn earlier(&self) -> Vec<UnitId> {
        let Some(head) = self.head() else { return Vec::new() };
        let unit = |version: &String| UnitId { version: version.clone(), ..head.unit.clone() };
        head.earlier.iter().map(unit).collect()
    }

    /// The state of the record so far.
    pub(crate) fn known_state(&self) -> Option<UnitState> {
        self.known.as_ref().map(|known| known.record.state)
    }
}

/// Whether a unit that is stored again has to take its key with a new version: what somebody deleted has to be overwritten, or
/// only heads can tell which documents of before it has no more. `documents` is how many it has now, at most.
pub(crate) fn takes_anew(reprocess: Reprocess, known: Option<&KnownRecord>, documents: usize) -> bool {
    let differs = |known: &KnownRecord| {
        let record = &known.record;
        record.document_count > 0
            && (documents > MAX_RECORDED_DOCUMENTS || !removed_documents::names_all(record))
    };
    reprocess == Reprocess::Rewrite || known.is_some_and(differs)
}
