//! Accepts connections over TLS, for the servers of the operator.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Time limit for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Concurrent handshakes.
const HANDSHAKES: usize = 32;
/// The pause after an error of the listener, such as too many open files.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// Accepts connections and performs their handshakes concurrently, so that a slow client does not block
/// others.
pub struct TlsListener {
    address: SocketAddr,
    secured: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    /// Starts to accept connections, each with the settings of its moment. Without settings it is closed.
    pub fn start(
        listener: TcpListener,
        settings: impl Fn() -> Option<Arc<ServerConfig>> + Send + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, secured) = mpsc::channel(HANDSHAKES);
        tokio::spawn(accept(listener, settings, sender));
        Ok(Self { address, secured })
    }
}

async fn accept(
    listener: TcpListener,
    settings: impl Fn() -> Option<Arc<ServerConfig>> + Send + 'static,
    sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let permits = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            }
        };
        let Some(settings) = settings() else { continue };
        let (acceptor, sender) = (TlsAcceptor::from(settings), sender.clone());
        tokio::spawn(async move {
            if let Ok(Ok(secured)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // It fails only once the server is gone.
                let _ = sender.send((secured, peer)).await;
            }
            drop(permit);
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.secured.recv().await {
            Some(secured) => secured,
            // The accepting task never ends before the process does.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}
