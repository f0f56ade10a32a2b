//! The flags of the Records API.

use std::net::SocketAddr;
use std::path::PathBuf;

/// The Records API, which the operator serves below the API server.
#[derive(Clone, Debug, clap::Args)]
pub struct RecordsArgs {
    /// Listen address of the Records API, over TLS. Default: it is not served.
    #[arg(long = "records-address")]
    pub address: Option<SocketAddr>,

    /// Service of the operator's namespace by which the API server reaches the Records API: the name in its
    /// certificate.
    #[arg(long = "records-service", default_value = "docmill-records")]
    pub service: String,

    /// Secret of the operator's namespace in which the leader keeps the certificate of the Records API, and an
    /// authority for it. It has to exist.
    #[arg(long = "records-certificate-secret", default_value = "docmill-records")]
    pub certificate_secret: String,

    /// Directory with tls.crt and tls.key for the Records API. Default: a certificate that the operator makes and
    /// renews.
    #[arg(long = "records-certificate-dir")]
    pub certificate_dir: Option<PathBuf>,
}
