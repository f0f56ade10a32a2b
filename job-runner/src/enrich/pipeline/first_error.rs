//! The first error of a slice.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::enrich::error::EnrichError;

/// The first error of a flow. Once there is one, nothing new is started, and what is in flight is finished.
pub(crate) struct FirstError<'a> {
    pub(crate) token: CancellationToken,
    error: Mutex<Option<EnrichError>>,
    stop: &'a CancellationToken,
}

impl<'a> FirstError<'a> {
    pub(crate) fn new(stop: &'a CancellationToken) -> Self {
        Self { token: stop.child_token(), error: Mutex::new(None), stop }
    }

    pub(crate) fn record(&self, error: EnrichError) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.token.cancel();
    }

    pub(crate) fn result(self) -> Result<(), EnrichError> {
        match self.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None if self.stop.is_cancelled() => Err(EnrichError::Stopped),
            None => Ok(()),
        }
    }
}
