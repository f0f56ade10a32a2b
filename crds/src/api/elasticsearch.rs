//! How to reach an Elasticsearch (8.x, 9.x) or OpenSearch (2.x, 3.x) cluster.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::storage::SecretRef;

/// A cluster and its credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("!has(self.aws) || self.urls.size() == 1")
    .message("with aws there must be one URL, since each request is signed for its host; give the endpoint of the domain or collection")
    .field_path(".urls"))]
pub struct ElasticsearchCluster {
    /// Base URLs of the cluster's nodes or of its load balancer, for example `https://es.search.svc:9200`.
    #[schemars(
        length(min = 1, max = 32),
        inner(length(max = 2048), regex(pattern = r"^https?://[^/?#]+/?$"))
    )]
    pub urls: Vec<String>,
    /// Secret in this namespace with the keys `username` and `password`, or `apiKey` (the encoded form), and
    /// `ca.crt` (PEM) if the cluster's certificate is signed by a private authority. Left out: no
    /// authentication. With `aws` its keys are those of `storage.credentialsSecretRef`, and if it is left
    /// out, the pod's own identity is used. A changed Secret is read again when the cluster rejects the
    /// previous credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Amazon OpenSearch Service or Serverless, which accepts requests signed with AWS credentials (Signature
    /// Version 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<AwsSigning>,
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
