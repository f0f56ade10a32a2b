//! What every reconcile needs: clients, settings, and views of what the operator created, kept up to date by
//! watches. No state: everything here can be lost at any time.

use std::sync::Arc;

use docmill_clients::cause::with_causes;
use docmill_crds::{ConversionModel, EnrichmentRun, IngestRun, IngestSource};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::DeserializeGuard;
use kube::{Client, Resource};

use super::connections::Connections;
use super::k8s::apply::{ApplyError, Created, Writer};
use super::k8s::view::View;
use super::stores::SecretReader;
use super::telemetry::metrics::{Kind, Metrics};
use super::telemetry::open_lineage::LineageSender;
use super::workers::worker_pod::WorkerImage;
use crate::outcome::conditions::{self, condition_type};
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::{CircuitBreaker, EndpointClient};

/// What every reconcile needs.
pub struct Context {
    /// Client for reads; all writes go through `writer`.
    pub client: Client,
    /// Reaches what resources name, as far as the rules allow.
    pub reader: SecretReader,
    /// Performs all writes.
    pub writer: Writer,
    /// What tells the records of this Kubernetes cluster from those of another one.
    pub cluster_uid: String,
    /// The image of the workers.
    pub image: WorkerImage,
    /// What tells this release from others of the cluster: namespace and name of its Lease.
    pub release: String,
    /// Maximum number of workers of all sources together.
    pub max_workers: i32,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// All Jobs with one of Docmill's labels.
    pub jobs: View<Job>,
    /// All pods with one of Docmill's labels.
    pub pods: View<Pod>,
    /// All `IngestSource`s.
    pub sources: View<DeserializeGuard<IngestSource>>,
    /// All `ConversionModel`s.
    pub models: View<DeserializeGuard<ConversionModel>>,
    /// All `IngestRun`s that the operator created, for the poll trigger and for schedules.
    pub ingest_runs: View<DeserializeGuard<IngestRun>>,
    /// All `EnrichmentRun`s that the operator created.
    pub scheduled_runs: View<DeserializeGuard<EnrichmentRun>>,
    /// All connections that resources can refer to.
    pub connections: Connections,
    /// HTTP client that asks running workers for their status.
    pub worker_http: reqwest::Client,
    /// Takes events of runs, if an administrator names where they go.
    pub lineage: Option<LineageSender>,
    /// What is remembered about endpoints that resources name.
    pub circuit_breaker: CircuitBreaker,
}

impl Context {
    /// The client for the endpoints of a resource that has these conditions.
    pub fn endpoint_client<K: Resource>(&self, resource: &K, conditions: &[Condition]) -> EndpointClient {
        let ready =
            conditions::find(conditions, condition_type::READY).is_some_and(|ready| ready.status == "True");
        self.circuit_breaker.client(resource.meta().namespace.as_deref().unwrap_or_default(), ready)
    }

    /// The Jobs that a resource controls, and all worker pods in its namespace with the same label.
    pub fn workers_of<K: Resource>(&self, owner: &K, label: &str) -> (Vec<Arc<Job>>, Vec<Arc<Pod>>) {
        let meta = owner.meta();
        let ours = |object: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta| {
            let labels = object.labels.as_ref();
            object.namespace == meta.namespace
                && labels.and_then(|labels| labels.get(label)) == meta.name.as_ref()
        };
        let controlled = |job: &Job| {
            let owners = job.metadata.owner_references.as_deref().unwrap_or_default();
            meta.uid.is_some() && owners.iter().any(|owner| Some(&owner.uid) == meta.uid.as_ref())
        };
        let jobs = self.jobs.state().into_iter().filter(|job| ours(&job.metadata) && controlled(job));
        let pods = self.pods.state().into_iter().filter(|pod| ours(&pod.metadata));
        (jobs.collect(), pods.collect())
    }

    /// Creates the Job of a run, if one could be built. The inner result is for the user.
    pub async fn create_job(
        &self,
        kind: Kind,
        job: Result<Job, NotReady>,
    ) -> Result<Result<(), NotReady>, ApplyError> {
        let job = match job {
            Ok(job) => job,
            Err(fault) => return Ok(Err(fault)),
        };
        let created = or_refused("JobRefused", self.writer.create(&job).await)?;
        if created == Ok(Created::Now) {
            self.metrics.job_created(kind);
        }
        Ok(created.map(drop))
    }
}

/// Tells what the API server refuses, which is for the user, from an operator that may not write. The inner result is
/// for the user, with `reason`.
pub fn or_refused<T>(
    reason: &'static str,
    written: Result<T, ApplyError>,
) -> Result<Result<T, NotReady>, ApplyError> {
    match written {
        Ok(done) => Ok(Ok(done)),
        Err(ApplyError::NotLeading) => Err(ApplyError::NotLeading),
        Err(refusal) => Ok(Err(NotReady::user(reason, with_causes(&refusal)))),
    }
}
