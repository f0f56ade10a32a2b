//! Connects to the stores that a resource names, with the credentials from its Secrets, and reports faults in
//! words that a user can act on.
//!
//! - `read_cache`: Secrets and ConfigMaps that were read lately;
//! - `elastic_clients`: one client for each cluster and its credentials.

mod elastic_clients;
mod read_cache;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws::{StoreError, StoreFault, credential_key};
use docmill_clients::cause::with_causes;
use docmill_clients::{aws, elastic, secrets};
use docmill_crds::api::credentials::{CredentialSource, KeyFile};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::api::pod_template::PodTemplate;
use docmill_crds::api::storage::{SecretRef, Storage};
use docmill_crds::contract::IngestOrder;
use docmill_crds::error_class::{Classify as _, ErrorClass};
use elastic::{Elastic, ElasticError, OwnershipError};
use elastic_clients::{ElasticClients, SharedElastic};
use futures::TryFutureExt as _;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client, ResourceExt as _};
use read_cache::ReadCache;
use secrets::Secrets;

use super::circuit_breaker::EndpointClient;
use super::k8s::rules::Rules;
use super::k8s::rules::pods::secrets::{PodSecret, SecretPurpose, SecretUse, pod_secrets};
use super::not_ready::NotReady;

/// Time limit for an endpoint to answer one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The number of buckets of a source, each of which costs one request when the source is observed.
pub const BUCKETS: usize = 3;
/// The requests that a check of a source's clusters costs at most: the cluster's name, and the owners of the three
/// indices of records.
pub const CLUSTER_REQUESTS: usize = 4;
/// Reason for an endpoint that the administrator does not allow.
pub const NOT_ALLOWED: &str = "EndpointNotAllowed";

/// Reads what resources name, as far as the rules allow. Cheap to clone.
#[derive(Clone)]
pub struct SecretReader {
    /// Reads Secrets and ConfigMaps.
    pub client: Client,
    /// Which Secrets, and what else, may be used.
    pub rules: Arc<Rules>,
    secrets: ReadCache<Secret>,
    config_maps: ReadCache<ConfigMap>,
    clusters: ElasticClients,
    max_age: Duration,
}

impl SecretReader {
    /// A reader that reads each Secret and ConfigMap, and asks each cluster, whenever it is needed.
    pub fn new(client: Client, rules: Arc<Rules>) -> Self {
        let (secrets, config_maps) = (ReadCache::default(), ReadCache::default());
        let clusters = ElasticClients::default();
        Self { client, rules, secrets, config_maps, clusters, max_age: Duration::ZERO }
    }

    /// The same reader, content with what was read, and with a cluster that answered, within this time.
    pub fn content_with(&self, max_age: Duration) -> Self {
        Self { max_age, ..self.clone() }
    }
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
            return Err(missing_key(&named.name, key));
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
    let shared = open_elastic(reader, namespace, cluster).await?;
    if !shared.has_answered_within(reader.max_age) {
        let asked_at = Instant::now();
        ask_elastic(endpoint_client, cluster, shared.elastic.ping()).await?;
        shared.has_answered(asked_at);
    }
    Ok(shared.elastic.clone())
}

/// A client for an Elasticsearch cluster with its credentials; the cluster is not asked.
async fn open_elastic(
    reader: &SecretReader,
    namespace: &str,
    cluster: &ElasticsearchCluster,
) -> Result<Arc<SharedElastic>, NotReady> {
    if cluster.aws.is_some() && cluster.secret_ref.is_none() {
        reader.rules.check_own_identity(namespace, "secretRef of the signed cluster")?;
    }
    let secrets = read_credentials(reader, namespace, &cluster.credentials()).await?;
    if let Some(named) = &cluster.secret_ref {
        check_elastic_keys(cluster, named, &secrets)?;
    }
    reader.clusters.open(namespace, cluster, &secrets).map_err(|error| elastic_fault(cluster, &error))
}

/// Clients for the clusters of a source, which are not asked.
pub async fn open_source(
    reader: &SecretReader,
    namespace: &str,
    spec: &IngestSourceSpec,
) -> Result<SourceClusters, NotReady> {
    let ledger = open_elastic(reader, namespace, ledger_cluster(spec)?).await?.elastic.clone();
    let index = match (spec.index_cluster(), spec.own_ledger_cluster()) {
        (Some(index), Some(_)) => Some(open_elastic(reader, namespace, index).await?.elastic.clone()),
        (Some(_), None) => Some(ledger.clone()),
        (None, _) => None,
    };
    Ok(SourceClusters { ledger, index })
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

/// The clusters of a source.
pub struct SourceClusters {
    /// The one with the ledger.
    pub ledger: Elastic,
    /// The one with the documents, if they are indexed.
    pub index: Option<Elastic>,
}

/// Connects to the clusters of a source. Each has to answer, and the records in them have to be the source's
/// own or to be taken over.
pub async fn connect_source(
    reader: &SecretReader,
    order: &IngestOrder,
    endpoint_client: &EndpointClient,
) -> Result<SourceClusters, NotReady> {
    let IngestOrder { namespace, spec, .. } = order;
    let cluster = ledger_cluster(spec)?;
    let ledger = connect_elastic(reader, namespace, cluster, endpoint_client).await?;
    if !spec.adopts() {
        let (indices, owner) = (order.own_indices(), order.owner());
        let check = ledger.check_owner(&indices, &owner);
        ask_cluster(endpoint_client, cluster, check.map_err(|error| claim_fault(cluster, error))).await?;
    }
    let index = match (spec.index_cluster(), spec.own_ledger_cluster()) {
        (Some(index), Some(_)) => Some(connect_elastic(reader, namespace, index, endpoint_client).await?),
        (Some(_), None) => Some(ledger.clone()),
        (None, _) => None,
    };
    Ok(SourceClusters { ledger, index })
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

/// An error of a queue, for the `Ready` condition.
pub fn queue_fault(error: &StoreError) -> NotReady {
    let fault = store_fault(error, "QueueNotFound", "create it, or correct its URL");
    match fault.reason {
        "StorageUnreachable" => NotReady { reason: "QueueUnreachable", ..fault },
        "AccessDenied" => NotReady { reason: "QueueAccessDenied", ..fault },
        "StorageRefused" => NotReady { reason: "QueueRefused", ..fault },
        _ => fault,
    }
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
                "check the credentials in the Secret of the cluster, and their privileges"
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
        (Some(_), None) => Err(missing_key(&named.name, "password")),
        (None, Some(_)) => Err(missing_key(&named.name, "username")),
        // A Secret with only the CA certificate of a cluster that needs no credentials.
        (None, None) if secrets.text("ca.crt").is_some() => Ok(()),
        (None, None) => Err(missing_key(&named.name, "apiKey, nor username and password")),
    }
}

/// The values of a Secret, if it may be used.
pub async fn read_secret(
    reader: &SecretReader,
    namespace: &str,
    named: &SecretRef,
) -> Result<Secrets, NotReady> {
    Ok(Secrets::new(secret_values(reader, namespace, &named.name).await?))
}

/// The values that a pod finds where these sources are mounted, if they may be used.
async fn read_credentials(
    reader: &SecretReader,
    namespace: &str,
    sources: &[CredentialSource<'_>],
) -> Result<Secrets, NotReady> {
    let mut values = BTreeMap::new();
    for source in sources {
        match source {
            CredentialSource::Secret(named) => {
                values.extend(secret_values(reader, namespace, &named.name).await?);
            }
            CredentialSource::SecretKey(KeyFile { name, key, file }) => {
                let value = secret_values(reader, namespace, name).await?.remove(*key);
                values.insert((*file).to_owned(), value.ok_or_else(|| missing_key(name, key))?);
            }
            CredentialSource::ConfigMapKey(key) => {
                values.insert(key.file.to_owned(), config_map_value(reader, namespace, key).await?);
            }
        }
    }
    Ok(Secrets::new(values))
}

async fn secret_values(
    reader: &SecretReader,
    namespace: &str,
    name: &str,
) -> Result<BTreeMap<String, Vec<u8>>, NotReady> {
    let secret = get_secret(reader, namespace, name).await?;
    reader.rules.check_secret(&secret)?;
    Ok(secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect())
}

async fn config_map_value(
    reader: &SecretReader,
    namespace: &str,
    KeyFile { name, key, .. }: &KeyFile<'_>,
) -> Result<Vec<u8>, NotReady> {
    let found = get_config_map(reader, namespace, name).await?;
    let value = found.data.and_then(|mut data| data.remove(*key)).ok_or_else(|| {
        NotReady::user("ConfigMapKeyMissing", format!("the ConfigMap {name:?} has no key {key}; add it"))
    })?;
    Ok(value.into_bytes())
}

async fn get_config_map(reader: &SecretReader, namespace: &str, name: &str) -> Result<ConfigMap, NotReady> {
    let read_at = Instant::now();
    if let Some(known) = reader.config_maps.get(namespace, name, reader.max_age, read_at) {
        return Ok(known);
    }
    match Api::<ConfigMap>::namespaced(reader.client.clone(), namespace).get_opt(name).await {
        Ok(Some(found)) => {
            reader.config_maps.put(namespace, name, found.clone(), read_at);
            Ok(found)
        }
        Ok(None) => Err(NotReady::user(
            "ConfigMapNotFound",
            format!("there is no ConfigMap {name:?} in namespace {namespace:?}; create it"),
        )),
        Err(kube::Error::Api(status)) if status.is_forbidden() => Err(NotReady::user(
            "ConfigMapForbidden",
            format!("the operator may not read the ConfigMap {name:?}: {}", status.message),
        )),
        Err(error) => Err(NotReady::transient(
            "ConfigMapUnreadable",
            format!("failed to read the ConfigMap {name:?}: {}", with_causes(&error)),
        )),
    }
}

/// Checks the Secrets that a `podTemplate`, the field `path` of its resource, names: they must exist, may be
/// used, and have the keys that it takes.
pub async fn check_pod_secrets(
    reader: &SecretReader,
    namespace: &str,
    path: &str,
    template: &PodTemplate,
) -> Result<(), NotReady> {
    for PodSecret { name, uses } in pod_secrets(&template.spec) {
        let fields: Vec<&str> = uses.iter().map(|one| one.field.as_str()).collect();
        let fields = fields.join(", ");
        let at =
            |fault: NotReady| NotReady { message: format!("{path}: {fields}: {}", fault.message), ..fault };
        let secret = get_secret(reader, namespace, name).await.map_err(at)?;
        uses.iter().try_for_each(|one| check_use(&reader.rules, &secret, one)).map_err(at)?;
    }
    Ok(())
}

fn check_use(rules: &Rules, secret: &Secret, one: &SecretUse<'_>) -> Result<(), NotReady> {
    let SecretPurpose::Values(keys) = &one.purpose else { return rules.check_pull_secret(secret) };
    rules.check_secret(secret)?;
    let has = |key: &str| secret.data.as_ref().is_some_and(|data| data.contains_key(key));
    match keys.iter().find(|key| !has(key)) {
        Some(key) => Err(missing_key(&secret.name_any(), key)),
        None => Ok(()),
    }
}

async fn get_secret(reader: &SecretReader, namespace: &str, name: &str) -> Result<Secret, NotReady> {
    let read_at = Instant::now();
    if let Some(known) = reader.secrets.get(namespace, name, reader.max_age, read_at) {
        return Ok(known);
    }
    match Api::<Secret>::namespaced(reader.client.clone(), namespace).get_opt(name).await {
        Ok(Some(secret)) => {
            reader.secrets.put(namespace, name, secret.clone(), read_at);
            Ok(secret)
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

fn missing_key(name: &str, key: &str) -> NotReady {
    NotReady::user("SecretKeyMissing", format!("the Secret {name:?} has no key {key}; add it"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use docmill_clients::aws::{StoreError, StoreFault};
    use docmill_clients::secrets::Secrets;
    use docmill_crds::api::elasticsearch::ElasticsearchCluster;
    use docmill_crds::api::pod_template::PodTemplate;
    use docmill_crds::api::storage::SecretRef;
    use docmill_crds::error_class::ErrorClass;
    use serde_json::{Value, json};

    use super::{SecretReader, check_elastic_keys, check_pod_secrets, store_fault};
    use crate::not_ready::NotReady;
    use crate::testing;

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

    /// The Secrets of a namespace: one of Docmill's type, one of a registry, and one that nobody has marked.
    fn pod_secret(name: &str) -> Option<Value> {
        let (kind, labels) = match name {
            "keys" => ("docmill.io/credentials", json!({})),
            "registry" => ("kubernetes.io/dockerconfigjson", json!({"docmill.io/use": "true"})),
            "foreign" => ("Opaque", json!({})),
            _ => return None,
        };
        let metadata = json!({"name": name, "namespace": "news", "labels": labels});
        let data = json!({"a": "eA=="});
        Some(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": data}))
    }

    /// The outcome of a check of these settings, and the number of requests that it took.
    async fn checked(spec: &Value) -> (Result<(), NotReady>, usize) {
        let (client, log) = testing::api(|asked| {
            let name = asked.path.strip_prefix("/api/v1/namespaces/news/secrets/").unwrap_or_default();
            pod_secret(name).map_or_else(|| testing::refusal(404, "NotFound"), |secret| (200, secret))
        });
        let reader = SecretReader::new(client, testing::rules());
        let template: PodTemplate = serde_json::from_value(json!({"spec": spec})).unwrap();
        let result = check_pod_secrets(&reader, "news", "spec.podTemplate", &template).await;
        let requests = log.lock().unwrap().len();
        (result, requests)
    }

    #[tokio::test]
    async fn secrets_of_a_pod_template_are_read_once_and_follow_the_rules_of_all() {
        let env = json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}]);
        let volume = |name: &str| json!([{"name": "v", "secret": {"secretName": name}}]);
        let pull = |name: &str| json!([{"name": name}]);
        let sound = json!({"env": env, "volumes": volume("keys"), "imagePullSecrets": pull("registry")});
        assert_eq!(checked(&sound).await, (Ok(()), 2));
        assert_eq!(checked(&json!({"nodeSelector": {"a": "b"}})).await, (Ok(()), 0));
        let keyless = json!({"valueFrom": {"secretKeyRef": {"name": "keys", "key": "b"}}, "name": "B"});
        for (spec, reason, field) in [
            (json!({"volumes": volume("foreign")}), "SecretNotAllowed", "spec.volumes \"v\""),
            (json!({"volumes": volume("registry")}), "SecretNotAllowed", "spec.volumes \"v\""),
            (json!({"imagePullSecrets": pull("keys")}), "SecretNotAllowed", "spec.imagePullSecrets"),
            (json!({"imagePullSecrets": pull("foreign")}), "SecretNotAllowed", "spec.imagePullSecrets"),
            (json!({"volumes": volume("missing")}), "SecretNotFound", "spec.volumes \"v\""),
            (json!({"env": [keyless]}), "SecretKeyMissing", "spec.env \"B\""),
        ] {
            let fault = checked(&spec).await.0.unwrap_err();
            assert_eq!((fault.reason, fault.class), (reason, ErrorClass::User), "{spec}");
            assert!(fault.message.starts_with(&format!("spec.podTemplate: {field}: ")), "{}", fault.message);
        }
    }
}
