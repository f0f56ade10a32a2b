//! TLS for the metrics: with a certificate from a directory, which is reloaded when it changes, or with a
//! self-signed one that is generated at the start.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Time limit for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Concurrent handshakes.
const HANDSHAKES: usize = 32;
/// How often the directory is checked; the kubelet takes about a minute to update a changed Secret.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(30);
/// The pause after an error of the listener, such as too many open files.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// The certificate in use.
#[derive(Clone)]
pub struct Certificate {
    folder: Option<PathBuf>,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Certificate {
    /// Loads `tls.crt` and `tls.key` from a directory; without one, generates a self-signed certificate.
    pub fn open(folder: Option<&Path>) -> anyhow::Result<Self> {
        let config = match folder {
            Some(folder) => read(folder)?,
            None => self_signed()?,
        };
        Ok(Self { folder: folder.map(Path::to_path_buf), current: Arc::new(RwLock::new(config)) })
    }

    fn now(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads the directory. If that fails, the current certificate stays.
    pub fn renew(&self) {
        let Some(folder) = &self.folder else { return };
        match read(folder) {
            Ok(config) => *self.current.write().unwrap_or_else(PoisonError::into_inner) = config,
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "failed to reload the metrics certificate; keeping the current one"
                );
            }
        }
    }
}

fn read(folder: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    let failed = |path: &Path| format!("failed to read {} (--metrics-certificate-dir)", path.display());
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(&certificate).with_context(|| failed(&certificate))?.collect();
    let chain = chain.with_context(|| failed(&certificate))?;
    let key = PrivateKeyDer::from_pem_file(&key).with_context(|| failed(&key))?;
    config(chain, key)
}

fn self_signed() -> anyhow::Result<Arc<ServerConfig>> {
    let made = rcgen::generate_simple_self_signed(["docmill-operator".to_owned()])
        .context("failed to generate a certificate for the metrics")?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(|problem| {
        anyhow::anyhow!("failed to use the key that was generated for the metrics: {problem}")
    })?;
    config(vec![made.cert.der().clone()], key)
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    Ok(Arc::new(config.context("certificate and key of the metrics do not match")?))
}

/// Accepts connections and performs their handshakes concurrently, so that a slow client does not block
/// others.
pub struct TlsListener {
    address: SocketAddr,
    secured: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    /// Starts to accept connections.
    pub fn start(listener: TcpListener, certificate: Certificate) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, secured) = mpsc::channel(HANDSHAKES);
        let watched = certificate.clone();
        tokio::spawn(async move {
            while watched.folder.is_some() {
                tokio::time::sleep(LOOKED_AT_EVERY).await;
                watched.renew();
            }
        });
        tokio::spawn(accept(listener, certificate, sender));
        Ok(Self { address, secured })
    }
}

async fn accept(
    listener: TcpListener,
    certificate: Certificate,
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
        let (acceptor, sender) = (TlsAcceptor::from(certificate.now()), sender.clone());
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
