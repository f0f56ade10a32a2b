//! The workers of a source as their Jobs and pods show them. No I/O.

use std::collections::HashMap;
use std::sync::Arc;

use docmill_crds::contract::{Report, WorkerStatus, annotation};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use crate::workers::obstacle::{age_seconds, obstacle};
use crate::workers::pod_state::{self, ContainerExit, JobEnd};
use crate::workers::queue::is_suspended;
use crate::workers::worker_status;

/// Label with the number of the slot that a worker fills.
pub const SLOT_LABEL: &str = "docmill.io/slot";
/// A worker that is not running after this long is late.
const STARTS_WITHIN_SECONDS: i64 = 20;

/// One worker: a Job of one pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Name of the Job.
    pub job: String,
    /// UID of the Job.
    pub uid: String,
    /// The slot of the source that it fills.
    pub slot: Option<i32>,
    /// When the Job was created.
    pub created: Timestamp,
    /// Whether it was asked to stop.
    pub terminating: bool,
    /// Whether it should be running by now.
    pub late: bool,
    /// If something keeps it from starting and it never ran: digest of the pod that it was made with, if known
    /// ([`annotation::POD_DIGEST`]).
    pub stuck_with: Option<String>,
    /// Whether it is stuck with a pod that would be made in another way now.
    pub outdated: bool,
    /// Its state.
    pub state: WorkerState,
    /// Its own status, if it runs and has answered.
    pub status: Option<WorkerStatus>,
}

/// The state of a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerState {
    /// It has not ended.
    Active {
        /// What prevents its start, if anything, in the words of Kubernetes.
        obstacle: Option<String>,
    },
    /// It has ended.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        end: WorkerOutcome,
        /// Its final report.
        report: Option<Report>,
    },
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerOutcome {
    /// It succeeded.
    Succeeded,
    /// Its pod was deleted, or lost with its node. That says nothing about the work.
    TakenAway,
    /// It failed.
    Failed {
        /// Why, in words.
        message: String,
        /// Whether another start cannot help.
        permanent: bool,
    },
}

impl Worker {
    /// Whether it has not ended.
    pub fn is_active(&self) -> bool {
        matches!(self.state, WorkerState::Active { .. })
    }

    /// When and how it failed, if it did.
    pub fn failure(&self) -> Option<(Timestamp, &str, bool)> {
        match &self.state {
            WorkerState::Ended { at, end: WorkerOutcome::Failed { message, permanent }, .. } => {
                Some((*at, message, *permanent))
            }
            _ => None,
        }
    }
}

/// The statuses that workers report.
pub fn worker_statuses(workers: &[Worker]) -> impl Iterator<Item = &WorkerStatus> {
    workers.iter().filter_map(|worker| worker.status.as_ref())
}

/// The running workers, by position, with their status URLs.
pub fn urls(workers: &[Worker], pods: &[Arc<Pod>]) -> Vec<(usize, String)> {
    let active = workers.iter().enumerate().filter(|(_, worker)| worker.is_active());
    active
        .filter_map(|(at, worker)| {
            let own = |pod: &&Arc<Pod>| pod_state::is_owned_by(pod, &worker.uid);
            Some((at, pods.iter().filter(own).find_map(|pod| worker_status::url(pod))?))
        })
        .collect()
}

/// Reads the workers from the Jobs of a source and from its pods, in the order of their names: the status names the first
/// that does not start, and must not change with each look.
pub fn read(jobs: &[Arc<Job>], pods: &[Arc<Pod>], now: Timestamp) -> Vec<Worker> {
    let mut workers: Vec<Worker> = jobs.iter().map(|job| worker(job, pods, now)).collect();
    workers.sort_unstable_by(|one, other| one.job.cmp(&other.job));
    workers
}

/// The visible worker Jobs of all sources.
pub fn of_all_sources(jobs: &[Arc<Job>]) -> WorkerJobs {
    let mut seen = WorkerJobs::default();
    for job in jobs.iter().filter(|job| slot_of(job).is_some()) {
        let name = format!("{}/{}", job.namespace().unwrap_or_default(), job.name_any());
        if pod_state::job_end(job).is_some() {
            seen.ended.push(name);
        } else {
            seen.active.insert(name, job.metadata.deletion_timestamp.is_some());
        }
    }
    seen
}

fn worker(job: &Job, pods: &[Arc<Pod>], now: Timestamp) -> Worker {
    let own: Vec<&Pod> = pods.iter().map(AsRef::as_ref).filter(|pod| pod_state::is_of(pod, job)).collect();
    let created = job.creation_timestamp().map_or(now, |time| time.0);
    let state = match pod_state::job_end(job) {
        Some(end) => ended(&end, own.iter().find_map(|pod| pod_state::ending(pod))),
        None => WorkerState::Active { obstacle: obstacle(job, &own, now) },
    };
    let is_starting = matches!(state, WorkerState::Active { .. })
        && !is_suspended(job)
        && !own.iter().any(|pod| pod_state::runs(pod));
    let is_stuck = matches!(state, WorkerState::Active { obstacle: Some(_) })
        && own.iter().all(|pod| pod_state::is_pending(pod));
    let made_with = job.annotations().get(annotation::POD_DIGEST);
    Worker {
        job: job.name_any(),
        uid: job.uid().unwrap_or_default(),
        slot: slot_of(job),
        created,
        terminating: job.metadata.deletion_timestamp.is_some(),
        stuck_with: made_with.filter(|_| is_stuck).cloned(),
        outdated: false,
        late: is_starting && age_seconds(job, now) >= STARTS_WITHIN_SECONDS,
        state,
        status: None,
    }
}

fn ended(job: &JobEnd, process: Option<ContainerExit>) -> WorkerState {
    let permanent =
        process.as_ref().is_some_and(ContainerExit::is_permanent) || job.reason == "PodFailurePolicy";
    let end = match process.as_ref().and_then(ContainerExit::failure) {
        _ if job.complete => WorkerOutcome::Succeeded,
        Some(message) => WorkerOutcome::Failed { message, permanent },
        None if permanent => WorkerOutcome::Failed { message: job.message.clone(), permanent },
        None => WorkerOutcome::TakenAway,
    };
    WorkerState::Ended { at: job.at, end, report: process.and_then(|ending| ending.report) }
}

/// The slot that a Job's worker fills.
pub fn slot_of(job: &Job) -> Option<i32> {
    job.metadata.labels.as_ref()?.get(SLOT_LABEL)?.parse().ok()
}

/// The visible worker Jobs of all sources.
#[derive(Clone, Debug, Default)]
pub struct WorkerJobs {
    /// `namespace/name` of those that have not ended, and whether they were asked to stop.
    pub active: HashMap<String, bool>,
    /// `namespace/name` of those that have ended.
    pub ended: Vec<String>,
}
