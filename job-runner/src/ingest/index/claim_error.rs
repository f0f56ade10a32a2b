//! Why heads could not be read or written, and who has to act.

use docmill_clients::aws::StoreError;
use docmill_clients::elastic::{ElasticError, ErrorCause, ItemOutcome};
use docmill_crds::contract::{Store, StoreProblemReason};
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::untrusted_text::UntrustedText;

use crate::ingest::unit::indexing::HeldByIndex;

/// Why a claim could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The heads index.
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    /// The raw bucket failed when asked what it holds.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A head cannot be read: something other than this release of Docmill wrote it.
    #[error(
        "failed to read a head of {index:?}: it is not of its form; delete the document {id:?} there, and run an audit"
    )]
    Unreadable {
        /// Name of the index.
        index: String,
        /// Its id.
        id: String,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The index rejects a head, which is never the fault of a unit.
    #[error(
        "{index:?} refuses {id:?}: {fault}; look for a mapping, an ingest pipeline or a setting of this index that Docmill did not make"
    )]
    Refused {
        /// Name of the index.
        index: String,
        /// Id of the head or mark.
        id: String,
        /// What Elasticsearch says.
        fault: ErrorCause,
    },
    /// An index with documents has trouble of its own.
    #[error("index {:?} keeps documents: {}", .0.index, .0.fault)]
    Held(HeldByIndex),
    /// Other workers won every round.
    #[error("failed to write heads of {index:?}: others wrote them each time in between")]
    Contended {
        /// Name of the index.
        index: String,
    },
}

/// Extracts the index that holds up the operation, if that is the only problem.
pub(crate) fn unless_held<T>(result: Result<T, CommitError>) -> Result<Option<HeldByIndex>, CommitError> {
    match result {
        Ok(_) => Ok(None),
        Err(CommitError::Held(held)) => Ok(Some(held)),
        Err(error) => Err(error),
    }
}

impl CommitError {
    /// Whether an item was written; `false` if somebody wrote it since it was read. A permanent rejection is
    /// an error.
    pub(crate) fn written(outcome: ItemOutcome, index: &str, id: &str) -> Result<bool, Self> {
        match outcome {
            ItemOutcome::Done => Ok(true),
            ItemOutcome::Superseded => Ok(false),
            ItemOutcome::Rejected(fault) => {
                Err(Self::Refused { index: index.to_owned(), id: id.to_owned(), fault })
            }
            ItemOutcome::Held(trouble, fault) => {
                Err(Self::Held(HeldByIndex { index: index.to_owned(), trouble, fault }))
            }
        }
    }
}

impl Classify for CommitError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Elastic(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Unreadable { .. } | Self::Refused { .. } => ErrorClass::User,
            Self::Held(_) => ErrorClass::Permanent,
            Self::Contended { .. } => ErrorClass::Transient,
        }
    }

    fn store_problem(&self) -> Option<(Store, StoreProblemReason)> {
        match self {
            Self::Elastic(error) => error.store_problem(),
            Self::Store(error) => error.store_problem(),
            Self::Unreadable { .. } | Self::Refused { .. } => {
                Some((Store::Elasticsearch, StoreProblemReason::Refused))
            }
            Self::Held(_) | Self::Contended { .. } => None,
        }
    }

    fn words(&self) -> Option<&UntrustedText> {
        match self {
            Self::Elastic(error) => error.words(),
            Self::Store(error) => error.words(),
            Self::Refused { fault, .. } => Some(&fault.reason),
            _ => None,
        }
    }
}
