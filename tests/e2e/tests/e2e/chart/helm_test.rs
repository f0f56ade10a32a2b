//! `helm test`: the pod that it starts, and that it succeeds where an operator leads.

use anyhow::{Result, ensure};
use e2e::cluster::Cluster;
use e2e::env::Env;
use e2e::install::{self, NAMESPACE, RELEASE};
use e2e::world::beside_others;
use serde_json::{Value, json};

use super::{document, template, template_with};

/// Selects the pod of the test.
const SELECTOR: &str = "app.kubernetes.io/name=docmill,app.kubernetes.io/component=test";

#[tokio::test]
async fn the_pod_of_helm_test_runs_like_the_operator_and_is_not_selected_as_one() -> Result<()> {
    let values = json!({
        "helmTest": {"timeoutSeconds": 5, "annotations": {"helm.sh/hook-delete-policy": "hook-failed"}},
        "imagePullSecrets": [{"name": "pull"}],
        "nodeSelector": {"disk": "ssd"},
        "serviceAccount": {"automount": false},
    });
    let Some(text) = template_with(&values).await else { return Ok(()) };
    let pod: Value = serde_saphyr::from_str(&document(&text.expect_ok("helm template")?, "Pod")?)?;
    let container = &pod["spec"]["containers"][0];
    ensure!(container["command"] == json!(["operator", "check"]), "{container}");
    let arguments = json!(["--lease-name=docmill-operator", "--timeout-seconds=5"]);
    ensure!(container["args"] == arguments, "{container}");
    for (place, value) in [
        ("/metadata/annotations/helm.sh~1hook", json!("test")),
        ("/metadata/annotations/helm.sh~1hook-delete-policy", json!("hook-failed")),
        ("/metadata/labels/app.kubernetes.io~1component", json!("test")),
        ("/spec/serviceAccountName", json!("docmill-operator")),
        ("/spec/automountServiceAccountToken", json!(true)),
        ("/spec/restartPolicy", json!("Never")),
        ("/spec/imagePullSecrets/0/name", json!("pull")),
        ("/spec/nodeSelector/disk", json!("ssd")),
        ("/spec/securityContext/runAsNonRoot", json!(true)),
        ("/spec/containers/0/securityContext/readOnlyRootFilesystem", json!(true)),
    ] {
        ensure!(pod.pointer(place) == Some(&value), "{place} is not {value} in\n{pod}");
    }
    Ok(())
}

#[tokio::test]
async fn the_pod_of_helm_test_can_be_left_out() -> Result<()> {
    let Some(text) = template(&["--set", "helmTest.enabled=false"]).await else { return Ok(()) };
    ensure!(document(&text.expect_ok("helm template")?, "Pod").is_err());
    Ok(())
}

#[tokio::test]
async fn helm_test_succeeds_where_an_operator_leads_and_leaves_nothing() -> Result<()> {
    let _others = beside_others().await;
    let env = Env::read()?;
    let cluster = Cluster::connect(env.context.as_deref()).await?;
    install::install(&cluster, &env).await?;
    cluster.helm(&["test", RELEASE, "--namespace", NAMESPACE, "--timeout=90s"]).await?;
    let gone = ["wait", "pods", "--for=delete", "--namespace", NAMESPACE, "--selector", SELECTOR];
    cluster.kubectl(&[&gone[..], &["--timeout=30s"]].concat()).await.map(drop)
}
