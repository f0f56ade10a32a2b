//! For how long a store may be away.

use std::time::Duration;

use docmill_clients::retry::Patience;

/// For how long a store may be away before the pod gives up and leaves it to the Job to try again.
pub(crate) const PATIENCE: Patience = Patience::lasting(Duration::from_mins(3));
