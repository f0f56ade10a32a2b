//! The views of one scope that its reconciles rely on, and the watches that keep them up to date.

use docmill_clients::cause::with_causes;
use docmill_crds::{EnrichmentRun, IngestRun};
use futures::StreamExt as _;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::Resource;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::store::WriterDropped;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde::de::DeserializeOwned;

use crate::k8s::scope::Scope;

/// Selects what the operator created.
const OURS: &str = "app.kubernetes.io/managed-by=docmill-operator";

/// The annotation in which `kubectl apply` keeps the whole object as it was applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What the operator created in one scope.
pub struct Views {
    pub jobs: Store<Job>,
    pub pods: Store<Pod>,
    /// The runs of the poll trigger and of schedules.
    pub ingest_runs: Store<DeserializeGuard<IngestRun>>,
    /// The runs of schedules.
    pub scheduled_runs: Store<DeserializeGuard<EnrichmentRun>>,
}

impl Views {
    /// The views, and the watches that keep them up to date while they are polled. The watches do not end.
    pub fn of(scope: &Scope) -> (Self, impl Future<Output = ()> + use<>) {
        let (jobs, watch_jobs) = view::<Job>(scope);
        let (pods, watch_pods) = view::<Pod>(scope);
        let (ingest_runs, watch_ingest_runs) = view::<DeserializeGuard<IngestRun>>(scope);
        let (scheduled_runs, watch_scheduled_runs) = view::<DeserializeGuard<EnrichmentRun>>(scope);
        let watches = async move {
            tokio::join!(watch_jobs, watch_pods, watch_ingest_runs, watch_scheduled_runs);
        };
        (Self { jobs, pods, ingest_runs, scheduled_runs }, watches)
    }

    /// Waits until every view is filled.
    pub async fn ready(&self) -> Result<(), WriterDropped> {
        self.jobs.wait_until_ready().await?;
        self.pods.wait_until_ready().await?;
        self.ingest_runs.wait_until_ready().await?;
        self.scheduled_runs.wait_until_ready().await
    }
}

/// A view of all worker objects of a type, and the watch that keeps it up to date.
fn view<K>(scope: &Scope) -> (Store<K>, impl Future<Output = ()> + use<K>)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let (store, writer) = reflector::store();
    let watch = watcher(scope.api::<K>(), scope.labelled(OURS))
        .default_backoff()
        .modify(slim)
        .reflect(writer)
        .for_each(|event| async move {
            if let Err(error) = event {
                tracing::warn!(error = with_causes(&error), "a watch failed; restarting it");
            }
        });
    (store, watch)
}

/// Drops what is large and never read, before it is held for as long as the object exists.
pub fn slim<K: Resource>(object: &mut K) {
    let meta = object.meta_mut();
    meta.managed_fields = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove(LAST_APPLIED);
    }
}
