//! How long a store may be away.

use std::time::Duration;

use docmill_clients::retry::Patience;

/// How long a cluster or a model may be away before the worker gives up and leaves the retry to the Job.
pub(crate) const PATIENCE: Patience = Patience::lasting(Duration::from_mins(3));
