//! Clients of the object store and the queue, built from a resource's `storage` and its Secret. Operator and
//! worker both build theirs here, so that a resource which the operator found reachable is reachable for the
//! worker too. [`objects`] reads and writes the objects of which a worker has very many.

mod credentials;
mod failure;
pub mod listing;
pub mod objects;

pub(crate) use credentials::FreshCredentials;
use credentials::SecretKeys;
pub use failure::{StoreError, StoreFault, store_reason};

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use docmill_crds::api::storage::Storage;
use docmill_crds::contract::secret_mount;

use super::outbound::{self, Outbound};
use super::secrets::Secrets;

/// Keys of the Secret that `storage.credentialsSecretRef` names.
pub mod credential_key {
    /// Id of the access key.
    pub const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
    /// The secret half of the key.
    pub const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
    /// Session token of temporary credentials.
    pub const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
}

/// How long connecting to object store or queue may take, unless the process itself sets a shorter time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client of the buckets.
pub async fn s3_client(storage: &Storage, secrets: &Secrets) -> Result<aws_sdk_s3::Client, StoreError> {
    s3_of(&shared_config(storage, secrets).await?, storage, secrets)
}

fn s3_of(shared: &SdkConfig, storage: &Storage, secrets: &Secrets) -> Result<aws_sdk_s3::Client, StoreError> {
    let mut config = aws_sdk_s3::config::Builder::from(shared)
        .force_path_style(storage.force_path_style)
        .http_client(guarded(storage.endpoint.as_deref(), secrets, secret_mount::STORAGE)?);
    if let Some(endpoint) = &storage.endpoint {
        config = config.endpoint_url(endpoint);
    }
    Ok(aws_sdk_s3::Client::from_conf(config.build()))
}

/// A client of the queue. Its endpoint is the origin of the queue's URL, which works for AWS and for
/// everything else.
pub async fn sqs_client(
    storage: &Storage,
    queue_url: &str,
    secrets: &Secrets,
) -> Result<aws_sdk_sqs::Client, StoreError> {
    let shared = shared_config(storage, secrets).await?;
    let origin = origin(queue_url).ok_or_else(|| StoreError::QueueUrl(queue_url.to_owned()))?;
    let http = guarded(Some(queue_url), secrets, secret_mount::QUEUE)?;
    let config = aws_sdk_sqs::config::Builder::from(&shared).endpoint_url(origin).http_client(http);
    Ok(aws_sdk_sqs::Client::from_conf(config.build()))
}

/// The HTTP client for endpoints that a resource names. Credential providers use the SDK's own client, since
/// they belong to this cluster and are at addresses to which no resource may point.
fn guarded(endpoint: Option<&str>, secrets: &Secrets, mount: &str) -> Result<SharedHttpClient, StoreError> {
    let outbound = outbound::current();
    if let Some(endpoint) = endpoint {
        outbound.policy.check_url(endpoint)?;
    }
    Ok(outbound::aws::guarded_client(&outbound, secrets, mount)?)
}

async fn shared_config(storage: &Storage, secrets: &Secrets) -> Result<SdkConfig, StoreError> {
    let mut loader = sdk_config(&storage.region);
    if storage.credentials_secret_ref.is_some() {
        // The provider itself keeps them, and knows when to look again.
        loader = loader
            .credentials_provider(SecretKeys::of(secrets)?)
            .identity_cache(aws_config::identity::IdentityCache::no_cache());
    }
    Ok(loader.load().await)
}

/// The configuration that all AWS clients share; credentials are those of the pod's own identity.
pub(crate) fn sdk_config(region: &str) -> ConfigLoader {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(region.to_owned()))
        .timeout_config(timeouts(&outbound::current()))
}

/// A worker has no deadline for a whole operation: a large object over a slow line is no failure. A stalled
/// one is: the SDK's stalled-stream protection and the read time-out end it.
fn timeouts(outbound: &Outbound) -> TimeoutConfig {
    let limits = &outbound.limits;
    let mut timeouts = TimeoutConfig::builder()
        .connect_timeout(limits.connect.min(CONNECT_TIMEOUT))
        .read_timeout(limits.request);
    timeouts.set_operation_timeout(limits.store_call);
    timeouts.build()
}

/// The keys of a Secret.
pub(crate) fn static_credentials(secrets: &Secrets) -> Result<Credentials, StoreError> {
    let key = |name: &'static str| secrets.text(name).ok_or(StoreError::MissingKey(name));
    Ok(Credentials::new(
        key(credential_key::ACCESS_KEY_ID)?,
        key(credential_key::SECRET_ACCESS_KEY)?,
        secrets.text(credential_key::SESSION_TOKEN).map(str::to_owned),
        None,
        "docmill-secret",
    ))
}

/// `https://host:port` of a URL.
fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    (end > host).then(|| &url[..end])
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn the_origin_of_a_queue_url_is_its_endpoint() {
        assert_eq!(origin("http://sqs:9324/000000000000/wire"), Some("http://sqs:9324"));
        assert_eq!(
            origin("https://sqs.eu-west-1.amazonaws.com/1/q"),
            Some("https://sqs.eu-west-1.amazonaws.com")
        );
        assert_eq!(origin("http://[fd96::21]:9324/0/wire"), Some("http://[fd96::21]:9324"));
        assert_eq!(origin("sqs/q"), None);
    }
}
