//! A unit that waits for its commit: what is known of it, and what becomes of its documents.

use std::time::Duration;

use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::{MAX_RECORDED_DOCUMENTS, UnitId, UnitState};
use tokio::sync::oneshot;

use super::removed_documents;
use crate::ingest::unit::indexing::{
    HeldByIndex, IndexFailure, IndexOutcome, IndexRequest, StoredDocuments, UnitIndexing,
};
use crate::ingest::unit::known::KnownRecord;
use crate::ingest::unit::prepared::{Converted, ConvertedDocuments, Prepared};
use crate::ingest::unit::refusal::{RefusedPart, blocked, rejected};
use crate::ingest::unit::task::{Reprocess, UnitOutcome};

/// A unit that waits for its commit.
#[derive(Debug)]
pub struct CommitRequest {
    /// What preparing it produced.
    pub prepared: Prepared,
    /// Where its documents are, if they have been placed.
    pub placed: Option<UnitIndexing>,
    /// Its record so far.
    pub known: Option<KnownRecord>,
    /// How many attempts were made at it.
    pub attempts: i64,
    /// How long it has been redelivered for so far.
    pub waited: Duration,
    /// The index that keeps it from completing, if any.
    pub held: Option<HeldByIndex>,
    /// What to do about what is stored already.
    pub reprocess: Reprocess,
    /// Receives its outcome.
    pub answer: oneshot::Sender<UnitOutcome>,
}

impl CommitRequest {
    /// Bytes of the documents that are held in memory.
    pub fn bytes(&self) -> usize {
        let documents = self.to_place().map_or(&[][..], |unit| unit.documents);
        documents.iter().map(|document| document.line.len()).sum()
    }

    /// The unit's documents, if they have to be placed now.
    pub(crate) fn to_place(&self) -> Option<IndexRequest<'_>> {
        let Prepared::Converted(converted) = &self.prepared else { return None };
        let ConvertedDocuments::InMemory(documents) = &converted.content else { return None };
        if self.placed.is_some() {
            return None;
        }
        let renew = takes_anew(self.reprocess, self.known.as_ref(), documents.len());
        Some(IndexRequest { unit: &converted.unit, documents, renew })
    }

    /// Records what became of the unit's documents; `is_over` returns whether it has waited for an index for
    /// long enough. A unit that keeps waiting is not placed.
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

    /// Whether its documents are too many to hold in memory.
    pub(crate) fn is_large(&self) -> bool {
        matches!(&self.prepared, Prepared::Converted(converted) if matches!(converted.content, ConvertedDocuments::InSnapshot))
    }

    /// Adds a refusal.
    pub(crate) fn refuse(&mut self, refused: RefusedPart) {
        if let Prepared::Converted(converted) = &mut self.prepared {
            converted.refusals.push(refused);
        }
    }

    /// The head of the unit's key, if the unit holds it.
    pub(crate) fn head(&self) -> Option<&KeyHead> {
        match &self.placed {
            Some(UnitIndexing::Current { key, .. }) => key.as_ref(),
            _ => None,
        }
    }

    /// The units that this one replaces.
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

/// Whether a unit that is stored again has to claim its key again with a new version: either what somebody
/// deleted has to be overwritten, or only heads can tell which of its earlier documents it no longer has.
/// `documents` is an upper bound on the number of documents it has now.
pub(crate) fn takes_anew(reprocess: Reprocess, known: Option<&KnownRecord>, documents: usize) -> bool {
    let differs = |known: &KnownRecord| {
        let record = &known.record;
        record.document_count > 0
            && (documents > MAX_RECORDED_DOCUMENTS || !removed_documents::names_all(record))
    };
    reprocess == Reprocess::Rewrite || known.is_some_and(differs)
}
