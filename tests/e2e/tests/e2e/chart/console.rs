//! The console in the values of the chart: who reaches it, and whose rights it has.

use anyhow::{Context as _, Result, ensure};
use e2e::rights::granted;
use serde_json::{Value, json};

use super::{document, template, template_with};

/// The console's service account in a release with the name of these tests.
const ACCOUNT: &str = "docmill-console";
/// The port of the proxy.
const PORT: u16 = 4180;

/// Values with a console, and with these of its own.
fn values(own: &Value) -> Value {
    let mut console = json!({
        "enabled": true,
        "url": "https://docmill.example.com",
        "namespaces": ["news", "sport"],
        "proxy": {"container": {"image": "oauth2-proxy:v7", "args": ["--upstream=http://127.0.0.1:8001"]}},
    });
    for (name, value) in own.as_object().into_iter().flatten() {
        console[name] = value.clone();
    }
    json!({"console": console, "crds": {"install": false}, "networkPolicy": {"enabled": true}})
}

/// What the chart makes for the console.
fn objects(text: &str) -> Result<Vec<Value>> {
    let own = text.split("\n---\n").filter(|object| object.contains(ACCOUNT));
    own.map(|object| serde_saphyr::from_str(object).context("no YAML")).collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Result<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind).with_context(|| format!("no {kind}"))
}

#[tokio::test]
async fn the_console_stands_behind_the_proxy_of_its_own_pod() -> Result<()> {
    let Some(text) = template_with(&values(&json!({}))).await else { return Ok(()) };
    let objects = objects(&text.expect_ok("helm template")?)?;
    let deployment = of_kind(&objects, "Deployment")?;
    let pod = &deployment["spec"]["template"]["spec"];
    let arguments = json!([
        "console",
        "--in-cluster",
        "--url=https://docmill.example.com",
        "--namespaces=news,sport",
        "--rights=user",
        "--port=8001",
        "--health-address=[::]:8081",
    ]);
    let mounts = json!([{"name": "api-server",
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}]);
    for (place, value) in [
        ("/containers/0/command", json!(["kubectl-docmill"])),
        ("/containers/0/args", arguments),
        ("/containers/0/ports", json!([{"name": "health", "containerPort": 8081}])),
        ("/containers/0/livenessProbe/httpGet", json!({"path": "/healthz", "port": "health"})),
        ("/containers/0/securityContext/readOnlyRootFilesystem", json!(true)),
        ("/containers/0/volumeMounts", mounts),
        ("/containers/1/name", json!("proxy")),
        ("/containers/1/image", json!("oauth2-proxy:v7")),
        ("/containers/1/securityContext/allowPrivilegeEscalation", json!(false)),
        ("/automountServiceAccountToken", json!(false)),
        ("/securityContext/runAsNonRoot", json!(true)),
    ] {
        ensure!(pod.pointer(place) == Some(&value), "{place} is not {value} in\n{pod}");
    }
    let labels = &deployment["spec"]["selector"]["matchLabels"];
    ensure!(labels["app.kubernetes.io/component"] == "console", "{labels}");
    let service = of_kind(&objects, "Service")?;
    ensure!(&service["spec"]["selector"] == labels && service["spec"]["ports"][0]["targetPort"] == PORT);
    let policy = of_kind(&objects, "NetworkPolicy")?;
    ensure!(&policy["spec"]["podSelector"]["matchLabels"] == labels, "{policy}");
    ensure!(policy["spec"]["ingress"] == json!([{"ports": [{"port": PORT}]}]), "{policy}");
    Ok(())
}

#[tokio::test]
async fn with_the_rights_of_users_the_pod_has_neither_a_role_nor_a_token() -> Result<()> {
    let Some(text) = template_with(&values(&json!({}))).await else { return Ok(()) };
    let text = text.expect_ok("helm template")?;
    let objects = objects(&text)?;
    ensure!(of_kind(&objects, "RoleBinding").is_err(), "{objects:?}");
    let pod = &of_kind(&objects, "Deployment")?["spec"]["template"]["spec"];
    ensure!(!pod.to_string().contains("serviceAccountToken\""), "{pod}");
    Ok(())
}

#[tokio::test]
async fn with_rights_of_its_own_the_console_may_view_the_listed_namespaces_alone() -> Result<()> {
    for content in [false, true] {
        let own = json!({"rights": "ServiceAccount", "content": content});
        let Some(text) = template_with(&values(&own)).await else { return Ok(()) };
        let text = text.expect_ok("helm template")?;
        let rbac = text.split("\n---\n").filter(|object| object.contains("rbac.authorization.k8s.io/v1"));
        let rbac: Vec<Value> =
            rbac.map(|object| serde_saphyr::from_str(object).context("no YAML")).collect::<Result<_>>()?;
        let rights = granted(&rbac, ACCOUNT);
        for namespace in ["news", "sport"] {
            let may = |right: &str| rights.contains(&format!("{namespace} {right}"));
            ensure!(may("ingestsources.docmill.io list"), "{rights:?}");
            ensure!(may("units.records.docmill.io get"), "{rights:?}");
            ensure!(may("documents.records.docmill.io/indexed get") == content, "{rights:?}");
        }
        let reads = |right: &String| ["get", "list", "watch"].iter().any(|verb| right.ends_with(verb));
        let placed = |right: &String| right.starts_with("news ") || right.starts_with("sport ");
        ensure!(rights.iter().all(|right| reads(right) && placed(right)), "{rights:?}");
        let objects = objects(&text)?;
        let container = &of_kind(&objects, "Deployment")?["spec"]["template"]["spec"]["containers"][0];
        ensure!(container["args"][4] == "--rights=service-account", "{container}");
        ensure!(text.contains("serviceAccountToken: {path: token"), "the console has no token");
    }
    Ok(())
}

#[tokio::test]
async fn a_console_without_what_it_needs_is_refused_in_words() -> Result<()> {
    for (own, words) in [
        (json!({"url": ""}), "console.url"),
        (json!({"namespaces": []}), "console.namespaces"),
        (json!({"proxy": {"container": {}}}), "console.proxy.container"),
        (json!({"content": true}), "console.rights=ServiceAccount"),
    ] {
        let Some(finished) = template_with(&values(&own)).await else { return Ok(()) };
        ensure!(!finished.ok && finished.stderr.contains(words), "{own}: {}", finished.stderr);
    }
    Ok(())
}

#[tokio::test]
async fn there_is_no_console_by_default() -> Result<()> {
    let Some(text) = template(&[]).await else { return Ok(()) };
    let text = text.expect_ok("helm template")?;
    ensure!(!text.contains(ACCOUNT) && !document(&text, "Deployment")?.contains("kubectl-docmill"), "{text}");
    Ok(())
}
