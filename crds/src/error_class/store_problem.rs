//! The names of what a worker cannot work without, and of what can be wrong with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// The services that a worker cannot work without.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
pub enum Store {
    /// A cluster with articles, enriched articles, or records.
    Elasticsearch,
    /// The buckets.
    ObjectStore,
    /// The queue.
    Queue,
    /// The server of a model.
    Model,
}

impl Store {
    /// The word for it, the same in `/status`, in conditions and in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How a store blocks a worker.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
pub enum StoreProblemReason {
    /// It is throttling requests (429, `SlowDown`).
    Throttled,
    /// The connection failed or broke.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// It responds with a server error (5xx) or with an invalid response.
    Unavailable,
    /// The index takes no writes (a cluster block: the disk is full, maintenance).
    ReadOnly,
    /// The credentials are wrong or lack permission.
    AccessDenied,
    /// The bucket, queue or index does not exist.
    NotFound,
    /// It refuses the request for another reason that must be fixed.
    Refused,
}

impl StoreProblemReason {
    /// The word for it, the same in `/status`, in conditions and in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it is likely to pass by itself. The others must be fixed by a person, and may concern some
    /// units only.
    pub const fn passes(self) -> bool {
        match self {
            Self::Throttled | Self::Unreachable | Self::TimedOut | Self::Unavailable | Self::ReadOnly => true,
            Self::AccessDenied | Self::NotFound | Self::Refused => false,
        }
    }
}
