//! Why a run could not be planned or processed.

use docmill_clients::aws::StoreError;
use docmill_clients::elastic::{ElasticError, OwnershipError};
use docmill_clients::secrets::MountError;
use docmill_crds::contract::{Store, StoreProblemReason};
use docmill_crds::conversion::ModelError;
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::untrusted_text::UntrustedText;
use tokio_util::sync::CancellationToken;

use crate::ingest::error::IngestError;
use crate::ingest::index::heads::CommitError;
use crate::ingest::snapshot::packed::PackError;

/// Why a run could not be planned, or a part of it not completed. What is wrong with a single unit is not an
/// error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The conversion of the source or of the run cannot work.
    #[error("conversion: {0}")]
    Model(#[from] ModelError),
    /// A mounted Secret cannot be read.
    #[error(transparent)]
    Secret(#[from] MountError),
    /// The object store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger, the index, or the records of runs.
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    /// The ledger or the records of runs cannot be used.
    #[error(transparent)]
    Claim(#[from] OwnershipError),
    /// The path of units cannot be set up.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A file of the run does not hold what was written into it.
    #[error("failed to read {key}: it is not of its form; was it changed? Create the run anew")]
    File {
        /// Key of the file in the snapshot bucket.
        key: String,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// A file of the run is missing.
    #[error(
        "failed to find {0} in the snapshot bucket; was it deleted, or is there a lifecycle rule? Create the run anew"
    )]
    Missing(String),
    /// Nothing that the run selects can be an object of the source.
    #[error(
        "spec.select: {selected:?} lies outside of the source, which takes keys that start with {prefix:?}{suffixes}"
    )]
    Outside {
        /// Prefix or key that the run names.
        selected: String,
        /// Prefix of the source.
        prefix: String,
        /// Its suffixes, in words; empty if it takes all.
        suffixes: String,
    },
    /// The order has no such part.
    #[error("failed to find part {0} in the work order")]
    NoPart(i32),
    /// Elasticsearch rejects a record of the run.
    #[error("failed to record the run: {0}")]
    RecordRefused(String),
    /// A tombstone, or what is left of a record, cannot be written.
    #[error(transparent)]
    Tombstone(#[from] CommitError),
    /// A pack from which snapshots are to be erased is not of its form.
    #[error("failed to erase snapshots from {key} of the snapshot bucket: {error}")]
    Pack {
        /// Key of the pack.
        key: String,
        /// What is wrong with it.
        error: PackError,
    },
    /// A search after the erasure found more.
    #[error(
        "failed to forget: a search after the erasure still finds {0}; something wrote it meanwhile, so let the run try again"
    )]
    Remains(String),
    /// What closed indices hold cannot be searched.
    #[error(
        "failed to forget: {count} indices of {pattern:?} are closed, and no search finds what they hold; the log names them: open or delete them, and let the run try again"
    )]
    Closed {
        /// Pattern of the names of the indices.
        pattern: String,
        /// How many are closed.
        count: usize,
    },
    /// Units did not complete within the waiting time.
    #[error(
        "failed to finish {left} of {lines} units of a file; an outage lasts, see the log for what hinders them"
    )]
    Unfinished {
        /// Units that did not complete.
        left: usize,
        /// Units of the file.
        lines: usize,
    },
    /// The day of a manifest is none.
    #[error("spec.day: {0:?} is no day; write YYYY-MM-DD")]
    NoDay(String),
    /// Somebody else wrote the statement of a manifest meanwhile, which is never replaced.
    #[error(
        "failed to write the manifest: meanwhile another run has written {0} of the snapshot bucket; the next attempt begins after it"
    )]
    Overtaken(String),
    /// The lines of a manifest cannot be compressed.
    #[error("failed to compress the lines of the manifest: {0}")]
    Compress(#[source] std::io::Error),
    /// The worker was asked to end.
    #[error("stopped before the part was done")]
    Stopped,
}

impl RunError {
    /// Of a single line that was given up: because the worker is to stop, or for now.
    pub(crate) fn given_up(stop: &CancellationToken) -> Self {
        if stop.is_cancelled() { Self::Stopped } else { Self::Unfinished { left: 1, lines: 1 } }
    }
}

impl Classify for RunError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Model(error) => error.class(),
            Self::Secret(_)
            | Self::Unfinished { .. }
            | Self::Compress(_)
            | Self::Remains(_)
            | Self::Overtaken(_)
            | Self::Stopped => ErrorClass::Transient,
            Self::Store(error) => error.class(),
            Self::Elastic(error) => error.class(),
            Self::Claim(error) => error.class(),
            Self::Ingest(error) => error.class(),
            Self::Tombstone(error) => error.class(),
            Self::Pack { error, .. } => error.class(),
            Self::File { .. }
            | Self::Missing(_)
            | Self::NoPart(_)
            | Self::NoDay(_)
            | Self::Outside { .. } => ErrorClass::Permanent,
            Self::RecordRefused(_) | Self::Closed { .. } => ErrorClass::User,
        }
    }

    fn store_problem(&self) -> Option<(Store, StoreProblemReason)> {
        match self {
            Self::Store(error) => error.store_problem(),
            Self::Elastic(error) => error.store_problem(),
            Self::Claim(error) => error.store_problem(),
            Self::Tombstone(error) => error.store_problem(),
            Self::Ingest(error) => error.store_problem(),
            _ => None,
        }
    }

    fn words(&self) -> Option<&UntrustedText> {
        match self {
            Self::Store(error) => error.words(),
            Self::Elastic(error) => error.words(),
            Self::Claim(error) => error.words(),
            Self::Tombstone(error) => error.words(),
            Self::Ingest(error) => error.words(),
            _ => None,
        }
    }
}
