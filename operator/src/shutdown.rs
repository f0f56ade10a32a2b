//! How the process is asked to end.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells when the process is to end. Clones tell the same.
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
            tracing::info!("asked to end");
            let _ = send.send(true);
        });
        Ok(Self(receive))
    }

    /// Ends when the process is to.
    pub async fn asked(mut self) {
        // The only error is that the sender is gone, which it is after it has sent.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}
