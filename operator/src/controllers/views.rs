//! The views of one scope that its reconciles rely on, and the watches that keep them up to date.

use docmill_crds::{Connection, EnrichmentRun, IngestRun};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use kube::runtime::reflector::store::WriterDropped;

use crate::k8s::scope::Scope;
use crate::k8s::view::watched;

/// Selects what the operator created.
const OURS: &str = "app.kubernetes.io/managed-by=docmill-operator";

/// What the operator created in one scope, and what is resolved from memory.
pub struct Views {
    pub jobs: Store<Job>,
    pub pods: Store<Pod>,
    /// The runs of the poll trigger and of schedules.
    pub ingest_runs: Store<DeserializeGuard<IngestRun>>,
    /// The runs of schedules.
    pub scheduled_runs: Store<DeserializeGuard<EnrichmentRun>>,
    /// All `Connection`s.
    pub connections: Store<DeserializeGuard<Connection>>,
}

impl Views {
    /// The views, and the watches that keep them up to date while they are polled. The watches do not end.
    pub fn of(scope: &Scope) -> (Self, impl Future<Output = ()> + use<>) {
        let ours = || scope.labelled(OURS);
        let (jobs, watch_jobs) = watched(scope.api::<Job>(), ours());
        let (pods, watch_pods) = watched(scope.api::<Pod>(), ours());
        let (ingest_runs, watch_ingest_runs) = watched(scope.api::<DeserializeGuard<IngestRun>>(), ours());
        let (scheduled_runs, watch_scheduled_runs) =
            watched(scope.api::<DeserializeGuard<EnrichmentRun>>(), ours());
        let (connections, watch_connections) =
            watched(scope.api::<DeserializeGuard<Connection>>(), scope.everything());
        let watches = async move {
            tokio::join!(watch_jobs, watch_pods, watch_ingest_runs, watch_scheduled_runs, watch_connections);
        };
        (Self { jobs, pods, ingest_runs, scheduled_runs, connections }, watches)
    }

    /// Waits until every view is filled.
    pub async fn ready(&self) -> Result<(), WriterDropped> {
        self.jobs.wait_until_ready().await?;
        self.pods.wait_until_ready().await?;
        self.ingest_runs.wait_until_ready().await?;
        self.scheduled_runs.wait_until_ready().await?;
        self.connections.wait_until_ready().await
    }
}
