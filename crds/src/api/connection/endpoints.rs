//! The endpoints of connections.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::credentials::{CredentialSource, SecretRef};
use crate::api::elasticsearch::ElasticsearchCluster;
use crate::api::storage::Storage;
use crate::api::tls::{Tls, with_certificates};

/// A queue and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueueConnection {
    /// URL of the queue as SQS gives it, for example `https://sqs.eu-west-1.amazonaws.com/123456789012/wire`.
    #[serde(rename = "queueURL")]
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^/]+/.+"))]
    pub queue_url: String,
    /// Region of the queue. Left out: that of the `storage` of the IngestSource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub region: Option<String>,
    /// Secret with the keys of `storage.credentialsSecretRef`. Left out: the credentials of the `storage` of the
    /// IngestSource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretRef>,
    /// Certificates: whom to trust, and for mutual TLS the client's own. Left out: those of the `storage` of the
    /// IngestSource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<Tls>>,
}

/// A model server and its credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelConnection {
    /// The URL, as `url` of the enricher's protocol needs it.
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^/]+"))]
    pub url: String,
    /// Secret with the keys of an enricher's `secretRef`. Left out: no authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Certificates: whom to trust, and for mutual TLS the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<Tls>>,
}

impl ModelConnection {
    /// Where the credentials and certificates come from.
    pub fn credentials(&self) -> Vec<CredentialSource<'_>> {
        with_certificates(self.secret_ref.as_ref(), self.tls.as_deref())
    }
}

/// The one endpoint of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Endpoint<'a> {
    /// A cluster.
    Elasticsearch(&'a ElasticsearchCluster),
    /// An object store.
    ObjectStore(&'a Storage),
    /// A queue.
    Queue(&'a QueueConnection),
    /// A model server.
    Model(&'a ModelConnection),
}

impl Endpoint<'_> {
    /// What is connected to, as `status.type` says it.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Elasticsearch(_) => "Elasticsearch",
            Self::ObjectStore(_) => "ObjectStore",
            Self::Queue(_) => "Queue",
            Self::Model(_) => "Model",
        }
    }
}
