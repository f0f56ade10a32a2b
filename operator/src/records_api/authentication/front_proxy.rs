//! How the API server proves that it is the API server, as the ConfigMap `extension-apiserver-authentication` of
//! `kube-system` says it to every aggregated API. Pure.

use std::collections::BTreeMap;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use serde_json::Value;
use x509_parser::parse_x509_certificate;

/// Who may say for whom a request is, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontProxy {
    /// The authorities that sign the client certificate.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The common names that the certificate may have. Empty: any.
    pub allowed_names: Vec<String>,
    /// Headers with the name of the user, the first of which counts.
    pub username_headers: Vec<String>,
    /// Headers with the UID of the user.
    pub uid_headers: Vec<String>,
    /// Headers with a group each.
    pub group_headers: Vec<String>,
    /// How the names of headers with further attributes begin.
    pub extra_prefixes: Vec<String>,
}

/// Why the ConfigMap cannot be used. The API server writes it at its start.
#[derive(Debug, thiserror::Error)]
pub enum FrontProxyError {
    /// It has no authority.
    #[error("{0} is missing or empty; start the API server with --requestheader-client-ca-file")]
    Missing(&'static str),
    /// The authority cannot be read.
    #[error("requestheader-client-ca-file has no certificates in PEM")]
    Authority(#[source] pem::Error),
    /// A list is none.
    #[error("{0} is not a list of texts in JSON")]
    List(&'static str),
}

const AUTHORITY: &str = "requestheader-client-ca-file";
const USERNAME_HEADERS: &str = "requestheader-username-headers";

impl FrontProxy {
    /// Reads the data of the ConfigMap.
    pub fn read(data: &BTreeMap<String, String>) -> Result<Self, FrontProxyError> {
        let authority = data.get(AUTHORITY).map(String::as_str).unwrap_or_default();
        let authorities: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(authority.as_bytes()).collect();
        let authorities = authorities.map_err(FrontProxyError::Authority)?;
        if authorities.is_empty() {
            return Err(FrontProxyError::Missing(AUTHORITY));
        }
        let username_headers = list(data, USERNAME_HEADERS)?;
        if username_headers.is_empty() {
            return Err(FrontProxyError::Missing(USERNAME_HEADERS));
        }
        Ok(Self {
            authorities,
            allowed_names: list(data, "requestheader-allowed-names")?,
            username_headers,
            uid_headers: list(data, "requestheader-uid-headers")?,
            group_headers: list(data, "requestheader-group-headers")?,
            extra_prefixes: list(data, "requestheader-extra-headers-prefix")?,
        })
    }

    /// Whether a client certificate that one of the authorities has signed is that of the front proxy.
    pub fn admits(&self, certificate: &CertificateDer<'_>) -> bool {
        self.allowed_names.is_empty()
            || common_name(certificate).is_some_and(|name| self.allowed_names.contains(&name))
    }
}

fn list(data: &BTreeMap<String, String>, key: &'static str) -> Result<Vec<String>, FrontProxyError> {
    let Some(text) = data.get(key).filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    match serde_json::from_str(text) {
        Ok(Value::Null) => Ok(Vec::new()),
        Ok(value) => serde_json::from_value(value).map_err(|_| FrontProxyError::List(key)),
        Err(_) => Err(FrontProxyError::List(key)),
    }
}

fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    let name = certificate.subject().iter_common_name().next()?.as_str().ok()?;
    Some(name.to_owned())
}

#[cfg(test)]
pub mod tests {
    use std::collections::BTreeMap;

    use rcgen::{CertificateParams, DnType, KeyPair};
    use rustls::pki_types::CertificateDer;

    use super::FrontProxy;

    /// A self-signed certificate with this common name, in PEM and DER.
    fn certificate(name: &str) -> (String, CertificateDer<'static>) {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        (made.pem(), made.der().clone())
    }

    /// What an API server writes, with these allowed names.
    pub fn data(allowed_names: &str) -> BTreeMap<String, String> {
        let pairs = [
            ("requestheader-client-ca-file", certificate("front-proxy-ca").0),
            ("requestheader-allowed-names", allowed_names.to_owned()),
            ("requestheader-username-headers", r#"["X-Remote-User"]"#.to_owned()),
            ("requestheader-group-headers", r#"["X-Remote-Group"]"#.to_owned()),
            ("requestheader-extra-headers-prefix", r#"["X-Remote-Extra-"]"#.to_owned()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    #[test]
    fn the_common_name_of_the_certificate_has_to_be_an_allowed_one() {
        let proxy = FrontProxy::read(&data(r#"["front-proxy-client"]"#)).unwrap();
        assert!(proxy.admits(&certificate("front-proxy-client").1));
        for other in ["front-proxy-client2", "", "kubelet"] {
            assert!(!proxy.admits(&certificate(other).1), "{other}");
        }
        assert!(!proxy.admits(&CertificateDer::from(vec![0])));
        assert!(FrontProxy::read(&data("[]")).unwrap().admits(&certificate("any").1));
        assert!(FrontProxy::read(&data("null")).unwrap().allowed_names.is_empty());
    }

    #[test]
    fn a_config_map_that_lacks_something_admits_nobody() {
        for key in ["requestheader-client-ca-file", "requestheader-username-headers"] {
            let mut lacking = data("[]");
            lacking.remove(key);
            assert!(FrontProxy::read(&lacking).unwrap_err().to_string().contains(key));
        }
        for names in ["front-proxy-client", "[1]", "{}"] {
            assert!(FrontProxy::read(&data(names)).is_err(), "{names}");
        }
    }
}
