//! What the Secret of the serving certificate has: everything in PEM, and a key that is missing is empty. Pure.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;

/// Keys of the Secret.
pub mod key {
    /// The authorities, the one in use first.
    pub const AUTHORITY: &str = "ca.crt";
    /// The private key of the authority in use.
    pub const AUTHORITY_KEY: &str = "ca.key";
    /// The certificate.
    pub const CERTIFICATE: &str = "tls.crt";
    /// Its private key.
    pub const PRIVATE_KEY: &str = "tls.key";
}

/// The values of the Secret. `Debug` shows none of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The authorities, the one in use first.
    pub authority: String,
    /// The private key of the authority in use.
    pub authority_key: String,
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub private_key: String,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stored").finish_non_exhaustive()
    }
}

impl Stored {
    /// Reads the data of the Secret.
    pub fn read(data: Option<&BTreeMap<String, ByteString>>) -> Self {
        let text = |key: &str| {
            let value = data.and_then(|data| data.get(key));
            value.map(|value| String::from_utf8_lossy(&value.0).into_owned()).unwrap_or_default()
        };
        Self {
            authority: text(key::AUTHORITY),
            authority_key: text(key::AUTHORITY_KEY),
            certificate: text(key::CERTIFICATE),
            private_key: text(key::PRIVATE_KEY),
        }
    }

    /// The data of the Secret.
    pub fn data(&self) -> BTreeMap<String, ByteString> {
        let pairs = [
            (key::AUTHORITY, &self.authority),
            (key::AUTHORITY_KEY, &self.authority_key),
            (key::CERTIFICATE, &self.certificate),
            (key::PRIVATE_KEY, &self.private_key),
        ];
        pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), ByteString(value.clone().into_bytes())))
            .collect()
    }
}
