//! Signs requests to managed OpenSearch by AWS Signature Version 4
//! (<https://docs.aws.amazon.com/opensearch-service/latest/developerguide/request-signing.html>): each with
//! its method, path, query, host, time and the SHA-256 of its body.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use docmill_crds::api::elasticsearch::{AwsSigning, ElasticsearchCluster};
use docmill_crds::digest::sha256;
use elasticsearch::http::Method;
use elasticsearch::http::headers::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::OnceCell;

use crate::aws::{self, FreshCredentials};
use crate::elastic::error::ElasticError;
use crate::secrets::Secrets;

/// A larger body is hashed on a blocking thread, so that tasks that wait for stores are not held up.
const LARGE_BODY: usize = 128 * 1024;

/// Signs requests to one endpoint.
pub(crate) struct Signer {
    aws: AwsSigning,
    /// `https://host:port`, without a trailing slash.
    origin: String,
    keys: Keys,
}

enum Keys {
    /// The keys of a Secret.
    Fixed(Credentials),
    /// The credentials of the pod's own identity.
    Identity(OnceCell<FreshCredentials>),
}

impl Signer {
    /// With the keys of the Secret, or with the pod's own identity if the resource names none.
    pub(crate) fn new(
        cluster: &ElasticsearchCluster,
        aws: &AwsSigning,
        secrets: &Secrets,
    ) -> Result<Self, ElasticError> {
        let [url] = cluster.urls.as_slice() else {
            return Err(ElasticError::Settings("with aws, urls has to name one endpoint".to_owned()));
        };
        let keys = if cluster.secret_ref.is_some() {
            let keys = aws::static_credentials(secrets);
            Keys::Fixed(keys.map_err(|error| ElasticError::Settings(error.to_string()))?)
        } else {
            Keys::Identity(OnceCell::new())
        };
        Ok(Self { aws: aws.clone(), origin: url.trim_end_matches('/').to_owned(), keys })
    }

    /// The headers that sign a request sent now.
    pub(crate) async fn headers(
        &self,
        method: Method,
        path: &str,
        body: Option<&Bytes>,
    ) -> Result<HeaderMap, ElasticError> {
        let credentials = self.credentials().await?;
        let request = ToSign {
            method,
            url: &format!("{}{path}", self.origin),
            body_digest: digest(body.cloned().unwrap_or_default()).await,
        };
        sign(&request, &self.aws, credentials, SystemTime::now())
    }

    async fn credentials(&self) -> Result<Credentials, ElasticError> {
        match &self.keys {
            Keys::Fixed(credentials) => Ok(credentials.clone()),
            Keys::Identity(identity) => {
                let identity = identity.get_or_try_init(|| self.identity()).await?;
                identity.get().await.map_err(|error| no_credentials(&error))
            }
        }
    }

    /// The chain that the clients of buckets and queue use too.
    async fn identity(&self) -> Result<FreshCredentials, ElasticError> {
        let config = aws::sdk_config(&self.aws.region).load().await;
        config.credentials_provider().map(FreshCredentials::of).ok_or_else(|| {
            ElasticError::Settings("this build knows no source of AWS credentials; set secretRef".to_owned())
        })
    }
}

fn no_credentials(error: &CredentialsError) -> ElasticError {
    let cause = crate::cause::innermost(error);
    match error {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            ElasticError::Settings(format!(
                "there are no AWS credentials to sign with ({cause}); give the pod's service account a role, or set secretRef"
            ))
        }
        _ => ElasticError::Unreachable(format!("AWS credentials to sign with: {cause}")),
    }
}

async fn digest(body: Bytes) -> String {
    if body.len() <= LARGE_BODY {
        return sha256(&body);
    }
    // The bytes are shared, not copied. The task cannot be cancelled, and does not panic.
    let shared = body.clone();
    let digested = tokio::task::spawn_blocking(move || sha256(&shared)).await;
    digested.unwrap_or_else(|_| sha256(&body))
}

/// The signed parts of a request.
struct ToSign<'a> {
    method: Method,
    url: &'a str,
    /// SHA-256, in hex.
    body_digest: String,
}

/// The headers of a signed request. Pure.
fn sign(
    request: &ToSign<'_>,
    aws: &AwsSigning,
    credentials: Credentials,
    time: SystemTime,
) -> Result<HeaderMap, ElasticError> {
    let unsigned = |error: &dyn std::fmt::Display| {
        ElasticError::Settings(format!("a request to {} cannot be signed: {error}", request.url))
    };
    let mut settings = SigningSettings::default();
    // Serverless requires the digest as a header; the Service accepts it too.
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&aws.region)
        .name(aws.service.as_str())
        .time(time)
        .settings(settings)
        .build()
        .map_err(|error| unsigned(&error))?;
    let body = SignableBody::Precomputed(request.body_digest.clone());
    let signable = SignableRequest::new(method_name(request.method), request.url, std::iter::empty(), body);
    let signable = signable.map_err(|error| unsigned(&error))?;
    let signed = sign_request(signable, &params.into()).map_err(|error| unsigned(&error))?;
    let mut headers = HeaderMap::new();
    for (name, value) in signed.output().headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| unsigned(&error))?;
        let mut value = HeaderValue::from_str(value).map_err(|error| unsigned(&error))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Put => "PUT",
        Method::Post => "POST",
        Method::Delete => "DELETE",
        Method::Head => "HEAD",
    }
}

#[cfg(test)]
mod tests;
