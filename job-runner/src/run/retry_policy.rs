//! How long a store may be away.

use std::time::Duration;

use docmill_clients::retry::RetryPolicy;

/// How long a store may be away before the pod gives up and leaves the retry to the Job.
pub(crate) const PATIENCE: RetryPolicy = RetryPolicy::lasting(Duration::from_mins(3));
