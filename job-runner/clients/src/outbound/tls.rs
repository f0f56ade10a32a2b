//! Certificates of connections by TLS: those that a Secret brings, and what is wrong when one of either side is not taken.

use std::error::Error as StdError;

use docmill_crds::api::tls::certificate_key::{AUTHORITY, CLIENT_CERTIFICATE, CLIENT_KEY};
use rustls::{AlertDescription, CertificateError};

use crate::cause;
use crate::secrets::Secrets;

/// Why the certificates of a Secret cannot be used. Their values are never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// The authorities cannot be read.
    #[error("ca.crt of the Secret or ConfigMap holds no certificate in PEM form")]
    Authority,
    /// The client's certificate and key cannot be read, or do not belong together.
    #[error("tls.crt and tls.key of the Secret are no certificate with its private key in PEM form")]
    Client,
    /// The client cannot be made for another reason.
    #[error("failed to set up the HTTP client: {0}")]
    Setup(String),
}

/// Whether a Secret brings certificates.
pub(crate) fn has_certificates(secrets: &Secrets) -> bool {
    secrets.text(AUTHORITY).is_some() || identity_pem(secrets).is_some()
}

/// Makes a client that trusts the authorities of a Secret beside the public ones, and identifies itself by the Secret's
/// certificate if there is one with its key.
pub fn build(
    mut builder: reqwest::ClientBuilder,
    secrets: &Secrets,
) -> Result<reqwest::Client, CertificateFault> {
    if let Some(pem) = secrets.text(AUTHORITY) {
        let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).unwrap_or_default();
        if certificates.is_empty() {
            return Err(CertificateFault::Authority);
        }
        for certificate in certificates {
            builder = builder.add_root_certificate(certificate);
        }
    }
    let identity = identity_pem(secrets);
    if let Some(pem) = &identity {
        let identity = reqwest::Identity::from_pem(pem.as_bytes()).map_err(|_| CertificateFault::Client)?;
        builder = builder.identity(identity);
    }
    // Only now is the key compared with its certificate.
    builder.build().map_err(|error| match (&identity, secrets.text(AUTHORITY)) {
        (Some(_), _) => CertificateFault::Client,
        (None, Some(_)) => CertificateFault::Authority,
        (None, None) => CertificateFault::Setup(cause::innermost(&error)),
    })
}

/// The client's certificate and its key. A certificate without a key is the server's, as ECK publishes it.
fn identity_pem(secrets: &Secrets) -> Option<String> {
    let (certificate, key) = (secrets.text(CLIENT_CERTIFICATE)?, secrets.text(CLIENT_KEY)?);
    Some(format!("{certificate}\n{key}\n"))
}

/// Whose certificate ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// The server's: it was signed by an authority that is not known here.
    UnknownCa,
    /// The server's, for another reason.
    Server,
    /// The client's: the server does not take it, or asks for one.
    Client,
}

impl Distrust {
    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::UnknownCa => {
                "put the certificate (PEM) of the authority that signed it into the key ca.crt of the Secret, or name it in \
                 tls.caSecretKeyRef or tls.caConfigMapKeyRef"
            }
            Self::Server => "renew the certificate of the server, or use a name that it is made out for",
            Self::Client => {
                "name a certificate that the server takes, with its key, in tls.clientCertificateSecretKeyRef"
            }
        }
    }
}

/// Whose certificate ended a connection, if one did, and why, without what the other side wrote.
pub fn distrust(error: &(dyn StdError + 'static)) -> Option<(Distrust, String)> {
    match cause::find::<rustls::Error>(error)? {
        fault @ rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            Some((Distrust::UnknownCa, cause::certificate(fault)))
        }
        fault @ rustls::Error::InvalidCertificate(_) => Some((Distrust::Server, cause::certificate(fault))),
        rustls::Error::AlertReceived(alert) if concerns_client(*alert) => {
            Some((Distrust::Client, format!("the server answered {alert:?}")))
        }
        _ => None,
    }
}

/// Whether a server ends a connection so because of the client's certificate
/// (<https://www.rfc-editor.org/rfc/rfc8446#section-6.2>). One that finds no common cipher does not.
fn concerns_client(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;

    use rustls::{AlertDescription, CertificateError};

    use super::{CertificateFault, Distrust, build, distrust, has_certificates};
    use crate::secrets::Secrets;

    fn secrets(values: &[(&str, &str)]) -> Secrets {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()));
        Secrets::new(values.collect::<BTreeMap<_, _>>())
    }

    fn fault(values: &[(&str, &str)]) -> CertificateFault {
        build(reqwest::Client::builder(), &secrets(values)).map(drop).unwrap_err()
    }

    #[test]
    fn certificates_that_cannot_be_read_are_told_apart_and_not_shown() {
        assert_eq!(fault(&[("ca.crt", "hunter2")]), CertificateFault::Authority);
        let client = fault(&[("tls.crt", "hunter2"), ("tls.key", "hunter2")]);
        assert_eq!(client, CertificateFault::Client);
        assert!(!client.to_string().contains("hunter2") && client.to_string().contains("tls.key"));
    }

    #[test]
    fn a_certificate_without_its_key_is_not_the_clients() {
        assert!(!has_certificates(&secrets(&[("username", "u"), ("tls.crt", "published")])));
        assert!(has_certificates(&secrets(&[("tls.crt", "c"), ("tls.key", "k")])));
        assert!(has_certificates(&secrets(&[("ca.crt", "c")])));
    }

    #[test]
    fn whose_certificate_ended_a_connection_is_told() {
        let told = |fault: rustls::Error| distrust(&io::Error::other(fault)).map(|(whose, _)| whose);
        let invalid = rustls::Error::InvalidCertificate;
        assert_eq!(told(invalid(CertificateError::UnknownIssuer)), Some(Distrust::UnknownCa));
        assert_eq!(told(invalid(CertificateError::Expired)), Some(Distrust::Server));
        let alert = rustls::Error::AlertReceived;
        assert_eq!(told(alert(AlertDescription::CertificateRequired)), Some(Distrust::Client));
        assert_eq!(told(alert(AlertDescription::HandshakeFailure)), None);
        assert_eq!(distrust(&io::Error::other("refused")), None);
    }
}
