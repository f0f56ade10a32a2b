//! Why a slice could not be completed.

use docmill_clients::aws::StoreError;
use docmill_clients::elastic::{ElasticError, OwnershipError};
use docmill_clients::model_server::link::LinkError;
use docmill_clients::secrets::MountError;
use docmill_crds::api::ingest_source::InvalidDay;
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::template::TemplateError;
use docmill_crds::untrusted_text::UntrustedText;

use crate::ingest::index::heads::CommitError;

/// Why a slice could not be completed. What is wrong with a single document is not an error: it is counted.
#[derive(Debug, thiserror::Error)]
pub enum EnrichError {
    /// The order has no such slice.
    #[error("failed to find slice {0} in the work order")]
    NoSlice(i32),
    /// A template of the run cannot be read.
    #[error("failed to read {field}: {error}")]
    Template {
        /// Path of the field in the resource.
        field: String,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// The window of dates of the target cannot be read.
    #[error("failed to read spec.to.index.window.from: {0}")]
    Window(#[from] InvalidDay),
    /// A request to a cluster failed.
    #[error("{cluster} cluster: {error}")]
    Elastic {
        /// Which of the two: `source` or `target`.
        cluster: &'static str,
        /// What happened.
        error: ElasticError,
    },
    /// The records of enrichments cannot be used.
    #[error("target cluster: {0}")]
    Claim(#[from] OwnershipError),
    /// The record of the new indices of the target cannot be written.
    #[error("target cluster: {0}")]
    NewIndices(CommitError),
    /// The client of a model cannot be created.
    #[error(transparent)]
    Link(LinkError),
    /// The Secret of a model cannot be read.
    #[error(transparent)]
    Secret(#[from] MountError),
    /// A request to the bucket of raw objects failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record of the enrichment cannot be read: something else wrote it.
    #[error(
        "failed to read the record {id:?} of the enrichment: it is not of its form; delete it, and run again"
    )]
    Record {
        /// Its id.
        id: String,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// A model reports another version than before, and the run has to stop in that case.
    #[error("the model {model} has changed: {change}")]
    ModelChanged {
        /// Name of the model.
        model: String,
        /// The old and the new version.
        change: String,
    },
    /// The run's budget for model calls is exhausted.
    #[error("the budget of the run is reached")]
    BudgetReached,
    /// A model did not respond for as long as the worker waits.
    #[error("failed to get an answer from model {model}: {reason}")]
    ModelAway {
        /// Name of the model.
        model: String,
        /// What happened the last time.
        reason: String,
    },
    /// A model is not what the run says: another name, other tensors, no access.
    #[error("failed to use model {model}: {reason}")]
    ModelUnfit {
        /// Name of the model.
        model: String,
        /// What does not fit, and what to check.
        reason: String,
    },
    /// The worker was asked to end.
    #[error("stopped before the slice was done")]
    Stopped,
}

impl From<LinkError> for EnrichError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Mount(error) => Self::Secret(error),
            error => Self::Link(error),
        }
    }
}

impl From<CommitError> for EnrichError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Elastic(error) => Self::target(error),
            error => Self::NewIndices(error),
        }
    }
}

impl Classify for EnrichError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Elastic { error, .. } => error.class(),
            Self::Claim(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::NewIndices(error) => error.class(),
            // A restart would not help; the next run is planned with the new version.
            Self::NoSlice(_) | Self::Template { .. } | Self::Window(_) | Self::ModelChanged { .. } => {
                ErrorClass::Permanent
            }
            Self::ModelUnfit { .. } | Self::Link(_) | Self::Record { .. } | Self::BudgetReached => {
                ErrorClass::User
            }
            Self::Secret(_) | Self::ModelAway { .. } | Self::Stopped => ErrorClass::Transient,
        }
    }

    fn words(&self) -> Option<&UntrustedText> {
        match self {
            Self::Elastic { error, .. } => error.words(),
            Self::Claim(error) => error.words(),
            Self::Store(error) => error.words(),
            Self::NewIndices(error) => error.words(),
            _ => None,
        }
    }
}

impl EnrichError {
    /// An error of the cluster that is read.
    pub(crate) fn source(error: ElasticError) -> Self {
        Self::of_cluster("source", error)
    }

    /// An error of the cluster that is written.
    pub(crate) fn target(error: ElasticError) -> Self {
        Self::of_cluster("target", error)
    }

    /// A request to end is not the cluster's doing.
    fn of_cluster(cluster: &'static str, error: ElasticError) -> Self {
        match error {
            ElasticError::Stopped => Self::Stopped,
            error => Self::Elastic { cluster, error },
        }
    }

    /// Whether the cluster has lost the view of the documents: it expired, or its node went away.
    pub(crate) fn lost_view(&self) -> bool {
        matches!(self, Self::Elastic { error, .. } if error.lost_view())
    }
}
