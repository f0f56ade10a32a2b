//! Connects to everything that a source names, and caches the clients for a while. Losing them costs a few
//! requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::aws::{s3_client, sqs_client};
use docmill_clients::elastic::Elastic;
use docmill_crds::IngestSource;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::IngestOrder;
use kube::ResourceExt as _;

use super::ledger_memory::LedgerMemory;
use crate::circuit_breaker::EndpointClient;
use crate::not_ready::NotReady;
use crate::stores::{
    BUCKETS, SecretReader, check_buckets, check_pod_secrets, connect_source, storage_secrets, store_fault,
};
use crate::telemetry::metrics::{Metrics, Target};

/// After this, everything is checked again, so that a rotated Secret or a deleted bucket is noticed even
/// while nothing fails.
const FRESH: Duration = Duration::from_mins(5);
/// The same while workers are in trouble.
const FRESH_IN_TROUBLE: Duration = Duration::from_secs(15);
/// More than all client-side retries take for a store that refuses connections, and short enough for a store
/// that drops them.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Clients of the stores of one source, all of which have answered.
pub struct StoreClients {
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// The queue, if the source has one.
    pub sqs: Option<aws_sdk_sqs::Client>,
    /// The cluster with the ledger.
    pub ledger_cluster: Elastic,
    /// The last answer of the ledger.
    pub ledger_memory: Mutex<LedgerMemory>,
    /// The spec that names the stores, with the addresses of its connections.
    spec: IngestSourceSpec,
    connected_at: Instant,
}

/// The clients of all sources that were reached recently, by UID.
#[derive(Default)]
pub struct ClientCache(Mutex<HashMap<String, Arc<StoreClients>>>);

impl ClientCache {
    /// A cache with the clients of one source, as if it had been reached.
    #[cfg(test)]
    pub fn holding(source: &IngestSource, s3: aws_sdk_s3::Client, ledger_cluster: Elastic) -> Self {
        let reached = StoreClients {
            s3,
            sqs: None,
            ledger_cluster,
            ledger_memory: Mutex::default(),
            spec: source.spec.clone(),
            connected_at: Instant::now(),
        };
        Self(Mutex::new(HashMap::from([(source.uid().unwrap_or_default(), Arc::new(reached))])))
    }

    /// The clients of a source: cached ones while they are fresh, or new ones.
    pub async fn reach(
        &self,
        reader: &SecretReader,
        source: &IngestSource,
        order: &IngestOrder,
        in_trouble: bool,
        endpoint_client: &EndpointClient,
        metrics: &Metrics,
    ) -> Result<Arc<StoreClients>, NotReady> {
        let uid = source.uid().unwrap_or_default();
        let fresh = if in_trouble { FRESH_IN_TROUBLE } else { FRESH };
        if let Some(known) = self.known(&uid)
            && known.spec == source.spec
            && known.connected_at.elapsed() < fresh
        {
            return Ok(known);
        }
        let reached =
            tokio::time::timeout(TIMEOUT, Box::pin(connect(reader, order, endpoint_client, metrics)))
                .await
                .unwrap_or_else(|_| {
                    let seconds = TIMEOUT.as_secs();
                    Err(NotReady::transient(
                        "TimedOut",
                        format!("the stores did not answer within {seconds} s"),
                    ))
                });
        match reached {
            Ok(reached) => Ok(self.remember(uid, reached)),
            Err(fault) => {
                self.forget(&uid);
                Err(fault)
            }
        }
    }

    /// Drops the clients of a source, so that the next reconcile checks everything again.
    pub fn forget(&self, uid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }

    /// The clients of a source that was reached recently.
    pub fn known(&self, uid: &str) -> Option<Arc<StoreClients>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(uid).cloned()
    }

    fn remember(&self, uid: String, reached: StoreClients) -> Arc<StoreClients> {
        let reached = Arc::new(reached);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Deleted sources are no longer reconciled, and drop out here.
        all.retain(|_, known| known.connected_at.elapsed() < FRESH * 2);
        all.insert(uid, reached.clone());
        reached
    }
}

/// Connects to everything that the spec names, and checks the Secrets of its `podTemplate`. Reports the first
/// fault in the order of the spec.
async fn connect(
    reader: &SecretReader,
    order: &IngestOrder,
    endpoint_client: &EndpointClient,
    metrics: &Metrics,
) -> Result<StoreClients, NotReady> {
    let IngestOrder { namespace, spec, .. } = order;
    metrics.request(Target::Elasticsearch);
    let (storage, elastic) = tokio::join!(
        connect_storage(reader, namespace, spec, endpoint_client, metrics),
        connect_source(reader, order, endpoint_client),
    );
    let ((s3, sqs), ledger_cluster) = (storage?, elastic?);
    check_pod_secrets(reader, namespace, "spec.workers.podTemplate", &spec.workers.pod_template).await?;
    Ok(StoreClients {
        s3,
        sqs,
        ledger_cluster,
        ledger_memory: Mutex::default(),
        spec: spec.clone(),
        connected_at: Instant::now(),
    })
}

async fn connect_storage(
    reader: &SecretReader,
    namespace: &str,
    spec: &IngestSourceSpec,
    endpoint_client: &EndpointClient,
    metrics: &Metrics,
) -> Result<(aws_sdk_s3::Client, Option<aws_sdk_sqs::Client>), NotReady> {
    let storage = &spec.storage;
    let secrets = storage_secrets(reader, namespace, storage).await?;
    let unusable = |error| store_fault(&error, "InvalidStorage", "correct spec.storage");
    let s3 = s3_client(storage, &secrets).await.map_err(unusable)?;
    let sqs = match spec.trigger.queue_url() {
        Some(url) => {
            let queue = spec.queue_storage();
            let own = match spec.trigger.queue_credentials() {
                Some(_) => storage_secrets(reader, namespace, &queue).await?,
                None => secrets,
            };
            Some(sqs_client(&queue, url, &own).await.map_err(unusable)?)
        }
        None => None,
    };
    for _ in 0..BUCKETS {
        metrics.request(Target::ObjectStore);
    }
    check_buckets(&s3, spec, endpoint_client).await?;
    Ok((s3, sqs))
}
