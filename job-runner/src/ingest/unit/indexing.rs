//! Where the documents of a unit are to go, and what became of them there.

use std::time::Duration;

use docmill_clients::elastic::ErrorCause;
use docmill_clients::retry::RetryPolicy;
use docmill_crds::contract::IndexTrouble;
use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::{DocumentsDigest, MAX_RECORDED_DOCUMENTS, RecordedDocument};

use super::Unit;
use super::document::AddressedDocument;

/// How long one call waits for Elasticsearch; the caller retries, and claims again, since much can have
/// happened meanwhile.
pub const PATIENCE: RetryPolicy = RetryPolicy::lasting(Duration::from_secs(20));

/// A unit and documents of it.
#[derive(Clone, Copy, Debug)]
pub struct IndexRequest<'a> {
    /// The unit.
    pub unit: &'a Unit,
    /// Documents of it, or none where all were refused.
    pub documents: &'a [AddressedDocument],
    /// Write what is stored already by the unit again, with new versions, see
    /// [`ClaimRequest::renew`](crate::ingest::index::heads::ClaimRequest::renew).
    pub renew: bool,
}

/// What became of a unit's documents.
#[derive(Clone, Debug)]
pub enum IndexOutcome {
    /// A newer unit has the key, or it was removed; nothing was stored. Names the index that keeps what an
    /// earlier attempt stored, if any.
    Superseded(KeyHead, Option<HeldByIndex>),
    /// The unit is the current one of its key.
    Current {
        /// Its head.
        key: KeyHead,
        /// What became of each document.
        documents: Vec<DocumentOutcome>,
    },
}

impl IndexOutcome {
    /// The indices that keep its documents from their places.
    pub fn held(&self) -> impl Iterator<Item = &HeldByIndex> {
        let (lost, documents) = match self {
            Self::Superseded(_, held) => (held.as_ref(), &[][..]),
            Self::Current { documents, .. } => (None, &documents[..]),
        };
        lost.into_iter().chain(documents.iter().filter_map(DocumentOutcome::held))
    }
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentOutcome {
    /// It is stored, or a newer version of it is; without an index, its snapshot is.
    Stored,
    /// Elasticsearch refuses it.
    Rejected(ErrorCause),
    /// An index has trouble of its own: the document's, or one with an earlier copy of it.
    Held(HeldByIndex),
}

impl DocumentOutcome {
    pub(crate) fn held(&self) -> Option<&HeldByIndex> {
        match self {
            Self::Held(held) => Some(held),
            Self::Stored | Self::Rejected(_) => None,
        }
    }
}

/// An index that keeps a document from its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldByIndex {
    /// Name of the index.
    pub index: String,
    /// The kind of trouble.
    pub trouble: IndexTrouble,
    /// What Elasticsearch said.
    pub fault: ErrorCause,
}

/// Why a document is not stored.
#[derive(Clone, Debug)]
pub enum IndexFailure {
    /// Elasticsearch refuses it.
    Rejected(ErrorCause),
    /// An index has trouble of its own.
    Held(HeldByIndex),
}

/// What became of a unit as a whole.
#[derive(Clone, Debug)]
pub enum UnitIndexing {
    /// A newer unit has the key, or it was removed.
    Superseded(KeyHead),
    /// These documents of it are stored.
    Current {
        /// The head of its key; none if there was nothing to place.
        key: Option<KeyHead>,
        /// The documents.
        stored: StoredDocuments,
    },
}

/// The documents of a unit that are stored.
#[derive(Clone, Debug, Default)]
pub struct StoredDocuments {
    /// The first of them.
    pub documents: Vec<RecordedDocument>,
    /// How many there are.
    pub count: i64,
    digest: DocumentsDigest,
}

impl StoredDocuments {
    /// Adds a document.
    fn push(&mut self, document: &RecordedDocument) {
        self.count += 1;
        self.digest.push(document);
        // A document without an address cannot be named.
        if self.documents.len() < MAX_RECORDED_DOCUMENTS && !document.index.is_empty() {
            self.documents.push(document.clone());
        }
    }

    /// The digest over all of them.
    pub fn digest(&self) -> String {
        self.digest.clone().finish()
    }
}

impl UnitIndexing {
    /// Adds the outcomes of more documents; `failure` is called for those that are not stored.
    pub fn take_in(
        &mut self,
        head: KeyHead,
        documents: &[AddressedDocument],
        outcomes: Vec<DocumentOutcome>,
        mut failure: impl FnMut(&RecordedDocument, IndexFailure),
    ) {
        let Self::Current { key, stored } = self else { return };
        *key = Some(head);
        for (document, outcome) in documents.iter().zip(outcomes) {
            match outcome {
                DocumentOutcome::Stored => stored.push(&document.recorded),
                DocumentOutcome::Rejected(fault) => {
                    failure(&document.recorded, IndexFailure::Rejected(fault));
                }
                DocumentOutcome::Held(held_by) => failure(&document.recorded, IndexFailure::Held(held_by)),
            }
        }
    }
}
