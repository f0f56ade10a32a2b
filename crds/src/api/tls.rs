//! Certificates for connections by TLS: whom to trust, and with what to identify oneself.

#![allow(
    clippy::struct_field_names,
    reason = "the derived code repeats fields that are named as everywhere in the API"
)]

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::credentials::{ConfigMapKeyRef, CredentialSource, SecretKeyRef, SecretRef};

/// The keys of a Secret, and the files in a pod, with certificates. They are those of a Secret of cert-manager.
pub mod certificate_key {
    /// The certificates of the authorities that may have signed the server's.
    pub const AUTHORITY: &str = "ca.crt";
    /// The client's certificate, followed by the intermediate ones.
    pub const CLIENT_CERTIFICATE: &str = "tls.crt";
    /// Its private key.
    pub const CLIENT_KEY: &str = "tls.key";
}

/// Whose certificate is trusted beside those of the public authorities, and the client's own certificate for servers that
/// ask for one (mutual TLS). All in PEM form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("!has(self.caSecretKeyRef) || !has(self.caConfigMapKeyRef)")
        .message("caSecretKeyRef and caConfigMapKeyRef exclude each other").field_path(".caSecretKeyRef"),
    validation = Rule::new("!has(self.clientKeySecretKeyRef) || has(self.clientCertificateSecretKeyRef)")
        .message("clientKeySecretKeyRef goes with clientCertificateSecretKeyRef").field_path(".clientKeySecretKeyRef")
)]
pub struct Tls {
    /// The key of a Secret with the certificate of the private authority that signed the server's. Without `key`: the key
    /// `ca.crt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_key_ref: Option<SecretKeyRef>,
    /// The same in a ConfigMap, for example one of trust-manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_config_map_key_ref: Option<ConfigMapKeyRef>,
    /// The key of a Secret with the client's certificate, for example of a Secret of cert-manager. Without `key`: the key
    /// `tls.crt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_secret_key_ref: Option<SecretKeyRef>,
    /// The key of a Secret with the private key of the client's certificate. Without `key`: the key `tls.key`. Left out: the
    /// key `tls.key` of the Secret of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key_secret_key_ref: Option<SecretKeyRef>,
}

impl Tls {
    /// Where the certificates come from.
    pub fn credentials(&self) -> Vec<CredentialSource<'_>> {
        let authority = [
            self.ca_secret_key_ref.as_ref().map(|named| named.source(certificate_key::AUTHORITY)),
            self.ca_config_map_key_ref.as_ref().map(|named| named.source(certificate_key::AUTHORITY)),
        ];
        let client = self.client_certificate_secret_key_ref.as_ref().map(|certificate| {
            let key = match &self.client_key_secret_key_ref {
                Some(named) => named.source(certificate_key::CLIENT_KEY),
                None => certificate.same_secret(certificate_key::CLIENT_KEY),
            };
            [certificate.source(certificate_key::CLIENT_CERTIFICATE), key]
        });
        authority.into_iter().flatten().chain(client.into_iter().flatten()).collect()
    }
}

/// The credentials of an endpoint: a whole Secret, then the certificates, which replace those of the Secret.
pub(super) fn with_certificates<'a>(
    whole: Option<&'a SecretRef>,
    tls: Option<&'a Tls>,
) -> Vec<CredentialSource<'a>> {
    let certificates = tls.map(Tls::credentials).unwrap_or_default();
    whole.map(CredentialSource::Secret).into_iter().chain(certificates).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Tls, with_certificates};
    use crate::api::credentials::{CredentialSource, KeyFile, SecretRef};

    fn secret_key<'a>(name: &'a str, key: &'a str, file: &'static str) -> CredentialSource<'a> {
        CredentialSource::SecretKey(KeyFile { name, key, file })
    }

    #[test]
    fn one_secret_of_cert_manager_is_named_once() {
        let named = json!({"caConfigMapKeyRef": {"name": "authorities"}, "clientCertificateSecretKeyRef": {"name": "me"}});
        let tls: Tls = serde_json::from_value(named).unwrap();
        let authority =
            CredentialSource::ConfigMapKey(KeyFile { name: "authorities", key: "ca.crt", file: "ca.crt" });
        let expected =
            [authority, secret_key("me", "tls.crt", "tls.crt"), secret_key("me", "tls.key", "tls.key")];
        assert_eq!(tls.credentials(), expected);
    }

    #[test]
    fn keys_of_other_names_become_the_same_files_and_follow_the_whole_secret() {
        let named = json!({
            "caSecretKeyRef": {"name": "a", "key": "root.pem"},
            "clientCertificateSecretKeyRef": {"name": "b", "key": "client.pem"},
            "clientKeySecretKeyRef": {"name": "c", "key": "client.key"},
        });
        let tls: Tls = serde_json::from_value(named).unwrap();
        let login = SecretRef { name: "login".into() };
        let expected = [
            CredentialSource::Secret(&login),
            secret_key("a", "root.pem", "ca.crt"),
            secret_key("b", "client.pem", "tls.crt"),
            secret_key("c", "client.key", "tls.key"),
        ];
        assert_eq!(with_certificates(Some(&login), Some(&tls)), expected);
        assert_eq!(with_certificates(None, None), []);
    }
}
