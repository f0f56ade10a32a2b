//! TLS for the metrics: with a certificate from a directory, which is reloaded when it changes, or with a
//! self-signed one that is generated at the start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;

use crate::tls_listener::TlsListener;

/// How often the directory is checked; the kubelet takes about a minute to update a changed Secret.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(30);

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

    /// Starts to accept connections with this certificate, which is looked at again from time to time.
    pub fn listen(self, listener: TcpListener) -> io::Result<TlsListener> {
        let watched = self.clone();
        tokio::spawn(async move {
            while watched.folder.is_some() {
                tokio::time::sleep(LOOKED_AT_EVERY).await;
                watched.renew();
            }
        });
        TlsListener::start(listener, move || Some(self.now()))
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
