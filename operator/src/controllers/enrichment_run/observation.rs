//! What is known about a run at one moment. No I/O.

use std::collections::BTreeMap;
use std::sync::Arc;

use docmill_crds::IngestSource;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enrichment_run::{Bounds, Budget};
use docmill_crds::api::storage::Storage;
use docmill_crds::contract::{RequestLimits, StopReason, WorkOrder, WorkerStatus};
use docmill_crds::records::enrichments::{SliceRecord, Versions};
use docmill_crds::template::Template;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use crate::controllers::run_job::JobState;
use crate::controllers::run_status;
use crate::outcome::not_ready::NotReady;
use crate::workers::pod_state::{self, JobEnd};
use crate::workers::worker_pod;

/// What is known about a run.
#[derive(Clone, Debug)]
pub struct EnrichmentObservation {
    /// When it was observed.
    pub now: Timestamp,
    /// Whether what the spec names exists and is reachable.
    pub ready: Result<(), NotReady>,
    /// Its Job, once there is one.
    pub job: Option<EnrichmentJob>,
    /// The Job that removes vectors of other models from the target, if one was needed.
    pub clearing: Option<EnrichmentJob>,
    /// What it would select, while there is no Job and it is time to start.
    pub selection: Option<Selection>,
    /// The records of its slices, if there is a Job and they could be read.
    pub records: Option<Vec<SliceRecord>>,
    /// The stored budget of the run, as its pods read it.
    pub limits: Option<Budget>,
    /// The statuses of its running pods.
    pub worker_statuses: Vec<WorkerStatus>,
}

impl EnrichmentObservation {
    /// Its Job, or before that the one that removes vectors, until it has ended.
    pub fn current_job(&self) -> Option<&EnrichmentJob> {
        self.job.as_ref().or_else(|| self.clearing.as_ref().filter(|clearing| clearing.end.is_none()))
    }
}

/// Where the documents come from, with references resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The cluster.
    pub cluster: ElasticsearchCluster,
    /// Index, alias or pattern.
    pub index: String,
    /// How to reach the raw objects, if an enricher takes them.
    pub storage: Option<Storage>,
}

impl Origin {
    /// The documents of a source. A source that only converts has no index to read them from.
    pub fn of_source(source: &IngestSource) -> Result<Self, NotReady> {
        let name = source.name_any();
        let index = source.spec.index.as_ref().ok_or_else(|| {
            let text = format!(
                "spec.from.sourceRef: the IngestSource {name:?} has no spec.index, so its documents cannot \
                 be searched; name a source that has one, or set from.elasticsearch and from.index.name"
            );
            NotReady::user("SourceNotIndexed", text)
        })?;
        let template = Template::parse(&index.name).map_err(|error| {
            NotReady::user("InvalidTemplate", format!("the IngestSource {name:?}: index.name: {error}"))
        })?;
        let storage = Some(source.spec.storage.clone());
        Ok(Self { cluster: index.elasticsearch.clone(), index: template.wildcard(), storage })
    }
}

/// What a run is going to process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Where the documents come from.
    pub origin: Origin,
    /// Identifies source and target in the records.
    pub target: String,
    /// Digest of the enrichment pipeline.
    pub pipeline_digest: String,
    /// The versions of the models.
    pub versions: Versions,
    /// The time bounds.
    pub bounds: Bounds,
    /// The number of documents, including those that were enriched before.
    pub documents: u64,
    /// The bounds split into slices; empty if there is no document.
    pub slices: Vec<Bounds>,
    /// Whether the target has vectors of other models, which have to be removed first.
    pub has_stale_vectors: bool,
    /// The limits of the connections that its pods use, by the names of their mounts.
    pub limits: BTreeMap<String, RequestLimits>,
}

/// The Job of a run.
#[derive(Clone, Debug)]
pub struct EnrichmentJob {
    /// When it was created.
    pub created: Timestamp,
    /// Identifies source and target in the records.
    pub target: String,
    /// The versions of the models when the run was planned.
    pub versions: Versions,
    /// The slices. Like the rest of the order, they are stored only there.
    pub slices: Vec<Bounds>,
    /// How many pods share the limits of the models; `None` if its order cannot be read.
    pub sharing_pods: Option<i32>,
    /// Whether it is suspended, and how many pods it may have.
    pub state: JobState,
    /// How it ended, if it did.
    pub end: Option<JobEnd>,
    /// The last failure of one of its pods that no other pod has made good.
    pub trouble: Option<String>,
    /// What keeps it from having its pods at work.
    pub obstacle: Option<String>,
    /// Why the newest failed pod stopped, if it gave a reason.
    pub stop_reason: Option<StopReason>,
}

/// Evaluates the Job of a run and its pods.
pub fn read_job(job: &Job, pods: &[Arc<Pod>], now: Timestamp) -> EnrichmentJob {
    let pod_spec = job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let (target, versions, slices, sharing_pods) = match pod_spec.and_then(worker_pod::decode_order) {
        Some(WorkOrder::Enrich(order)) => (order.target, order.versions, order.slices, Some(order.pods)),
        Some(WorkOrder::Ingest(_) | WorkOrder::Run(_)) | None => Default::default(),
    };
    EnrichmentJob {
        created: job.creation_timestamp().map_or(now, |time| time.0),
        target,
        versions,
        slices,
        sharing_pods,
        state: JobState::of(job),
        end: pod_state::job_end(job),
        trouble: run_status::failure(job, pods),
        obstacle: run_status::obstacle(job, pods, now),
        stop_reason: run_status::stop_reason(job, pods),
    }
}
