//! How the process is asked to shut down.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Signals that the process shall shut down. Clones share the signal.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Listens for SIGTERM and SIGINT from now on.
    pub fn on_signal() -> anyhow::Result<Self> {
        let (send, receive) = watch::channel(false);
        let mut terminate = signal(SignalKind::terminate()).context("failed to listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for SIGINT")?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("asked to stop");
            let _ = send.send(true);
        });
        Ok(Self(receive))
    }

    /// Completes when the process shall shut down.
    pub async fn requested(mut self) {
        // The only error is a dropped sender, and it is dropped only after it has sent.
        let _ = self.0.wait_for(|requested| *requested).await;
    }
}
