//! What the pods and Jobs of workers show. No I/O.

use docmill_crds::contract::{ExitCode, Report};
use docmill_crds::untrusted_text::sentence;
use k8s_openapi::api::batch::v1::{Job, JobCondition};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use k8s_openapi::jiff::Timestamp;

use super::worker_pod::CONTAINER;

/// How a worker's process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerExit {
    /// Its exit status.
    pub exit_code: i32,
    /// Its final report, if it wrote one.
    pub report: Option<Report>,
    /// The kubelet's reason for the termination, for example `OOMKilled`.
    pub reason: String,
}

impl ContainerExit {
    /// Why it failed, in words; `None` if it succeeded.
    pub fn failure(&self) -> Option<String> {
        if self.exit_code == i32::from(ExitCode::Done.code()) {
            return None;
        }
        let reported_error = self.report.as_ref().and_then(|report| report.error.as_deref()).map(sentence);
        Some(reported_error.unwrap_or_else(|| match self.reason.as_str() {
            "OOMKilled" => "it exceeded its memory limit".to_owned(),
            reason => format!("it exited with status {} ({reason}) and without a report", self.exit_code),
        }))
    }

    /// Whether it was asked to end, for example by a node that shuts down, which is no failure.
    pub fn was_stopped(&self) -> bool {
        self.exit_code == i32::from(ExitCode::Stopped.code())
    }

    /// Whether a restart cannot help.
    pub fn is_permanent(&self) -> bool {
        self.exit_code == i32::from(ExitCode::Permanent.code())
    }
}

/// How the worker of a pod ended, if it did.
pub fn ending(pod: &Pod) -> Option<ContainerExit> {
    let state = container_status(pod)?.state.as_ref()?;
    let terminated: &ContainerStateTerminated = state.terminated.as_ref()?;
    Some(ContainerExit {
        exit_code: terminated.exit_code,
        report: terminated.message.as_ref().and_then(|message| serde_json::from_str(message).ok()),
        reason: terminated.reason.clone().unwrap_or_else(|| "Error".to_owned()),
    })
}

/// When a pod ended, if it did. One that does not say when counts from its creation.
pub fn ended_at(pod: &Pod) -> Option<Timestamp> {
    let is_over = matches!(phase(pod), Some("Succeeded" | "Failed"));
    let created = || pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    finished_at(pod).or_else(created).filter(|_| is_over)
}

/// When the worker in a pod ended, if it did while the pod goes on: another container keeps it.
pub fn outlived_since(pod: &Pod) -> Option<Timestamp> {
    finished_at(pod).filter(|_| phase(pod) == Some("Running"))
}

fn finished_at(pod: &Pod) -> Option<Timestamp> {
    let terminated = container_status(pod)?.state.as_ref()?.terminated.as_ref()?;
    Some(terminated.finished_at.as_ref()?.0)
}

fn phase(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.phase.as_deref()
}

/// Whether no container of a pod has run yet.
pub fn is_pending(pod: &Pod) -> bool {
    phase(pod).is_none_or(|phase| phase == "Pending")
}

/// Whether a pod is running and is not being deleted.
pub fn runs(pod: &Pod) -> bool {
    phase(pod) == Some("Running") && pod.metadata.deletion_timestamp.is_none()
}

/// Why a pod does not start, if the cause is not part of a normal start. `late`: its container should have
/// been created by now; the kubelet reports only in Events what it waits for.
pub fn obstacle(pod: &Pod, late: bool) -> Option<String> {
    let waiting = container_status(pod)
        .and_then(|status| status.state.as_ref())
        .and_then(|state| state.waiting.as_ref())
        .and_then(|waiting| Some((waiting.reason.as_deref()?, waiting.message.as_deref().unwrap_or(""))));
    match waiting {
        Some((reason @ ("ContainerCreating" | "PodInitializing"), _)) => late.then(|| {
            let pod = pod.metadata.name.as_deref().unwrap_or_default();
            format!(
                "{reason}: the kubelet waits for a Secret, a volume or the image; see `kubectl describe pod {pod}`"
            )
        }),
        // Whoever may create pods can have a registry of their own refuse an image, in its words.
        Some((reason, message)) => Some(format!("{}: {}", sentence(reason), sentence(message))),
        None => unschedulable(pod),
    }
}

fn unschedulable(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    (scheduled.status == "False").then(|| {
        let reason = scheduled.reason.as_deref().unwrap_or("Unschedulable");
        format!("{}: {}", sentence(reason), sentence(scheduled.message.as_deref().unwrap_or("")))
    })
}

fn container_status(pod: &Pod) -> Option<&k8s_openapi::api::core::v1::ContainerStatus> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    statuses.iter().find(|status| status.name == CONTAINER)
}

/// How a Job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// Whether it completed; otherwise it failed.
    pub complete: bool,
    /// When.
    pub at: Timestamp,
    /// The Job controller's reason for a failure.
    pub reason: String,
    /// The Job controller's message.
    pub message: String,
}

/// How a Job ended, if it did.
pub fn job_end(job: &Job) -> Option<JobEnd> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let ended = |kind: &str| conditions.iter().find(|c| c.type_ == kind && c.status == "True");
    let (complete, condition) = match ended("Complete") {
        Some(condition) => (true, condition),
        None => (false, ended("Failed")?),
    };
    let JobCondition { last_transition_time, reason, message, .. } = condition.clone();
    Some(JobEnd {
        complete,
        at: last_transition_time.map_or(Timestamp::UNIX_EPOCH, |time| time.0),
        reason: reason.unwrap_or_default(),
        message: message.unwrap_or_default(),
    })
}

/// Whether a pod belongs to a Job.
pub fn is_of(pod: &Pod, job: &Job) -> bool {
    job.metadata.uid.as_ref().is_some_and(|uid| is_owned_by(pod, uid))
}

/// Whether a pod belongs to the Job with this UID.
pub fn is_owned_by(pod: &Pod, job_uid: &str) -> bool {
    pod.metadata.owner_references.iter().flatten().any(|owner| owner.uid == job_uid)
}
