//! Connects to the stores that a resource names, with the credentials from its Secrets, and reports faults in
//! words that a user can act on.

use std::sync::Arc;
use std::time::Duration;

use aws::{StoreError, StoreFault, credential_key};
use docmill_clients::cause::with_causes;
use docmill_clients::{aws, elastic, secrets};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::api::storage::{SecretRef, Storage};
use docmill_crds::contract::IngestOrder;
use docmill_crds::error_class::{Classify as _, ErrorClass};
use elastic::{Elastic, ElasticError, OwnershipError};
use futures::TryFutureExt as _;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use secrets::Secrets;

use super::circuit_breaker::EndpointClient;
use super::k8s::rules::Rules;
use super::not_ready::NotReady;

/// Time limit for an endpoint to answer one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The number of buckets of a source, each of which costs one request when the source is observed.
pub const BUCKETS: usize = 3;
/// Reason for an endpoint that the administrator does not allow.
pub const NOT_ALLOWED: &str = "EndpointNotAllowed";

/// Reads what resources name, as far as the rules allow. Cheap to clone.
#[derive(Clone)]
pub struct SecretReader {
    /// Reads Secrets.
    pub client: Client,
    /// Which Secrets, and what else, may be used.
    pub rules: Arc<Rules>,
}

/// The values of the Secret of `storage`; empty if it names none and the operator may use its own identity.
pub async fn storage_secrets(
    reader: &SecretReader,
    namespace: &str,
    storage: &Storage,
) -> Result<Secrets, NotReady> {
    let Some(named) = &storage.credentials_secret_ref else {
        reader.rules.check_own_identity(namespace, "credentialsSecretRef of the storage")?;
        return Ok(Secrets::default());
    };
    let secrets = read_secret(reader, namespace, named).await?;
    check_aws_keys(named, &secrets)?;
    Ok(secrets)
}

fn check_aws_keys(named: &SecretRef, secrets: &Secrets) -> Result<(), NotReady> {
    for key in [credential_key::ACCESS_KEY_ID, credential_key::SECRET_ACCESS_KEY] {
        if secrets.text(key).is_none() {
            return Err(missing_key(named, key));
        }
    }
    Ok(())
}

/// Connects to an Elasticsearch cluster, and returns a client once the cluster has answered.
pub async fn connect_elastic(
    reader: &SecretReader,
    namespace: &str,
    cluster: &ElasticsearchCluster,
    endpoint_client: &EndpointClient,
) -> Result<Elastic, NotReady> {
    let secrets = match &cluster.secret_ref {
        None => {
            if cluster.aws.is_some() {
                reader.rules.check_own_identity(namespace, "secretRef of the signed cluster")?;
            }
            Secrets::default()
        }
        Some(named) => {
            let secrets = read_secret(reader, namespace, named).await?;
            check_elastic_keys(cluster, named, &secrets)?;
            secrets
        }
    };
    let elastic = Elastic::new(cluster, &secrets).map_err(|error| elastic_fault(cluster, &error))?;
    ask_elastic(endpoint_client, cluster, elastic.info()).await?;
    Ok(elastic)
}

/// Sends a request to a cluster, unless it was unresponsive a moment ago.
pub fn ask_elastic<'a, T: 'a>(
    endpoint_client: &'a EndpointClient,
    cluster: &'a ElasticsearchCluster,
    request: impl Future<Output = Result<T, ElasticError>> + Send + 'a,
) -> BoxFuture<'a, Result<T, NotReady>> {
    ask_cluster(endpoint_client, cluster, request.map_err(move |error| elastic_fault(cluster, &error)))
}

fn ask_cluster<'a, T: 'a>(
    endpoint_client: &'a EndpointClient,
    cluster: &ElasticsearchCluster,
    request: impl Future<Output = Result<T, NotReady>> + Send + 'a,
) -> BoxFuture<'a, Result<T, NotReady>> {
    let address = cluster.urls.join(", ");
    let timeout_fault = elastic_fault(cluster, &ElasticError::Timeout(address.clone()));
    endpoint_client.ask(&address, ANSWER_WITHIN, timeout_fault, request)
}

/// Sends a request to the object store, unless it was unresponsive a moment ago.
fn ask_storage<'a, T: 'a>(
    endpoint_client: &'a EndpointClient,
    storage: &Storage,
    request: impl Future<Output = Result<T, NotReady>> + Send + 'a,
) -> BoxFuture<'a, Result<T, NotReady>> {
    let address = storage.endpoint.clone().unwrap_or_else(|| format!("S3 in {}", storage.region));
    let timeout_fault = NotReady::transient("StorageUnreachable", format!("{address}: no answer in time"));
    endpoint_client.ask(&address, ANSWER_WITHIN, timeout_fault, request)
}

/// Checks that the three buckets of a source exist and are accessible.
pub async fn check_buckets(
    s3: &aws_sdk_s3::Client,
    spec: &IngestSourceSpec,
    endpoint_client: &EndpointClient,
) -> Result<(), NotReady> {
    let all = async {
        let buckets: [_; BUCKETS] = [&spec.raw.bucket, &spec.snapshots.bucket, &spec.errors.bucket]
            .map(|bucket| check_bucket(s3, bucket));
        let [raw, snapshots, errors] = buckets;
        let (raw, snapshots, errors) = tokio::join!(raw, snapshots, errors);
        raw.and(snapshots).and(errors)
    };
    ask_storage(endpoint_client, &spec.storage, all).await
}

/// Connects to the clusters of a source. Each has to answer, and the records in them have to be the source's
/// own or to be taken over. Returns the client of the ledger cluster.
pub async fn connect_source(
    reader: &SecretReader,
    order: &IngestOrder,
    endpoint_client: &EndpointClient,
) -> Result<Elastic, NotReady> {
    let IngestOrder { namespace, spec, .. } = order;
    let cluster = ledger_cluster(spec)?;
    let ledger = connect_elastic(reader, namespace, cluster, endpoint_client).await?;
    if !spec.adopts() {
        let (indices, owner) = (order.own_indices(), order.owner());
        let check = ledger.check_owner(&indices, &owner);
        ask_cluster(endpoint_client, cluster, check.map_err(|error| claim_fault(cluster, error))).await?;
    }
    if let (Some(index), Some(_)) = (spec.index_cluster(), spec.own_ledger_cluster()) {
        connect_elastic(reader, namespace, index, endpoint_client).await?;
    }
    Ok(ledger)
}

/// Why records cannot be used, for the `Ready` condition.
pub fn claim_fault(cluster: &ElasticsearchCluster, error: OwnershipError) -> NotReady {
    match error {
        OwnershipError::Elastic(error) => elastic_fault(cluster, &error),
        OwnershipError::Barred(words) => NotReady::user("LedgerOwnedByAnother", words),
    }
}

/// The cluster of a source's ledger.
pub fn ledger_cluster(spec: &IngestSourceSpec) -> Result<&ElasticsearchCluster, NotReady> {
    spec.ledger_cluster().ok_or_else(|| {
        let text = "spec.index is not set and spec.ledger names no cluster; set spec.ledger.elasticsearch";
        NotReady::user("InvalidSpec", text)
    })
}

/// Checks that a bucket exists and is accessible.
async fn check_bucket(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<(), NotReady> {
    match s3.head_bucket().bucket(bucket).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = StoreError::from_sdk(format!("check the bucket {bucket:?}"), &error);
            Err(store_fault(&error, "BucketNotFound", "create it, or correct its name"))
        }
    }
}

/// A store's error, for the `Ready` condition. `missing` is the reason, and `advice` the remedy, if the
/// bucket or queue does not exist.
pub fn store_fault(error: &StoreError, missing: &'static str, advice: &str) -> NotReady {
    if matches!(error, StoreError::NotAllowed(_)) {
        return NotReady::user(NOT_ALLOWED, error.to_string());
    }
    let (reason, advice) = match error.fault() {
        Some(StoreFault::NotFound | StoreFault::NoSuchKey) => (missing, advice),
        Some(StoreFault::AccessDenied) => ("AccessDenied", "check the credentials and their policy"),
        Some(
            StoreFault::Throttled | StoreFault::Unreachable | StoreFault::Unavailable | StoreFault::Changed,
        ) => {
            return NotReady::transient("StorageUnreachable", error.to_string());
        }
        Some(StoreFault::Refused | StoreFault::Archived) => {
            ("StorageRefused", "check region, endpoint and path style")
        }
        None => ("InvalidStorage", "correct spec.storage and its Secret"),
    };
    NotReady::user(reason, format!("{error}; {advice}"))
}

/// An error of Elasticsearch, for the `Ready` condition.
pub fn elastic_fault(cluster: &ElasticsearchCluster, error: &ElasticError) -> NotReady {
    let denied = error.fault().is_some_and(|fault| matches!(fault.status, 401 | 403));
    let (address, text) = (cluster.urls.join(", "), with_causes(error));
    let message = if text.contains(&address) { text } else { format!("{address}: {text}") };
    match error {
        ElasticError::NotAllowed(fault) => NotReady::user(NOT_ALLOWED, fault.to_string()),
        ElasticError::Untrusted(_) => NotReady::user("IndexUntrusted", message),
        ElasticError::Unreachable(_) | ElasticError::Timeout(_) => {
            let advice =
                "check that it is running and that pods can reach it (Service, DNS, network policies)";
            NotReady::transient("IndexUnreachable", format!("{message}; {advice}"))
        }
        _ if error.class() == ErrorClass::Transient => NotReady::transient("IndexUnreachable", message),
        _ if denied => {
            let advice = if cluster.aws.is_some() {
                "check the role or the keys that sign the requests, and the access policy of the domain"
            } else {
                "check the credentials in the Secret that secretRef names, and their privileges"
            };
            NotReady::user("IndexAccessDenied", format!("{message}; {advice}"))
        }
        _ => NotReady::user("IndexRefused", format!("{message}; correct the settings of the cluster")),
    }
}

/// Checks for an API key, for user and password, or for AWS keys.
fn check_elastic_keys(
    cluster: &ElasticsearchCluster,
    named: &SecretRef,
    secrets: &Secrets,
) -> Result<(), NotReady> {
    if cluster.aws.is_some() {
        return check_aws_keys(named, secrets);
    }
    if secrets.text("apiKey").is_some() {
        return Ok(());
    }
    match (secrets.text("username"), secrets.text("password")) {
        (Some(_), Some(_)) => Ok(()),
        (Some(_), None) => Err(missing_key(named, "password")),
        (None, Some(_)) => Err(missing_key(named, "username")),
        // A Secret with only the CA certificate of a cluster that needs no credentials.
        (None, None) if secrets.text("ca.crt").is_some() => Ok(()),
        (None, None) => Err(missing_key(named, "apiKey, nor username and password")),
    }
}

/// The values of a Secret, if it may be used.
pub async fn read_secret(
    reader: &SecretReader,
    namespace: &str,
    named: &SecretRef,
) -> Result<Secrets, NotReady> {
    let name = &named.name;
    match Api::<Secret>::namespaced(reader.client.clone(), namespace).get_opt(name).await {
        Ok(Some(secret)) => {
            reader.rules.check_secret(&secret)?;
            let data = secret.data.unwrap_or_default();
            Ok(Secrets::new(data.into_iter().map(|(key, value)| (key, value.0)).collect()))
        }
        Ok(None) => Err(NotReady::user(
            "SecretNotFound",
            format!("there is no Secret {name:?} in namespace {namespace:?}; create it"),
        )),
        Err(kube::Error::Api(status)) if status.is_forbidden() => Err(NotReady::user(
            "SecretForbidden",
            format!("the operator may not read the Secret {name:?}: {}", status.message),
        )),
        Err(error) => Err(NotReady::transient(
            "SecretUnreadable",
            format!("failed to read the Secret {name:?}: {}", with_causes(&error)),
        )),
    }
}

fn missing_key(named: &SecretRef, key: &str) -> NotReady {
    NotReady::user("SecretKeyMissing", format!("the Secret {:?} has no key {key}; add it", named.name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use docmill_clients::aws::{StoreError, StoreFault};
    use docmill_clients::secrets::Secrets;
    use docmill_crds::api::elasticsearch::ElasticsearchCluster;
    use docmill_crds::api::storage::SecretRef;
    use docmill_crds::error_class::ErrorClass;

    use super::{check_elastic_keys, store_fault};

    fn secrets(keys: &[&str]) -> Secrets {
        let values = keys.iter().map(|key| ((*key).to_owned(), b"x".to_vec()));
        Secrets::new(values.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn an_index_secret_holds_an_api_key_or_user_and_password() {
        let named = SecretRef { name: "es".into() };
        let cluster = ElasticsearchCluster::default();
        for enough in [&["apiKey"][..], &["username", "password"], &["ca.crt"]] {
            assert_eq!(check_elastic_keys(&cluster, &named, &secrets(enough)), Ok(()));
        }
        for (given, missing) in
            [(&["username"][..], "password"), (&["password"], "username"), (&[], "apiKey")]
        {
            let fault = check_elastic_keys(&cluster, &named, &secrets(given)).unwrap_err();
            assert_eq!(fault.reason, "SecretKeyMissing");
            assert!(fault.message.contains("\"es\"") && fault.message.contains(missing), "{}", fault.message);
        }
    }

    #[test]
    fn a_missing_bucket_is_the_users_and_an_outage_is_nobodys() {
        let error = |fault| StoreError::Request {
            action: "look at the bucket \"raw\"".into(),
            detail: "HTTP status 404".into(),
            said: "hunter2".into(),
            fault,
        };
        let missing = store_fault(&error(StoreFault::NotFound), "BucketNotFound", "create it");
        assert_eq!((missing.reason, missing.class), ("BucketNotFound", ErrorClass::User));
        assert!(missing.message.contains("\"raw\"") && missing.message.ends_with("create it"));
        assert!(!missing.message.contains("hunter2"), "{}", missing.message);
        let outage = store_fault(&error(StoreFault::Unavailable), "BucketNotFound", "create it");
        assert_eq!((outage.reason, outage.class), ("StorageUnreachable", ErrorClass::Transient));
    }
}
