//! The error for work that has to be tried again later.

use std::fmt::Display;

use tokio::sync::{AcquireError, mpsc, oneshot};

/// A step did not succeed and may later: its unit goes back to the queue. The log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished;

impl Unfinished {
    /// Logs why a unit is tried again later.
    pub fn because(error: impl Display) -> Self {
        tracing::warn!(%error, "a unit will be retried later");
        Self
    }
}

/// The receiver is gone: the worker is ending.
impl<T> From<mpsc::error::SendError<T>> for Unfinished {
    fn from(_: mpsc::error::SendError<T>) -> Self {
        ending()
    }
}

/// The sender is gone: it logged why, or the worker is ending.
impl From<oneshot::error::RecvError> for Unfinished {
    fn from(_: oneshot::error::RecvError) -> Self {
        ending()
    }
}

/// The semaphore is closed: the worker is ending.
impl From<AcquireError> for Unfinished {
    fn from(_: AcquireError) -> Self {
        ending()
    }
}

fn ending() -> Unfinished {
    tracing::debug!("a unit remains unfinished: the task that it was passed to has ended");
    Unfinished
}
