//! Connects to the stores that a resource names, and checks what is there.
//!
//! - `secrets`: the credentials, from Secrets and ConfigMaps; `read_cache`: those that were read lately;
//! - `elastic_clients`: one client for each cluster and its credentials; `storage_clients`: the same of object stores and
//!   queues;
//! - `circuit_breaker`: how much of their time those may take that do not answer;
//! - `faults`: what goes wrong, in words that a user can act on.

pub mod circuit_breaker;
mod elastic_clients;
mod faults;
mod read_cache;
mod secrets;
pub mod storage_clients;

use std::sync::Arc;
use std::time::{Duration, Instant};

use circuit_breaker::EndpointClient;
use docmill_clients::aws::StoreError;
use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::api::storage::Storage;
use docmill_crds::contract::IngestOrder;
use elastic_clients::SharedElastic;
use futures::TryFutureExt as _;
use futures::future::BoxFuture;
use secrets::check_elastic_keys;

pub use faults::{
    NOT_ALLOWED, claim_fault, distrust_fault, elastic_fault, model_link_fault, queue_fault, store_fault,
};
pub use secrets::{SecretReader, check_pod_secrets, read_credentials, storage_secrets};

use crate::outcome::not_ready::NotReady;

/// Time limit for an endpoint to answer one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The number of buckets of a source, each of which costs one request when the source is observed.
pub const BUCKETS: usize = 3;
/// The requests that a check of a source's clusters costs at most: the cluster's name, and the owners of the three
/// indices of records.
pub const CLUSTER_REQUESTS: usize = 4;

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
