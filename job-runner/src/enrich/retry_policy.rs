//! How long a store may be away.

use std::time::Duration;

use docmill_clients::retry::RetryPolicy;

/// How long a cluster or a model may be away before the worker gives up and leaves the retry to the Job.
pub(crate) const PATIENCE: RetryPolicy = RetryPolicy::lasting(Duration::from_mins(3));
