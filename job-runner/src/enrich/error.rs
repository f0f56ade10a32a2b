//! Why a slice could not be worked to its end.

use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::template::TemplateError;

use crate::elastic::ElasticError;

/// Why a slice could not be worked to its end. What is wrong with a single document is no error: it is counted.
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
    /// A cluster did not do what was asked of it.
    #[error("{cluster} cluster: {error}")]
    Elastic {
        /// Which of the two: `source` or `target`.
        cluster: &'static str,
        /// What happened.
        error: ElasticError,
    },
    /// The client of the models cannot be made.
    #[error("failed to set up the HTTP client: {0}")]
    Http(String),
    /// A model did not answer for as long as it was waited for.
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
        /// What does not fit, and what to look at.
        reason: String,
    },
    /// The worker was asked to end.
    #[error("stopped before the slice was done")]
    Stopped,
}

impl Classify for EnrichError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Elastic { error, .. } => error.class(),
            Self::NoSlice(_) | Self::Template { .. } => ErrorClass::Permanent,
            Self::ModelUnfit { .. } => ErrorClass::User,
            Self::Http(_) | Self::ModelAway { .. } | Self::Stopped => ErrorClass::Transient,
        }
    }
}

impl EnrichError {
    /// An error of the cluster that is read.
    pub(super) fn source(error: ElasticError) -> Self {
        Self::Elastic { cluster: "source", error }
    }

    /// An error of the cluster that is written.
    pub(super) fn target(error: ElasticError) -> Self {
        Self::Elastic { cluster: "target", error }
    }

    /// Whether the cluster has lost the view of the documents: it expired, or its node went away.
    pub(super) fn lost_view(&self) -> bool {
        matches!(self, Self::Elastic { error, .. } if error.lost_view())
    }
}
