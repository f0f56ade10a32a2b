//! How to reach an Elasticsearch (8.x, 9.x) or OpenSearch (2.x, 3.x) cluster.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::connection_ref::ConnectionRef;
use super::credentials::{CredentialSource, SecretKeyRef, SecretRef};
use super::tls::Tls;

/// A cluster and its credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.urls) != has(self.connectionRef)")
        .message("exactly one of urls and connectionRef must be set"),
    validation = Rule::new("!has(self.connectionRef) || !has(self.secretRef) && !has(self.username) && !has(self.usernameSecretKeyRef) && !has(self.passwordSecretKeyRef) && !has(self.apiKeySecretKeyRef) && !has(self.tls) && !has(self.aws)")
        .message("the connection says how to reach the cluster: leave out all other fields beside connectionRef")
        .field_path(".connectionRef"),
    validation = Rule::new("!has(self.aws) || !has(self.urls) || self.urls.size() == 1")
        .message("with aws there must be one URL, since each request is signed for its host; give the endpoint of the domain or collection")
        .field_path(".urls"),
    validation = Rule::new("!has(self.secretRef) && !has(self.aws) || !has(self.username) && !has(self.usernameSecretKeyRef) && !has(self.passwordSecretKeyRef) && !has(self.apiKeySecretKeyRef)")
        .message("username, usernameSecretKeyRef, passwordSecretKeyRef and apiKeySecretKeyRef cannot go with secretRef or aws"),
    validation = Rule::new("has(self.passwordSecretKeyRef) == (has(self.username) || has(self.usernameSecretKeyRef))")
        .message("a user needs a password and a password a user: passwordSecretKeyRef goes with username or usernameSecretKeyRef")
        .field_path(".passwordSecretKeyRef"),
    validation = Rule::new("!has(self.username) || !has(self.usernameSecretKeyRef)")
        .message("username and usernameSecretKeyRef exclude each other").field_path(".username"),
    validation = Rule::new("!has(self.apiKeySecretKeyRef) || !has(self.passwordSecretKeyRef)")
        .message("apiKeySecretKeyRef and passwordSecretKeyRef exclude each other").field_path(".apiKeySecretKeyRef")
)]
pub struct ElasticsearchCluster {
    /// Base URLs of the cluster's nodes or of its load balancer, for example `https://es.search.svc:9200`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(min = 1, max = 32),
        inner(length(max = 2048), regex(pattern = r"^https?://[^/?#]+/?$"))
    )]
    pub urls: Vec<String>,
    /// A Connection or ClusterConnection of type `elasticsearch`, which says all that the other fields would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionRef>,
    /// Secret in this namespace with the keys `username` and `password`, or `apiKey` (the encoded form), `ca.crt` (PEM)
    /// if the cluster's certificate is signed by a private authority, and for mutual TLS `tls.crt` and `tls.key`. Left
    /// out: no authentication. With `aws` its keys are those of `storage.credentialsSecretRef`, and if it is left out, the
    /// pod's own identity is used. A changed Secret is read again when the cluster rejects the previous credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Name of the user, for Secrets that hold only the password, such as those of ECK
    /// (`<cluster>-es-elastic-user` with the key `elastic`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 507))]
    pub username: Option<String>,
    /// The key of a Secret with the name of the user. Without `key`: the key `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_secret_key_ref: Option<SecretKeyRef>,
    /// The key of a Secret with the password. Without `key`: the key `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_secret_key_ref: Option<SecretKeyRef>,
    /// The key of a Secret with an API key in the encoded form. Without `key`: the key `apiKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_secret_key_ref: Option<SecretKeyRef>,
    /// Certificates: whom to trust, and for mutual TLS the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<Tls>>,
    /// Amazon OpenSearch Service or Serverless, which accepts requests signed with AWS credentials (Signature
    /// Version 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<AwsSigning>,
}

impl ElasticsearchCluster {
    /// Where the credentials and certificates come from.
    pub fn credentials(&self) -> Vec<CredentialSource<'_>> {
        let keys = [
            (&self.username_secret_key_ref, "username"),
            (&self.password_secret_key_ref, "password"),
            (&self.api_key_secret_key_ref, "apiKey"),
        ];
        let keys = keys.into_iter().filter_map(|(named, file)| Some(named.as_ref()?.source(file)));
        let whole = self.secret_ref.as_ref().map(CredentialSource::Secret);
        let certificates = self.tls.as_deref().map(Tls::credentials).unwrap_or_default();
        whole.into_iter().chain(keys).chain(certificates).collect()
    }
}

/// The AWS region and service for which requests to managed OpenSearch are signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AwsSigning {
    /// Region of the domain or collection, for example `eu-west-1`.
    #[schemars(length(min = 1, max = 64))]
    pub region: String,
    /// `es`: a domain of OpenSearch Service. `aoss`: a collection of OpenSearch Serverless.
    #[serde(default)]
    pub service: AwsService,
}

/// The service name in an AWS signature.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum AwsService {
    /// Amazon OpenSearch Service.
    #[default]
    Es,
    /// Amazon OpenSearch Serverless.
    Aoss,
}

impl AwsService {
    /// The name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
