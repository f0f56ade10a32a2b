//! What keeps the Job of a worker from having a pod at work, where it can be seen in the cluster. No I/O.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::pod_state;
use super::queue::is_suspended;

/// A Job that needs a pod has got it within this time.
const POD_WITHIN_SECONDS: i64 = 20;
/// After a pod has ended, the next one has been made within this time; the clocks of nodes differ by a few seconds.
const NEXT_WITHIN_SECONDS: i64 = 60;
/// The same after a failure, for which the Job controller waits for up to ten minutes.
const RETRIED_WITHIN_SECONDS: i64 = 660;
/// A pod whose container has not been created after this long waits for more than its image.
const MADE_WITHIN_SECONDS: i64 = 60;
/// A pod whose worker ended this long ago, beyond the time that its sidecars get to end, does not end by itself.
const ENDS_WITHIN_SECONDS: i64 = 60;
/// A pod that should have been gone for this long is on a node that does not answer.
const GONE_WITHIN_SECONDS: i64 = 60;

/// What keeps a Job that has not ended from its work, if anything, in the words of Kubernetes where it has some. `pods`
/// are those of the Job, those first whose obstacle is told first. A Job that is suspended waits, which is no obstacle.
pub fn obstacle(job: &Job, pods: &[&Pod], now: Timestamp) -> Option<String> {
    if is_suspended(job) || pod_state::job_end(job).is_some() {
        return None;
    }
    let started = started(job, now);
    let of_pod = |pod: &&Pod| {
        let age = seconds(pod.creation_timestamp().map_or(started, |time| time.0), now);
        lost(pod, now)
            .or_else(|| outlived(pod, now))
            .or_else(|| pod_state::obstacle(pod, age >= MADE_WITHIN_SECONDS))
    };
    pods.iter().find_map(of_pod).or_else(|| no_pod(job, started, pods, now))
}

/// For how long a Job has been at work, in seconds. That of a suspended one begins when it is resumed.
pub fn age_seconds(job: &Job, now: Timestamp) -> i64 {
    seconds(started(job, now), now)
}

fn started(job: &Job, now: Timestamp) -> Timestamp {
    let started = job.status.as_ref().and_then(|status| status.start_time.as_ref());
    let created = || job.creation_timestamp().map_or(now, |time| time.0);
    started.map_or_else(created, |time| time.0)
}

fn seconds(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).as_secs()
}

/// The Job controller makes no pod, although none is left that works: a quota, an admission policy or a missing service
/// account refuses it. Only an Event of the Job says which. Jobs and pods are watched separately: a Job that counts a pod
/// has one, though it may not be seen yet, and one that is being deleted gets none.
fn no_pod(job: &Job, started: Timestamp, pods: &[&Pod], now: Timestamp) -> Option<String> {
    let active = job.status.as_ref().and_then(|status| status.active).unwrap_or(0);
    if active > 0 || job.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let (mut since, mut within) = (started, POD_WITHIN_SECONDS);
    for pod in pods {
        since = since.max(pod_state::ended_at(pod)?);
        let has_failed = pod_state::ending(pod).is_none_or(|ending| ending.failure().is_some());
        within = within.max(if has_failed { RETRIED_WITHIN_SECONDS } else { NEXT_WITHIN_SECONDS });
    }
    let text = "the Job controller has not created its pod; see `kubectl describe job`";
    (seconds(since, now) >= within).then(|| text.to_owned())
}

/// A pod that is being deleted and whose time is over: its kubelet does not say that it is gone, and until then the Job
/// gets no other one.
fn lost(pod: &Pod, now: Timestamp) -> Option<String> {
    let due = pod.metadata.deletion_timestamp.as_ref()?.0;
    let is_over = pod_state::ended_at(pod).is_some() || seconds(due, now) < GONE_WITHIN_SECONDS;
    (!is_over).then(|| {
        let (name, node) = (pod.name_any(), pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()));
        format!(
            "Terminating: the pod {name} should be gone, but its node {} does not say so, and there is no other pod until \
             then; if the node does not come back, remove it from the cluster (`kubectl delete node`)",
            node.unwrap_or("(none)")
        )
    })
}

/// A pod that goes on without its worker, so that its Job does not end either: something put a container of its own in it.
fn outlived(pod: &Pod, now: Timestamp) -> Option<String> {
    let since = pod_state::outlived_since(pod)?;
    let grace = pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds).unwrap_or(0);
    (seconds(since, now).saturating_sub(grace) >= ENDS_WITHIN_SECONDS).then(|| {
        format!(
            "Outlived: the worker in the pod {} has ended, but another container of the pod has not; have no sidecar injected \
             into workers, or a native one (an init container with restartPolicy Always)",
            pod.name_any()
        )
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::Job;
    use k8s_openapi::api::core::v1::Pod;
    use k8s_openapi::jiff::Timestamp;
    use serde_json::{Value, json};

    use super::obstacle;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A Job of second 0 that was resumed at second 1,000.
    fn job() -> Job {
        serde_json::from_value(json!({
            "metadata": {"name": "backfill-work", "uid": "j", "creationTimestamp": "1970-01-01T00:00:00Z"},
            "status": {"startTime": "1970-01-01T00:16:40Z"},
        }))
        .unwrap()
    }

    /// A pod of second 1,000.
    fn pod(state: &Value) -> Pod {
        let phase = if state.get("terminated").is_some() { "Succeeded" } else { "Running" };
        serde_json::from_value(json!({
            "metadata": {"name": "backfill-work-0", "creationTimestamp": "1970-01-01T00:16:40Z"},
            "spec": {"nodeName": "n1", "containers": []},
            "status": {"phase": phase, "containerStatuses": [{"name": "job-runner", "image": "", "imageID": "",
                       "ready": false, "restartCount": 0, "state": state}]},
        }))
        .unwrap()
    }

    fn ended(exit_code: i32) -> Pod {
        pod(&json!({"terminated": {"exitCode": exit_code, "finishedAt": "1970-01-01T00:20:00Z"}}))
    }

    #[test]
    fn a_job_without_a_pod_is_told_of_after_a_while_also_if_it_had_one_before() {
        assert_eq!(obstacle(&job(), &[], at(1010)), None);
        assert!(obstacle(&job(), &[], at(1020)).unwrap().contains("describe job"));
        let (done, failed) = (ended(0), ended(1));
        assert_eq!(obstacle(&job(), &[&done], at(1250)), None, "the next one is on its way");
        assert!(obstacle(&job(), &[&done, &done], at(1260)).unwrap().contains("describe job"));
        assert_eq!(obstacle(&job(), &[&done, &failed], at(1850)), None, "it is tried again after a backoff");
        assert!(obstacle(&job(), &[&failed], at(1860)).is_some());
        let running = pod(&json!({"running": {}}));
        assert_eq!(obstacle(&job(), &[&done, &running], at(9000)), None);
    }

    #[test]
    fn a_job_that_counts_a_pod_or_is_being_deleted_does_not_lack_one() {
        let mut counted = job();
        counted.status.as_mut().unwrap().active = Some(1);
        assert_eq!(obstacle(&counted, &[], at(9000)), None, "its pod may be at work");
        let mut going = job();
        going.metadata.deletion_timestamp = serde_json::from_value(json!("1970-01-01T00:20:00Z")).unwrap();
        assert_eq!(obstacle(&going, &[], at(9000)), None);
    }

    #[test]
    fn a_job_that_is_suspended_or_has_ended_has_no_obstacle() {
        let mut suspended = job();
        suspended.spec = serde_json::from_value(json!({"suspend": true, "template": {}})).unwrap();
        assert_eq!(obstacle(&suspended, &[], at(9000)), None);
        let mut over = job();
        let failed = json!({"conditions": [{"type": "Failed", "status": "True"}]});
        over.status = serde_json::from_value(failed).unwrap();
        assert_eq!(obstacle(&over, &[], at(9000)), None);
    }

    #[test]
    fn the_time_of_a_pod_begins_with_the_pod_and_not_with_its_job() {
        let waiting = pod(&json!({"waiting": {"reason": "ContainerCreating"}}));
        let mut job = job();
        job.status = None;
        assert_eq!(obstacle(&job, &[&waiting], at(1050)), None);
        let told = obstacle(&job, &[&waiting], at(1060)).unwrap();
        assert!(told.contains("describe pod backfill-work-0"), "{told}");
    }

    #[test]
    fn a_pod_that_outlives_its_worker_is_told_of() {
        let mut kept = ended(0);
        kept.status.as_mut().unwrap().phase = Some("Running".into());
        assert_eq!(obstacle(&job(), &[&kept], at(1250)), None, "it is about to end");
        let told = obstacle(&job(), &[&kept], at(1260)).unwrap();
        assert!(told.starts_with("Outlived: ") && told.contains("backfill-work-0"), "{told}");
        kept.spec.as_mut().unwrap().termination_grace_period_seconds = Some(60);
        assert_eq!(obstacle(&job(), &[&kept], at(1310)), None, "a native sidecar may take as long to end");
        assert!(obstacle(&job(), &[&kept], at(1320)).is_some());
    }

    #[test]
    fn words_of_others_are_plain_and_short() {
        let message = format!("failed to pull: <b>{}", "x".repeat(2_000));
        let refused = pod(&json!({"waiting": {"reason": "ErrImagePull", "message": message}}));
        let told = obstacle(&job(), &[&refused], at(1001)).unwrap();
        assert!(told.starts_with("ErrImagePull: failed to pull: ?b?x") && told.len() < 600, "{told}");
    }

    #[test]
    fn a_pod_on_a_node_that_does_not_answer_is_told_of() {
        let mut going = pod(&json!({"running": {}}));
        going.metadata.deletion_timestamp = serde_json::from_value(json!("1970-01-01T00:20:00Z")).unwrap();
        assert_eq!(obstacle(&job(), &[&going], at(1210)), None, "it may still be ending");
        let told = obstacle(&job(), &[&going], at(1260)).unwrap();
        assert!(told.contains("node n1") && told.contains("delete node"), "{told}");
        let mut gone = ended(0);
        gone.metadata.deletion_timestamp = going.metadata.deletion_timestamp;
        assert_eq!(obstacle(&job(), &[&gone], at(1215)), None);
    }
}
