//! Connects to everything that a source names, and caches the clients for a while. Losing them costs a few
//! requests.
//!
//! All stores of a source are checked when it is new, changed or not ready, and from then on every few minutes, less
//! often among many sources. A source that was ready when the operator started is connected at once and checked later,
//! so that a start costs little. A suspended source is not checked again: it needs its buckets when it is resumed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::elastic::Elastic;
use docmill_crds::IngestSource;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::IngestOrder;
use kube::ResourceExt as _;

use super::ledger_memory::LedgerMemory;
use super::rest::pace::Pace;
use super::rest::part_of;
use crate::index::check;
use crate::index::conflicts::ConflictMemory;
use crate::outcome::conditions::{self, condition_type};
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::EndpointClient;
use crate::stores::storage_clients::{QueueSettings, StorageClients, StoragePair};
use crate::stores::{
    BUCKETS, CLUSTER_REQUESTS, SecretReader, SourceClusters, check_buckets, check_pod_secrets,
    connect_source, open_source, storage_secrets, store_fault,
};
use crate::telemetry::metrics::{Metrics, Target};

/// After this, everything is checked again, so that a rotated Secret or a deleted bucket is noticed even
/// while nothing fails.
const FRESH: Duration = Duration::from_mins(5);
/// The same while workers are in trouble.
const FRESH_IN_TROUBLE: Duration = Duration::from_secs(15);
/// The same while a source is suspended: longer than its clients are kept.
const FRESH_SUSPENDED: Duration = Duration::from_hours(24);
/// Clients of sources that are not reconciled any more are kept for this long.
const KEPT: Duration = Duration::from_hours(4);
/// How old a Secret, or the last answer of a cluster, may be for a source that was ready, and for one that was not:
/// what a person has corrected counts at the next retry.
const CONTENT_WITH: Duration = FRESH;
const CONTENT_WITH_IN_TROUBLE: Duration = Duration::from_secs(1);
/// More than all client-side retries take for a store that refuses connections, and short enough for a store
/// that drops them.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Clients of the stores of one source, all of which have answered, now or before the operator started.
pub struct StoreClients {
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// The queue, if the source has one.
    pub sqs: Option<aws_sdk_sqs::Client>,
    /// The cluster with the ledger.
    pub ledger_cluster: Elastic,
    /// The last answer of the ledger.
    pub ledger_memory: Mutex<LedgerMemory>,
    /// The cluster with the documents, if they are indexed.
    pub index_cluster: Option<Elastic>,
    /// Which fields existing indices map in another way, as it was last read.
    pub conflict_memory: Mutex<ConflictMemory>,
    /// The spec that names the stores, with the addresses of its connections.
    spec: IngestSourceSpec,
    checked_at: Instant,
}

/// The clients of all sources that were reached recently, by UID, and those that sources share.
#[derive(Default)]
pub struct ClientCache {
    sources: Mutex<HashMap<String, Arc<StoreClients>>>,
    storages: StorageClients,
}

/// How far earlier checks of the stores of a source count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How long the stores count as checked.
    within: Duration,
    /// Whether the source was ready at its last look, with the spec and the connections that it has now.
    pub was_ready: bool,
}

impl Checked {
    /// Of a source whose connections state what `connections_digest` tells.
    pub fn of(
        source: &IngestSource,
        connections_digest: Option<&str>,
        in_trouble: bool,
        pace: &Pace,
    ) -> Self {
        let within = if in_trouble {
            FRESH_IN_TROUBLE
        } else if source.spec.suspend {
            FRESH_SUSPENDED
        } else {
            pace.check.max(FRESH)
        };
        let was_ready = source.status.as_ref().is_some_and(|status| {
            status.observed_generation == source.metadata.generation
                && status.connections_digest.as_deref() == connections_digest
                && conditions::is_true(&status.conditions, condition_type::READY)
        });
        Self { within, was_ready }
    }
}

impl ClientCache {
    /// A cache with the clients of one source, as if it had been reached.
    #[cfg(test)]
    pub fn holding(source: &IngestSource, s3: aws_sdk_s3::Client, ledger_cluster: Elastic) -> Self {
        let storage = StoragePair { s3, sqs: None };
        let clusters = SourceClusters { ledger: ledger_cluster, index: None };
        let reached = StoreClients::new(source.spec.clone(), storage, clusters, Instant::now());
        let sources = HashMap::from([(source.uid().unwrap_or_default(), Arc::new(reached))]);
        Self { sources: Mutex::new(sources), storages: StorageClients::default() }
    }

    /// The clients of a source with the addresses of its connections: cached ones that count as checked, or new ones.
    pub async fn reach(
        &self,
        reader: &SecretReader,
        source: &IngestSource,
        order: &IngestOrder,
        checked: Checked,
        endpoint_client: &EndpointClient,
        metrics: &Metrics,
    ) -> Result<Arc<StoreClients>, NotReady> {
        let uid = source.uid().unwrap_or_default();
        let known = self.known(&uid);
        let is_known = known.is_some();
        let known = known.filter(|known| known.spec == source.spec);
        if let Some(known) = known.filter(|known| known.checked_at.elapsed() < checked.within) {
            return Ok(known);
        }
        let is_calm = checked.was_ready && checked.within >= FRESH;
        let reader = reader.content_with(if is_calm { CONTENT_WITH } else { CONTENT_WITH_IN_TROUBLE });
        let reached = async {
            if checked.was_ready && !is_known {
                self.connect_unchecked(&reader, source, order, part_of(checked.within, &uid)).await
            } else {
                self.connect(&reader, source, order, endpoint_client, metrics).await
            }
        };
        let reached = tokio::time::timeout(TIMEOUT, Box::pin(reached)).await.unwrap_or_else(|_| {
            let seconds = TIMEOUT.as_secs();
            Err(NotReady::transient("TimedOut", format!("the stores did not answer within {seconds} s")))
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
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }

    /// Drops the clients of a suspended source, if there are so many that one is looked at once in a long time.
    pub fn rest(&self, uid: &str, pace: &Pace) {
        if pace.suspended >= FRESH {
            self.forget(uid);
        }
    }

    /// The clients of a source that was reached recently.
    pub fn known(&self, uid: &str) -> Option<Arc<StoreClients>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).get(uid).cloned()
    }

    fn remember(&self, uid: String, reached: StoreClients) -> Arc<StoreClients> {
        let reached = Arc::new(reached);
        let mut all = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        // Deleted sources are no longer reconciled, and drop out here.
        all.retain(|_, known| known.checked_at.elapsed() < KEPT);
        all.insert(uid, reached.clone());
        reached
    }

    /// Connects to everything that the spec names, and checks the Secrets of its `podTemplate`. Reports the first
    /// fault in the order of the spec.
    async fn connect(
        &self,
        reader: &SecretReader,
        source: &IngestSource,
        order: &IngestOrder,
        endpoint_client: &EndpointClient,
        metrics: &Metrics,
    ) -> Result<StoreClients, NotReady> {
        let IngestOrder { namespace, spec, .. } = order;
        let checked_at = Instant::now();
        for _ in 0..CLUSTER_REQUESTS {
            metrics.request(Target::Elasticsearch);
        }
        let storage = async {
            let storage = self.open_storage(reader, namespace, spec).await?;
            for _ in 0..BUCKETS {
                metrics.request(Target::ObjectStore);
            }
            check_buckets(&storage.s3, spec, endpoint_client).await?;
            Ok::<_, NotReady>(storage)
        };
        let (storage, elastic) = tokio::join!(storage, connect_source(reader, order, endpoint_client));
        let (storage, clusters) = (storage?, elastic?);
        check::check(spec, clusters.index.as_ref(), endpoint_client).await?;
        check_pod_secrets(reader, namespace, "spec.workers.podTemplate", &spec.workers.pod_template).await?;
        Ok(StoreClients::new(source.spec.clone(), storage, clusters, checked_at))
    }

    /// Makes the clients of a source that was ready, as if it had been checked so long ago.
    async fn connect_unchecked(
        &self,
        reader: &SecretReader,
        source: &IngestSource,
        order: &IngestOrder,
        checked_before: Duration,
    ) -> Result<StoreClients, NotReady> {
        let IngestOrder { namespace, spec, .. } = order;
        let storage = self.open_storage(reader, namespace, spec).await?;
        let clusters = open_source(reader, namespace, spec).await?;
        let now = Instant::now();
        // The clock may have started later than that.
        let checked_at = now.checked_sub(checked_before).unwrap_or(now);
        Ok(StoreClients::new(source.spec.clone(), storage, clusters, checked_at))
    }

    async fn open_storage(
        &self,
        reader: &SecretReader,
        namespace: &str,
        spec: &IngestSourceSpec,
    ) -> Result<StoragePair, NotReady> {
        let secrets = storage_secrets(reader, namespace, &spec.storage).await?;
        let queue = match spec.trigger.queue_url() {
            Some(url) => {
                let storage = spec.queue_storage();
                let secrets = if spec.queue_credentials().is_empty() {
                    secrets.clone()
                } else {
                    storage_secrets(reader, namespace, &storage).await?
                };
                Some(QueueSettings { url, storage, secrets })
            }
            None => None,
        };
        let opened = self.storages.open(namespace, &spec.storage, secrets, queue).await;
        opened.map_err(|error| store_fault(&error, "InvalidStorage", "correct spec.storage"))
    }
}

impl StoreClients {
    fn new(
        spec: IngestSourceSpec,
        storage: StoragePair,
        clusters: SourceClusters,
        checked_at: Instant,
    ) -> Self {
        let StoragePair { s3, sqs } = storage;
        Self {
            s3,
            sqs,
            ledger_cluster: clusters.ledger,
            ledger_memory: Mutex::default(),
            index_cluster: clusters.index,
            conflict_memory: Mutex::default(),
            spec,
            checked_at,
        }
    }
}
