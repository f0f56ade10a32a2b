//! What the statuses of both kinds of runs share. Pure.

use std::sync::Arc;
use std::time::Duration;

use docmill_crds::contract::{Report, StopReason, WorkerStatus};
use docmill_crds::{IngestRun, IngestSource};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;

use super::run_job::Suspension;
use crate::k8s::apply::Event;
use crate::outcome::conditions::{self, ConditionUpdate, condition_type};
use crate::outcome::requeue;
use crate::workers::{backpressure, obstacle, pod_state};

/// Annotation of a pod with the number of the part of an Indexed Job that it works on.
const PART: &str = "batch.kubernetes.io/job-completion-index";
/// Reason of the condition `Suspended` of a run whose Job another controller suspended.
const JOB_SUSPENDED: &str = "JobSuspended";

/// A duration as `kubectl` shows it: `42s`, `3m5s`, `2h3m`.
pub fn duration(start: Timestamp, end: Timestamp) -> String {
    let seconds = end.duration_since(start).as_secs().max(0);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{}s", seconds % 60),
        _ => format!("{hours}h{minutes}m"),
    }
}

/// Whether a run completed (`true`) or failed (`false`) according to its conditions; `None` if it has not
/// ended.
pub fn outcome(conditions: &[Condition]) -> Option<bool> {
    let is_true = |condition_type| conditions::is_true(conditions, condition_type);
    match (is_true(condition_type::COMPLETE), is_true(condition_type::FAILED)) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// Whether a run has ended according to its conditions.
pub fn has_ended(conditions: &[Condition]) -> bool {
    outcome(conditions).is_some()
}

/// The IngestRuns of a source, from whichever trigger, that have not ended.
pub fn active_runs_of<'r>(
    source: &IngestSource,
    runs: &'r [Arc<DeserializeGuard<IngestRun>>],
) -> impl Iterator<Item = &'r IngestRun> {
    let is_own = |run: &&IngestRun| {
        run.spec.source_ref.name == source.name_any() && run.namespace() == source.namespace()
    };
    let is_active = |run: &&IngestRun| {
        !has_ended(run.status.as_ref().map_or(&[][..], |status| status.conditions.as_slice()))
    };
    runs.iter().filter_map(|guard| guard.0.as_ref().ok()).filter(is_own).filter(is_active)
}

/// How long an ended run is still kept; `None`: forever.
pub fn time_left(ended: Option<Timestamp>, ttl: Option<i32>, now: Timestamp) -> Option<Duration> {
    let lifetime = Duration::from_secs(u64::try_from(ttl?).unwrap_or(0));
    Some(lifetime.saturating_sub(requeue::elapsed(ended?, now)))
}

/// The failure of the newest failed pod of a Job, unless a younger pod has done its part of the work since. One that was
/// asked to end has neither failed nor done its part.
pub fn failure(job: &Job, pods: &[Arc<Pod>]) -> Option<String> {
    let part = |pod: &Pod| pod.annotations().get(PART).cloned();
    let mut done = Vec::new();
    for pod in youngest_first(job, pods) {
        let Some(ending) = pod_state::ending(pod) else { continue };
        match ending.failure() {
            None => done.push(part(pod)),
            Some(_) if ending.was_stopped() || done.contains(&part(pod)) => {}
            Some(failure) => return Some(failure),
        }
    }
    None
}

/// What keeps a Job that has not ended from having its pods at work.
pub fn obstacle(job: &Job, pods: &[Arc<Pod>], now: Timestamp) -> Option<String> {
    obstacle::obstacle(job, &youngest_first(job, pods), now)
}

/// The stop reason of the newest failed worker, if it gave one.
pub fn stop_reason(job: &Job, pods: &[Arc<Pod>]) -> Option<StopReason> {
    let failed = youngest_first(job, pods)
        .into_iter()
        .find_map(|pod| pod_state::ending(pod).filter(|ending| ending.failure().is_some()));
    failed?.report?.reason
}

/// The report of the newest worker that succeeded.
pub fn report(job: &Job, pods: &[Arc<Pod>]) -> Option<Report> {
    let succeeded = youngest_first(job, pods)
        .into_iter()
        .find_map(|pod| pod_state::ending(pod).filter(|ending| ending.failure().is_none()));
    succeeded?.report
}

fn youngest_first<'a>(job: &Job, pods: &'a [Arc<Pod>]) -> Vec<&'a Pod> {
    let mut pods: Vec<&Pod> =
        pods.iter().map(AsRef::as_ref).filter(|pod| pod_state::is_of(pod, job)).collect();
    // Those of one second always in the same order, or the status would change with each look.
    pods.sort_by_key(|pod| (std::cmp::Reverse(pod.creation_timestamp()), pod.name_any()));
    pods
}

/// What the pods of a running run wait for. The condition becomes False only if it existed before.
pub fn throttled(
    old: &[Condition],
    worker_statuses: &[WorkerStatus],
    is_at_work: bool,
) -> Option<ConditionUpdate> {
    let update = backpressure::throttled(old, &worker_statuses.iter().collect::<Vec<_>>(), true);
    conditions::once_true(old, update).filter(|_| is_at_work)
}

/// Why pods of a run at work do not start, or fail. The condition is there only while they do.
pub fn degraded(obstacle: Option<&str>, failure: Option<&str>) -> Option<ConditionUpdate> {
    let (reason, message) = match (obstacle, failure) {
        (Some(obstacle), _) => ("PodsDoNotStart", obstacle.to_owned()),
        (None, Some(failure)) => {
            ("PodsFail", format!("{failure}; the Job starts others after a backoff, up to spec.backoffLimit"))
        }
        (None, None) => return None,
    };
    Some(ConditionUpdate::new(condition_type::DEGRADED, true, reason, message))
}

/// Why a run that has not ended has no pods. The condition becomes False only if it existed before.
pub fn suspended(old: &[Condition], suspension: Option<Suspension>) -> Option<ConditionUpdate> {
    let (reason, message) = match suspension {
        Some(Suspension::BySpec) => ("Suspended", "spec.suspend is true; set it to false to resume"),
        Some(Suspension::ByBudget) => ("BudgetReached", "spec.budget is exhausted; raise it to resume"),
        Some(Suspension::ByOther) => (
            JOB_SUSPENDED,
            "another controller, for example Kueue, suspended the Job of the run; the run goes on when that \
             controller resumes the Job",
        ),
        Some(Suspension::UntilReady) => ("Resuming", "the run resumes as soon as it is ready"),
        None => ("Resumed", "the run is not suspended"),
    };
    let is_true = suspension.is_some();
    conditions::once_true(old, ConditionUpdate::new(condition_type::SUSPENDED, is_true, reason, message))
}

/// Whether, according to the conditions of a run, another controller suspended its Job and may resume it at
/// any time.
pub fn is_suspended_by_other(conditions: &[Condition]) -> bool {
    conditions::find(conditions, condition_type::SUSPENDED)
        .is_some_and(|condition| condition.status == "True" && condition.reason == JOB_SUSPENDED)
}

/// The Event when a run resumes.
pub fn resumed() -> Event {
    event(false, "Resumed", "ResumeJob", "the run has resumed".to_owned())
}

/// The Event when the Job of a run goes back into its queue.
pub fn queued() -> Event {
    event(false, "Queued", "QueueJob", "the Job of the run waits in its queue to be resumed".to_owned())
}

/// Events for how a run ended, whether it can start, and what its pods wait for or why there are none.
pub fn events(old: &[Condition], new: &[Condition]) -> Vec<Event> {
    let watched = [
        (condition_type::SUSPENDED, false, "SuspendJob"),
        (condition_type::THROTTLED, true, "Observe"),
        (condition_type::DEGRADED, true, "Observe"),
        (condition_type::COMPLETE, false, "Finish"),
        (condition_type::FAILED, true, "Finish"),
    ];
    readiness(old, new).into_iter().chain(became_true(old, new, &watched)).collect()
}

/// Events for the conditions of these types that have become True. For each type: whether the Event is a
/// warning, and its action.
pub fn became_true<'a>(
    old: &'a [Condition],
    new: &'a [Condition],
    types: &'a [(&str, bool, &'static str)],
) -> impl Iterator<Item = Event> + 'a {
    types.iter().filter_map(|(condition_type, warning, action)| {
        let condition =
            conditions::find(new, condition_type).filter(|condition| condition.status == "True")?;
        let is_news = !conditions::is_true(old, condition_type);
        is_news.then(|| event(*warning, &condition.reason, action, condition.message.clone()))
    })
}

/// The Event when a run cannot start, and when it can again.
fn readiness(old: &[Condition], new: &[Condition]) -> Option<Event> {
    let current = conditions::find(new, condition_type::READY)?;
    let is_ready = current.status == "True";
    let is_news = match conditions::find(old, condition_type::READY) {
        Some(previous) => (&previous.status, &previous.reason) != (&current.status, &current.reason),
        None => !is_ready,
    };
    is_news.then(|| event(!is_ready, &current.reason, "Observe", current.message.clone()))
}

/// Creates an Event.
pub fn event(warning: bool, reason: &str, action: &'static str, text: String) -> Event {
    Event { warning, reason: reason.to_owned(), action, text }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::batch::v1::Job;
    use k8s_openapi::api::core::v1::Pod;
    use k8s_openapi::jiff::Timestamp;
    use kube::ResourceExt as _;
    use serde_json::json;

    use super::{degraded, duration, failure, time_left, youngest_first};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn lengths_of_time_are_short() {
        assert_eq!(duration(at(0), at(42)), "42s");
        assert_eq!(duration(at(0), at(185)), "3m5s");
        assert_eq!(duration(at(0), at(7380)), "2h3m");
        assert_eq!(duration(at(10), at(0)), "0s");
    }

    /// A pod of a Job, for a part of the work.
    fn pod(created: &str, part: &str, exit_code: i32) -> Arc<Pod> {
        let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "j"});
        let state = json!({"terminated": {"exitCode": exit_code, "reason": "OOMKilled"}});
        let pod = json!({
            "metadata": {"name": "p", "ownerReferences": [owner], "creationTimestamp": created,
                         "annotations": {"batch.kubernetes.io/job-completion-index": part}},
            "status": {"containerStatuses": [{"name": "job-runner", "image": "", "imageID": "", "ready": false,
                                              "restartCount": 0, "state": state}]},
        });
        Arc::new(serde_json::from_value(pod).unwrap())
    }

    #[test]
    fn a_failure_counts_until_a_younger_pod_has_done_the_same_part() {
        let job: Job = serde_json::from_value(json!({"metadata": {"name": "j", "uid": "j"}})).unwrap();
        let failed = pod("2026-01-01T00:00:00Z", "1", 137);
        let other = pod("2026-01-01T00:01:00Z", "0", 0);
        let told = failure(&job, &[failed.clone(), other.clone()]).unwrap();
        assert!(told.contains("memory limit"), "{told}");
        let again = pod("2026-01-01T00:02:00Z", "1", 0);
        assert_eq!(failure(&job, &[failed, other, again.clone()]), None);
        let later = pod("2026-01-01T00:03:00Z", "1", 137);
        assert!(failure(&job, &[again, later]).is_some());
        assert_eq!(failure(&job, &[pod("2026-01-01T00:04:00Z", "1", 143)]), None, "its node shut down");
    }

    #[test]
    fn pods_of_one_second_are_always_in_the_same_order() {
        let job: Job = serde_json::from_value(json!({"metadata": {"name": "j", "uid": "j"}})).unwrap();
        let named = |name: &str, created: &str| {
            let mut pod = Pod::clone(&pod(created, "0", 0));
            pod.metadata.name = Some(name.to_owned());
            Arc::new(pod)
        };
        let (old, young) = ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z");
        let pods = [named("c", young), named("a", old), named("b", young)];
        let ordered: Vec<_> = youngest_first(&job, &pods).iter().map(|pod| pod.name_any()).collect();
        assert_eq!(ordered, ["b", "c", "a"]);
    }

    #[test]
    fn pods_that_do_not_start_are_told_of_before_those_that_failed() {
        assert_eq!(degraded(None, None), None);
        let told = degraded(Some("Unschedulable: no node"), Some("out of memory")).unwrap();
        assert_eq!(
            (told.reason.as_str(), told.message.as_str()),
            ("PodsDoNotStart", "Unschedulable: no node")
        );
        let told = degraded(None, Some("out of memory")).unwrap();
        assert!(told.reason == "PodsFail" && told.message.starts_with("out of memory; "), "{told:?}");
    }

    #[test]
    fn an_ended_run_is_kept_for_its_time() {
        assert_eq!(time_left(Some(at(1100)), None, at(2000)), None);
        assert_eq!(time_left(Some(at(1100)), Some(60), at(1130)).unwrap().as_secs(), 30);
        assert!(time_left(Some(at(1100)), Some(60), at(1160)).unwrap().is_zero());
    }
}
