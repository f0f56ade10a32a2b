//! Why the pod of a worker does not start: image, quota, admission, scheduling, volumes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Event, Pod};

/// What keeps a pod from starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Kubernetes' reason, one CamelCase word.
    pub reason: String,
    /// Kubernetes' message.
    pub message: String,
}

/// Reasons for which a pod does not start until somebody mends something.
const LASTING: [&str; 5] = [
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "FailedCreate",
];

impl Obstacle {
    /// What mends it.
    pub fn remedy(&self) -> Option<String> {
        let text = match self.reason.as_str() {
            "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "InvalidImageName" => {
                "Name an image that is there, or a pull secret in spec.workers.podTemplate.spec.imagePullSecrets if the registry asks \
                 for one:\n  helm upgrade docmill charts/docmill --namespace docmill-system --reuse-values --set \
                 worker.image=REPOSITORY:TAG"
            }
            "FailedCreate" if self.message.contains("exceeded quota") => {
                "Raise the quota, or lower spec.workers.podTemplate.spec.resources:\n  kubectl describe resourcequota"
            }
            "FailedCreate" => {
                "An admission policy refuses the pod: change spec.workers.podTemplate as the message says, or the policy."
            }
            "Unschedulable" | "FailedScheduling" => {
                "Add a node, or change resources, nodeSelector, affinity or tolerations of spec.workers.podTemplate:\n  \
                 kubectl describe nodes"
            }
            "FailedMount" => "Create the Secret, ConfigMap or volume that the message names.",
            "CreateContainerConfigError" => {
                "Create the Secret or ConfigMap, or the key of it, that the message names."
            }
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// Whether waiting does not help. A node may still come, and a volume.
    pub fn is_lasting(&self) -> bool {
        LASTING.contains(&self.reason.as_str())
    }
}

/// Reasons of Events that tell why a pod is not there or does not start.
const REASONS: [&str; 4] = ["FailedCreate", "FailedScheduling", "FailedMount", "FailedCreatePodSandBox"];

/// What keeps these pods from starting, each reason once; nothing if they have started.
pub fn obstacles(pods: &[Pod], events: &[Event]) -> Vec<Obstacle> {
    let of_events = events.iter().filter_map(|event| {
        let reason = event.reason.clone().filter(|reason| REASONS.contains(&reason.as_str()))?;
        Some((reason, event.message.clone().unwrap_or_default()))
    });
    let of_pods = pods.iter().flat_map(|pod| waiting(pod).into_iter().chain(unschedulable(pod)));
    let all: BTreeMap<String, String> = of_events.chain(of_pods).collect();
    all.into_iter().map(|(reason, message)| Obstacle { reason, message }).collect()
}

/// The container that waits for more than its turn.
fn waiting(pod: &Pod) -> Option<(String, String)> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let waiting = statuses.iter().find_map(|status| status.state.as_ref()?.waiting.as_ref())?;
    let reason = waiting.reason.clone()?;
    let is_normal = matches!(reason.as_str(), "ContainerCreating" | "PodInitializing");
    (!is_normal).then(|| (reason, waiting.message.clone().unwrap_or_default()))
}

fn unschedulable(pod: &Pod) -> Option<(String, String)> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    let message = scheduled.message.clone().unwrap_or_default();
    (scheduled.status == "False").then(|| ("Unschedulable".to_owned(), message))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Event, Pod};
    use serde_json::{Value, json};

    use super::{Obstacle, obstacles};

    fn pod(status: &Value) -> Pod {
        serde_json::from_value(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "status": status}))
            .unwrap()
    }

    fn event(reason: &str, message: &str) -> Event {
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {}, "involvedObject": {},
                           "reason": reason, "message": message});
        serde_json::from_value(event).unwrap()
    }

    fn waiting(reason: &str) -> Pod {
        let state = json!({"waiting": {"reason": reason, "message": "because"}});
        let status = json!({"name": "job-runner", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                            "state": state});
        pod(&json!({"containerStatuses": [status]}))
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_told_and_one_that_is_on_its_way_is_not() {
        let found = obstacles(&[waiting("ImagePullBackOff")], &[]);
        let expected = Obstacle { reason: "ImagePullBackOff".into(), message: "because".into() };
        assert_eq!(found, [expected]);
        assert!(found.iter().all(Obstacle::is_lasting));
        let remedy = found.first().and_then(Obstacle::remedy).unwrap();
        assert!(remedy.contains("--set worker.image="), "{remedy}");
        assert!(obstacles(&[waiting("ErrImagePull")], &[]).iter().all(|obstacle| !obstacle.is_lasting()));
        assert!(obstacles(&[waiting("ContainerCreating")], &[event("Pulling", "image")]).is_empty());
    }

    #[test]
    fn a_quota_and_a_policy_ask_for_different_things() {
        let quota =
            obstacles(&[], &[event("FailedCreate", "pods \"a\" is forbidden: exceeded quota: small")]);
        let policy = obstacles(&[], &[event("FailedCreate", "admission webhook denied the request")]);
        let remedy = |found: &[Obstacle]| found.first().and_then(Obstacle::remedy).unwrap();
        assert!(remedy(&quota).starts_with("Raise the quota"));
        assert!(remedy(&policy).starts_with("An admission policy"));
    }

    #[test]
    fn a_pod_without_a_node_is_told_once() {
        let pending = pod(&json!({"conditions": [
            {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}));
        let reasons: Vec<String> =
            obstacles(&[pending.clone(), pending], &[event("FailedScheduling", "0/1 nodes")])
                .into_iter()
                .map(|obstacle| obstacle.reason)
                .collect();
        assert_eq!(reasons, ["FailedScheduling", "Unschedulable"]);
    }
}
