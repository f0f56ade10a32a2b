//! The connection to a model server: certificates and credentials. Operator and worker both build theirs
//! here.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use docmill_crds::api::tls::certificate_key::{CLIENT_CERTIFICATE, CLIENT_KEY};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::outbound::gates::Gate;
use crate::outbound::http::AnswerFault;
use crate::outbound::tls::{self, CertificateFault};
use crate::outbound::{self, EndpointFault, Outbound};
use crate::secrets::{MountError, Secrets, mounted};

/// Keys of the Secret that `enrichers[].secretRef` names.
mod secret_key {
    pub const TOKEN: &str = "token";
    pub const USERNAME: &str = "username";
    pub const PASSWORD: &str = "password";
    pub const HEADER: &str = "header";
}

/// What is wrong with the Secret of an enricher.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A value is invalid. The value itself is never shown.
    #[error("the key {key:?} of the enricher's Secret {problem}")]
    Secret {
        /// Which key.
        key: &'static str,
        /// What is wrong with its value.
        problem: &'static str,
    },
    /// The mounted Secret cannot be read.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The certificates of the Secret cannot be used.
    #[error(transparent)]
    Certificates(#[from] CertificateFault),
}

/// A client with the headers that authenticate it.
#[derive(Clone, Debug)]
pub struct ModelLink {
    /// Sends requests; follows no redirects, which would drop the body.
    pub http: reqwest::Client,
    /// To be sent with each.
    pub headers: HeaderMap,
    outbound: Arc<Outbound>,
}

impl ModelLink {
    /// Creates a client; sends nothing yet. An empty Secret means no authentication.
    pub fn new(secrets: &Secrets) -> Result<Self, LinkError> {
        let outbound = outbound::current();
        if secrets.text(CLIENT_CERTIFICATE).is_some() && secrets.text(CLIENT_KEY).is_none() {
            return Err(secret_fault(CLIENT_KEY, "is missing; tls.crt needs it"));
        }
        let http = tls::build(outbound::http::client(&outbound), secrets)?;
        Ok(Self { http, headers: headers(secrets)?, outbound })
    }

    /// Checks whether a URL is allowed.
    pub fn check(&self, url: &str) -> Result<(), EndpointFault> {
        self.outbound.policy.check_url(url)
    }

    /// Reads the response with a result or a version, up to `most` bytes.
    pub async fn read(&self, answer: reqwest::Response, most: usize) -> Result<Bytes, AnswerFault> {
        outbound::http::read(answer, most, &self.outbound.limits).await
    }
}

fn secret_fault(key: &'static str, problem: &'static str) -> LinkError {
    LinkError::Secret { key, problem }
}

fn headers(secrets: &Secrets) -> Result<HeaderMap, LinkError> {
    let mut headers = HeaderMap::new();
    if let Some(token) = secrets.text(secret_key::TOKEN) {
        headers.insert(AUTHORIZATION, secret_value(secret_key::TOKEN, &format!("Bearer {token}"))?);
    } else if let Some(username) = secrets.text(secret_key::USERNAME) {
        use base64::Engine as _;
        let pair = format!("{username}:{}", secrets.text(secret_key::PASSWORD).unwrap_or_default());
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        headers.insert(AUTHORIZATION, secret_value(secret_key::USERNAME, &format!("Basic {encoded}"))?);
    }
    if let Some(line) = secrets.text(secret_key::HEADER) {
        let bad = || secret_fault(secret_key::HEADER, "is no line like \"X-Api-Key: …\"");
        let (name, value) = line.split_once(':').ok_or_else(bad)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| bad())?;
        headers.insert(name, secret_value(secret_key::HEADER, value.trim())?);
    }
    Ok(headers)
}

fn secret_value(key: &'static str, text: &str) -> Result<HeaderValue, LinkError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| secret_fault(key, "has characters that cannot be in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A link that follows its Secret, which is mounted into this pod.
#[derive(Debug)]
pub struct MountedLink {
    mount: String,
    gate: Option<Arc<Gate>>,
    current: Mutex<(Secrets, ModelLink)>,
}

impl MountedLink {
    /// Reads the Secret that is mounted under this name; an empty one if there is none.
    pub fn new(mount: String) -> Result<Self, LinkError> {
        let secrets = mounted(&mount)?;
        let link = ModelLink::new(&secrets)?;
        let gate = outbound::current().gates.get(&mount);
        Ok(Self { mount, gate, current: Mutex::new((secrets, link)) })
    }

    /// What requests wait at, if the connection has limits.
    pub fn gate(&self) -> Option<&Gate> {
        self.gate.as_deref()
    }

    /// The link as it is now.
    pub fn now(&self) -> ModelLink {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Reads the Secret again; returns whether there is something new to try.
    pub fn renew(&self) -> Result<bool, LinkError> {
        let secrets = mounted(&self.mount)?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 == secrets {
            return Ok(false);
        }
        *current = (secrets.clone(), ModelLink::new(&secrets)?);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::ModelLink;
    use crate::secrets::Secrets;

    fn secrets(values: &[(&str, &str)]) -> Secrets {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()));
        Secrets::new(values.collect::<BTreeMap<_, _>>())
    }

    fn header(values: &[(&str, &str)], name: &str) -> Option<String> {
        let link = ModelLink::new(&secrets(values)).expect("a link");
        link.headers.get(name).map(|value| value.to_str().expect("text").to_owned())
    }

    #[test]
    fn each_form_of_a_secret_gives_its_header() {
        assert_eq!(header(&[("token", "t\n")], "authorization").as_deref(), Some("Bearer t"));
        let basic = header(&[("username", "u"), ("password", "p")], "authorization");
        assert_eq!(basic.as_deref(), Some("Basic dTpw"));
        assert_eq!(header(&[("header", "X-Api-Key: k:1")], "x-api-key").as_deref(), Some("k:1"));
        assert_eq!(header(&[], "authorization"), None);
    }

    #[test]
    fn a_secret_that_cannot_be_used_is_told_by_its_key_and_never_by_its_value() {
        for (values, key) in [
            (&[("token", "hunter\u{1}2")][..], "token"),
            (&[("header", "hunter2")][..], "header"),
            (
                &[("ca.crt", "hunter2 -----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----")][..],
                "ca.crt",
            ),
            (&[("tls.crt", "hunter2")][..], "tls.key"),
            (&[("tls.crt", "hunter2"), ("tls.key", "hunter2")][..], "tls.crt"),
        ] {
            let message = ModelLink::new(&secrets(values)).expect_err(key).to_string();
            assert!(message.contains(key) && !message.contains("hunter"), "{message}");
        }
        let link = ModelLink::new(&secrets(&[("token", "hunter2")])).expect("a link");
        assert!(!format!("{link:?}").contains("hunter2"));
    }
}
