//! The TLS settings of the server: its certificate, and the authorities of the one client that it takes, both as they were
//! last read. No I/O.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::authentication::FrontProxy;
use super::certificate::ServingCertificate;

/// What was read last. Clones share it.
#[derive(Clone, Default)]
pub struct TlsSettings(Arc<RwLock<State>>);

#[derive(Default)]
struct State {
    front_proxy: Option<Arc<FrontProxy>>,
    certificate: Option<ServingCertificate>,
    config: Option<Arc<ServerConfig>>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
enum SettingsError {
    #[error("the certificate cannot be read")]
    Certificate(#[source] rustls::pki_types::pem::Error),
    #[error("the private key cannot be read")]
    Key(#[source] rustls::pki_types::pem::Error),
    #[error("the authority of the API server's client certificate cannot be used")]
    Authority(#[source] rustls::Error),
    #[error("client certificates cannot be checked")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    #[error("certificate and key do not match")]
    Pair(#[source] rustls::Error),
}

impl TlsSettings {
    /// The settings for a connection; none until everything has been read.
    pub fn config(&self) -> Option<Arc<ServerConfig>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).config.clone()
    }

    /// Who may say for whom a request is.
    pub fn front_proxy(&self) -> Option<Arc<FrontProxy>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).front_proxy.clone()
    }

    /// Takes up how the API server proves that it is it.
    pub fn set_front_proxy(&self, front_proxy: FrontProxy) {
        self.change(|state| {
            let is_new = state.front_proxy.as_deref() != Some(&front_proxy);
            state.front_proxy = Some(Arc::new(front_proxy));
            is_new
        });
    }

    /// Takes up a certificate.
    pub fn set_certificate(&self, certificate: ServingCertificate) {
        self.change(|state| {
            let is_new = state.certificate.as_ref() != Some(&certificate);
            state.certificate = Some(certificate);
            is_new
        });
    }

    /// Makes a change, and new settings if it is one. Settings that cannot be used leave the ones before in force.
    fn change(&self, change: impl FnOnce(&mut State) -> bool) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !change(&mut state) {
            return;
        }
        let (Some(front_proxy), Some(certificate)) = (&state.front_proxy, &state.certificate) else { return };
        match config(front_proxy, certificate) {
            Ok(config) => state.config = Some(Arc::new(config)),
            Err(error) => tracing::warn!(
                error = docmill_clients::cause::with_causes(&error),
                "the Records API cannot use its certificates; those before stay in use"
            ),
        }
    }
}

/// Every client needs a certificate that one of the authorities has signed: whoever has none ends in the handshake.
fn config(front_proxy: &FrontProxy, certificate: &ServingCertificate) -> Result<ServerConfig, SettingsError> {
    let mut roots = RootCertStore::empty();
    for authority in &front_proxy.authorities {
        roots.add(authority.clone()).map_err(SettingsError::Authority)?;
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build()?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.chain.as_bytes()).collect();
    let chain = chain.map_err(SettingsError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).map_err(SettingsError::Key)?;
    let config = ServerConfig::builder().with_client_cert_verifier(verifier);
    config.with_single_cert(chain, key).map_err(SettingsError::Pair)
}
