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
    /// What became of its documents, if they have been stored.
    pub indexing: Option<UnitIndexing>,
    /// Its record so far.
    pub known: Option<KnownRecord>,
    /// How many attempts were made at it.
    pub attempts: i64,
    /// How long it has been redelivered for so far.
    pub redelivered_for: Duration,
    /// The index that keeps it from completing, if any.
    pub held: Option<HeldByIndex>,
    /// What to do about what is stored already.
    pub reprocess: Reprocess,
    /// Receives its outcome.
    pub reply_to: oneshot::Sender<UnitOutcome>,
}

impl CommitRequest {
    /// Bytes of the documents that are held in memory.
    pub fn bytes(&self) -> usize {
        let documents = self.index_request().map_or(&[][..], |unit| unit.documents);
        documents.iter().map(|document| document.line.len()).sum()
    }

    /// The unit's documents, if they have to be stored now.
    pub(crate) fn index_request(&self) -> Option<IndexRequest<'_>> {
        let Prepared::Converted(converted) = &self.prepared else { return None };
        let ConvertedDocuments::InMemory(documents) = &converted.content else { return None };
        if self.indexing.is_some() {
            return None;
        }
        let renew = has_to_claim_again(self.reprocess, self.known.as_ref(), documents.len());
        Some(IndexRequest { unit: &converted.unit, documents, renew })
    }

    /// Records what became of the unit's documents; `is_over` returns whether it has waited for an index for
    /// long enough. A unit that keeps waiting stays without an outcome.
    pub(crate) fn record_outcome(&mut self, outcome: IndexOutcome, is_over: impl Fn(&HeldByIndex) -> bool) {
        let Prepared::Converted(converted) = &mut self.prepared else { return };
        let Converted { content: ConvertedDocuments::InMemory(documents), refusals, .. } = &mut **converted
        else {
            return;
        };
        self.held = outcome.held().find(|held| !is_over(held)).cloned();
        if self.held.is_some() {
            return;
        }
        self.indexing = Some(match outcome {
            IndexOutcome::Superseded(head, _) => UnitIndexing::Superseded(head),
            IndexOutcome::Current { key, documents: outcomes } => {
                let mut indexing = UnitIndexing::Current { key: None, stored: StoredDocuments::default() };
                indexing.take_in(key, documents, outcomes, |recorded, failure| {
                    refusals.push(match failure {
                        IndexFailure::Rejected(fault) => rejected(recorded, &fault),
                        IndexFailure::Held(held) => blocked(recorded, &held),
                    });
                });
                indexing
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
        match &self.indexing {
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
pub(crate) fn has_to_claim_again(
    reprocess: Reprocess,
    known: Option<&KnownRecord>,
    documents: usize,
) -> bool {
    let differs = |known: &KnownRecord| {
        let record = &known.record;
        record.document_count > 0
            && (documents > MAX_RECORDED_DOCUMENTS || !removed_documents::names_all(record))
    };
    reprocess == Reprocess::Rewrite || known.is_some_and(differs)
}
