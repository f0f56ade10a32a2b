//! What is known about a run at one moment. No I/O.

use std::sync::Arc;

use docmill_crds::contract::{Report, RunOrder, RunStep, WorkOrder, WorkerStatus};
use docmill_crds::records::runs::{PartRecord, PlanRecord};
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
pub struct IngestObservation {
    /// When it was observed.
    pub now: Timestamp,
    /// Whether what the run needs exists and is reachable.
    pub ready: Result<(), NotReady>,
    /// The order that it would start with, while there is no Job.
    pub start: Option<RunOrder>,
    /// The Job that selects, once there is one.
    pub selecting: Option<RunJob>,
    /// The Job that works, once there is one.
    pub working: Option<RunJob>,
    /// The records of its pods, if there is a Job and they could be read.
    pub records: Option<RunRecords>,
    /// The statuses of its running pods.
    pub worker_statuses: Vec<WorkerStatus>,
}

impl IngestObservation {
    /// Whether the run has a Job.
    pub fn started(&self) -> bool {
        self.selecting.is_some() || self.working.is_some()
    }

    /// Its newest Job.
    pub fn newest_job(&self) -> Option<&RunJob> {
        self.working.as_ref().or(self.selecting.as_ref())
    }

    /// The order of the run: that of its newest Job, or the one that it would start with.
    pub fn order(&self) -> Option<&RunOrder> {
        match self.newest_job() {
            Some(step) => step.order.as_ref(),
            None => self.start.as_ref(),
        }
    }

    /// The number of parts; 0 before the work starts.
    pub fn parts(&self) -> i32 {
        match self.working.as_ref().and_then(|step| step.order.as_ref()).map(|order| order.step) {
            Some(RunStep::Work { parts, .. }) => parts,
            Some(RunStep::Plan) | None => 0,
        }
    }
}

/// A Job of a run.
#[derive(Clone, Debug)]
pub struct RunJob {
    /// When it was created.
    pub created: Timestamp,
    /// The order of its pods; `None` if it cannot be parsed.
    pub order: Option<RunOrder>,
    /// Whether it is suspended, and how many pods it may have.
    pub state: JobState,
    /// How it ended, if it did.
    pub end: Option<JobEnd>,
    /// The last failure of one of its pods that no other pod has made good.
    pub trouble: Option<String>,
    /// What keeps it from having its pods at work.
    pub obstacle: Option<String>,
    /// The report of a pod of it that succeeded. Only a probe's says more than the records.
    pub report: Option<Report>,
}

/// What the pods of a run recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRecords {
    /// What was selected.
    pub plan: Option<PlanRecord>,
    /// The progress of each part.
    pub parts: Vec<PartRecord>,
}

/// Evaluates a Job of a run and its pods.
pub fn step(job: &Job, pods: &[Arc<Pod>], now: Timestamp) -> RunJob {
    let pod_spec = job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let order = match pod_spec.and_then(worker_pod::decode_order) {
        Some(WorkOrder::Run(order)) => Some(*order),
        Some(WorkOrder::Ingest(_) | WorkOrder::Enrich(_)) | None => None,
    };
    RunJob {
        created: job.creation_timestamp().map_or(now, |time| time.0),
        order,
        state: JobState::of(job),
        end: pod_state::job_end(job),
        trouble: run_status::failure(job, pods),
        obstacle: run_status::obstacle(job, pods, now),
        report: run_status::report(job, pods),
    }
}
