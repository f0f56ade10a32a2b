//! What is known of a run at one moment. Without I/O.

use std::sync::Arc;

use docmill_crds::IngestSource;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enrichment_run::{Bounds, Budget};
use docmill_crds::api::storage::Storage;
use docmill_crds::contract::{StopReason, WorkOrder, WorkerStatus};
use docmill_crds::records::enrichments::{SliceRecord, Versions};
use docmill_crds::template::Template;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use crate::controllers::run_view;
use crate::not_ready::NotReady;
use crate::workers::pod_view::{self, JobEnd};
use crate::workers::worker_pod;

/// What is known of a run.
#[derive(Clone, Debug)]
pub struct EnrichmentObservation {
    /// When it was looked at.
    pub now: Timestamp,
    /// Whether what the spec names is there and reachable.
    pub ready: Result<(), NotReady>,
    /// Its Job, once there is one.
    pub work: Option<JobWork>,
    /// The Job that takes vectors of other models out of the target, if there had to be one.
    pub clearing: Option<JobWork>,
    /// What it would select, while there is no Job and the time has come to start.
    pub selection: Option<Selection>,
    /// The records of its slices, if there is a Job and they could be read.
    pub records: Option<Vec<SliceRecord>>,
    /// What its pods are told that the run may spend.
    pub limits: Option<Budget>,
    /// What those of its pods say that run.
    pub worker_statuses: Vec<WorkerStatus>,
}

/// Where the documents come from, with references resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The cluster.
    pub cluster: ElasticsearchCluster,
    /// Index, alias or pattern.
    pub index: String,
    /// How to reach the raw objects, where an enricher is given them.
    pub storage: Option<Storage>,
}

impl Origin {
    /// The documents of a source. One that only converts has none in an index, which is where a run reads them.
    pub fn of_source(source: &IngestSource) -> Result<Self, NotReady> {
        let name = source.name_any();
        let index = source.spec.index.as_ref().ok_or_else(|| {
            let text = format!(
                "spec.from.sourceRef: the IngestSource {name:?} has no spec.index, so that none of its documents can be \
                 searched for; name a source that has one, or set from.elasticsearch and from.index"
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

/// What a run is going to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Where the documents come from.
    pub origin: Origin,
    /// Names source and target in the records.
    pub target: String,
    /// Names the way of enriching.
    pub pipeline_digest: String,
    /// The versions of the models.
    pub versions: Versions,
    /// From when to when.
    pub bounds: Bounds,
    /// How many documents that is, those that were enriched before included.
    pub documents: u64,
    /// The bounds in parts; none if there is no document.
    pub slices: Vec<Bounds>,
    /// Whether the target has vectors of other models, which have to go first.
    pub has_stale_vectors: bool,
}

/// The Job of a run.
#[derive(Clone, Debug)]
pub struct JobWork {
    /// When it was created.
    pub created: Timestamp,
    /// Names source and target in the records.
    pub target: String,
    /// The versions of the models as they were when the run was planned.
    pub versions: Versions,
    /// The slices. As all of the order, they are kept there and nowhere else.
    pub slices: Vec<Bounds>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// How it ended, if it did.
    pub end: Option<JobEnd>,
    /// The last thing that went wrong with one of its pods.
    pub trouble: Option<String>,
    /// Why that pod stopped, where it gave a reason.
    pub stop_reason: Option<StopReason>,
}

/// Reads the Job of a run, and its pods.
pub fn work(job: &Job, pods: &[Arc<Pod>], now: Timestamp) -> JobWork {
    let pod_spec = job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let (target, versions, slices) = match pod_spec.and_then(worker_pod::decode_order) {
        Some(WorkOrder::Enrich(order)) => (order.target, order.versions, order.slices),
        Some(WorkOrder::Ingest(_) | WorkOrder::Run(_)) | None => Default::default(),
    };
    JobWork {
        created: job.creation_timestamp().map_or(now, |time| time.0),
        target,
        versions,
        slices,
        suspended: job.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or(false),
        end: pod_view::job_end(job),
        trouble: run_view::trouble(job, pods),
        stop_reason: run_view::stop_reason(job, pods),
    }
}
