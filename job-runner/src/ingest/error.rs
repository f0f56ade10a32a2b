//! Why a worker cannot work, and who has to act.

use docmill_clients::aws::StoreError;
use docmill_clients::elastic::{ElasticError, OwnershipError};
use docmill_clients::secrets::MountError;
use docmill_convert::InvalidTemplate;
use docmill_crds::contract::{Store, StoreProblemReason};
use docmill_crds::conversion::ModelError;
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::untrusted_text::UntrustedText;

/// Why a worker cannot work.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The conversion of the source cannot work.
    #[error("spec.conversion: {0}")]
    Model(#[from] ModelError),
    /// A template of the source cannot work.
    #[error(transparent)]
    Template(#[from] InvalidTemplate),
    /// The source names no cluster for its records.
    #[error(
        "spec.index is left out and spec.ledger is too; set spec.ledger.elasticsearch to the cluster that keeps the records"
    )]
    NoLedger,
    /// The source has no queue to take units from.
    #[error("spec.trigger.sqs is not set, so there is no queue to take units from")]
    NoQueue,
    /// A mounted Secret cannot be read.
    #[error(transparent)]
    Secret(#[from] MountError),
    /// The object store or the queue.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index or the ledger.
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    /// The ledger cannot be used.
    #[error(transparent)]
    Claim(#[from] OwnershipError),
}

impl Classify for IngestError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Model(error) => error.class(),
            Self::Template(_) | Self::NoLedger => ErrorClass::User,
            Self::NoQueue => ErrorClass::Permanent,
            Self::Secret(_) => ErrorClass::Transient,
            Self::Store(error) => error.class(),
            Self::Elastic(error) => error.class(),
            Self::Claim(error) => error.class(),
        }
    }

    fn store_problem(&self) -> Option<(Store, StoreProblemReason)> {
        match self {
            Self::Store(error) => error.store_problem(),
            Self::Elastic(error) => error.store_problem(),
            Self::Claim(error) => error.store_problem(),
            Self::Model(_) | Self::NoQueue | Self::Template(_) | Self::NoLedger | Self::Secret(_) => None,
        }
    }

    fn words(&self) -> Option<&UntrustedText> {
        match self {
            Self::Store(error) => error.words(),
            Self::Elastic(error) => error.words(),
            Self::Claim(error) => error.words(),
            _ => None,
        }
    }
}
