//! What the SCC `restricted-v2` of `OpenShift` asks of pods, as a policy that any API server enforces. It refuses, and
//! cannot assign a user as the SCC does.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::cluster::Cluster;
use e2e::wait::{Look, until};
use serde_json::{Value, json};

/// The first user of the namespace's range.
pub(super) const FIRST_USER: i64 = 1_000_660_000;
/// The last one.
const LAST_USER: i64 = 1_000_669_999;
/// The user that the image names, and that the chart sets by default.
const ANOTHER_USER: i64 = 65_532;
/// Name of the policy and of its binding.
const NAME: &str = "e2e-restricted-v2";
/// Within how long the API server enforces a new policy.
const ENFORCED: Duration = Duration::from_secs(30);

/// Does something while the policy holds in a namespace.
pub(super) async fn with_policy(
    cluster: &Cluster,
    namespace: &str,
    something: impl AsyncFnOnce() -> Result<()>,
) -> Result<()> {
    cluster.apply(namespace, &policy()).await?;
    let result = async {
        cluster.apply(namespace, &binding(namespace)).await?;
        enforced(cluster, namespace).await?;
        something().await
    };
    let result = result.await;
    let kinds = "validatingadmissionpolicybinding,validatingadmissionpolicy";
    let removed = cluster.kubectl(&["delete", kinds, NAME, "--ignore-not-found"]).await.map(drop);
    result.and(removed)
}

/// Waits until a pod with a user out of the range is refused, and ensures that only its user is the reason.
async fn enforced(cluster: &Cluster, namespace: &str) -> Result<()> {
    until("the admission policy", ENFORCED, async || {
        let refused = create(cluster, namespace, &json!(ANOTHER_USER)).await?;
        Ok(Look::holds(refused.contains("runAsUser"), refused))
    })
    .await?;
    for user in [json!(FIRST_USER), Value::Null] {
        let refused = create(cluster, namespace, &user).await?;
        ensure!(refused.is_empty(), "the user {user} is refused: {refused}");
    }
    Ok(())
}

/// Why the API server refuses a pod with this user; empty if it does not.
async fn create(cluster: &Cluster, namespace: &str, user: &Value) -> Result<String> {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe"},
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": user, "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "probe",
                "image": "none",
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    });
    let create = ["create", "--dry-run=server", "--namespace", namespace, "--filename", "-"];
    let finished = cluster.try_kubectl(&create, Some(&pod.to_string())).await?;
    Ok(if finished.ok { String::new() } else { finished.stderr })
}

fn policy() -> Value {
    let in_range = format!(">= {FIRST_USER} && id <= {LAST_USER}");
    let of_pod = format!(
        "[object.spec.?securityContext.?runAsUser.orValue({FIRST_USER}), \
          object.spec.?securityContext.?fsGroup.orValue({FIRST_USER})].all(id, id {in_range})"
    );
    let of_container =
        format!("[c.?securityContext.?runAsUser.orValue({FIRST_USER})].all(id, id {in_range})");
    let of_containers = format!("object.spec.containers.all(c, {of_container})");
    let each = |rule: &str| format!("object.spec.containers.all(c, c.?securityContext.{rule})");
    let rules = [
        (of_pod, "runAsUser and fsGroup have to be in the range of the namespace"),
        (of_containers, "runAsUser of containers has to be in the range of the namespace"),
        (
            "object.spec.?securityContext.?runAsNonRoot.orValue(false) == true".to_owned(),
            "runAsNonRoot has to be true",
        ),
        (
            "object.spec.?securityContext.?seccompProfile.?type.orValue('') == 'RuntimeDefault'".to_owned(),
            "the seccomp profile has to be RuntimeDefault",
        ),
        (
            each("?allowPrivilegeEscalation.orValue(true) == false"),
            "allowPrivilegeEscalation has to be false",
        ),
        (
            each("?capabilities.?drop.orValue([]).exists(one, one == 'ALL')"),
            "all capabilities have to be dropped",
        ),
        ("object.spec.?hostNetwork.orValue(false) != true".to_owned(), "hostNetwork is not allowed"),
        ("object.spec.?volumes.orValue([]).all(v, !has(v.hostPath))".to_owned(), "hostPath is not allowed"),
    ];
    let rules = rules.map(|(expression, message)| json!({"expression": expression, "message": message}));
    let pods = json!({
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
    });
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": NAME},
        "spec": {"matchConstraints": {"resourceRules": [pods]}, "validations": rules},
    })
}

fn binding(namespace: &str) -> Value {
    let labels = json!({"kubernetes.io/metadata.name": namespace});
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": NAME},
        "spec": {
            "policyName": NAME,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": labels}},
        },
    })
}
