//! The chart's templates, without a cluster, and `helm test` in one.

mod console;
mod helm_test;
mod lineage;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::command;
use e2e::install::checkout;
use serde_json::{Value, json};

/// The oldest version that the charts support.
pub(crate) const KUBERNETES: &str = "1.31.0";
const SCHEMA: &str = "charts/docmill/values.schema.json";

/// Calls Helm with an input; `None` where there is no Helm.
pub(crate) async fn helm(arguments: &[&str], input: Option<&str>) -> Option<command::Finished> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let finished = command::run("helm", &arguments, input).await;
    if finished.is_err() {
        println!("skipped: there is no helm on the PATH (eval \"$(cargo testbed env)\" puts it there)");
    }
    finished.ok()
}

pub(super) async fn template(settings: &[&str]) -> Option<command::Finished> {
    render(settings, None).await
}

pub(super) async fn template_with(values: &Value) -> Option<command::Finished> {
    render(&["--values", "-"], Some(&values.to_string())).await
}

async fn render(settings: &[&str], input: Option<&str>) -> Option<command::Finished> {
    let chart = checkout("charts/docmill").display().to_string();
    let call = ["template", "docmill", &chart, "--namespace", "docmill-system", "--kube-version", KUBERNETES];
    helm(&[&call, settings].concat(), input).await
}

#[tokio::test]
async fn the_chart_has_no_lint() -> Result<()> {
    let chart = checkout("charts/docmill").display().to_string();
    let Some(lint) = helm(&["lint", "--strict", "--kube-version", KUBERNETES, &chart], None).await else {
        return Ok(());
    };
    ensure!(lint.ok, "{}{}", lint.stdout, lint.stderr);
    Ok(())
}

#[tokio::test]
async fn the_operator_runs_twice_and_restricted() -> Result<()> {
    let Some(text) = template(&["--set", "image.repository=registry/docmill,image.tag=v1"]).await else {
        return Ok(());
    };
    let deployment = document(&text.expect_ok("helm template")?, "Deployment")?;
    for line in [
        "replicas: 2",
        "command: [operator]",
        "image: \"registry/docmill:v1\"",
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "runAsUser: 65532",
        "path: /healthz",
        "path: /readyz",
        "--max-workers=100",
        "--idle-polls-per-second=4",
        "--retention-interval-seconds=300",
        "--retention-grace-seconds=600",
        "--log-format=json",
        "--marked-secrets-only=true",
        "--require-connections=false",
        "\"--own-identity-namespaces=\"",
        "\"--pod-priority-classes=\"",
        "--worker-run-as-user=65532",
        "\"--pod-volumes=configMap,secret,emptyDir,projected\"",
        "\"--pod-fields=\"",
    ] {
        ensure!(deployment.contains(line), "the Deployment lacks {line:?}:\n{deployment}");
    }
    let deployment: Value = serde_saphyr::from_str(&deployment)?;
    let pod = &deployment["spec"]["template"]["spec"];
    ensure!(pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", "{pod}");
    ensure!(pod["containers"][0]["securityContext"]["capabilities"] == json!({"drop": ["ALL"]}), "{pod}");
    let spread = &pod["topologySpreadConstraints"][0];
    ensure!(spread["topologyKey"] == "topology.kubernetes.io/zone", "{spread}");
    let counted = &spread["labelSelector"]["matchLabels"];
    ensure!(counted == &deployment["spec"]["selector"]["matchLabels"], "{spread}");
    Ok(())
}

#[tokio::test]
async fn a_digest_wins_over_a_tag_and_workers_have_it_too() -> Result<()> {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let values = json!({"image": {"repository": "registry/docmill", "tag": "v1", "digest": digest}});
    let Some(text) = template_with(&values).await else { return Ok(()) };
    let pod = pod(&text.expect_ok("helm template")?)?;
    let container = &pod["containers"][0];
    let image = format!("registry/docmill@{digest}");
    ensure!(container["image"] == image, "{container}");
    let worker = json!({"name": "DOCMILL_WORKER_IMAGE", "value": image});
    ensure!(container["env"].as_array().is_some_and(|env| env.contains(&worker)), "{container}");
    Ok(())
}

#[tokio::test]
async fn the_platform_may_assign_the_user() -> Result<()> {
    let none = "podSecurityContext.runAsUser=null,podSecurityContext.runAsGroup=null";
    let Some(text) = template(&["--set", none]).await else { return Ok(()) };
    let pod = pod(&text.expect_ok("helm template")?)?;
    let security = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    ensure!(pod["securityContext"] == security, "{pod}");
    Ok(())
}

#[tokio::test]
async fn what_is_set_for_the_operator_is_in_its_deployment() -> Result<()> {
    let spread = json!({
        "maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {},
    });
    let volume = json!({"name": "ca", "secret": {"secretName": "ca"}});
    let mount = json!({"name": "ca", "mountPath": "/etc/ca"});
    let values = json!({
        "replicaCount": 3,
        "revisionHistoryLimit": 2,
        "updateStrategy": {"type": "Recreate"},
        "terminationGracePeriodSeconds": 60,
        "hostNetwork": true,
        "dnsConfig": {"searches": ["example.com"]},
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["es"]}],
        "runtimeClassName": "gvisor",
        "topologySpreadConstraints": [&spread],
        "podSecurityContext": {"fsGroup": 2000},
        "containerSecurityContext": {"privileged": false},
        "worker": {"max": 7},
        "extraArgs": ["--new=\"1\""],
        "extraEnv": [{"name": "RUST_BACKTRACE", "value": "1"}],
        "extraEnvFrom": [{"configMapRef": {"name": "proxy"}}],
        "extraVolumes": [&volume],
        "extraVolumeMounts": [&mount],
        "metrics": {"certificateSecret": "metrics-tls"},
    });
    let Some(text) = template_with(&values).await else { return Ok(()) };
    let deployment: Value =
        serde_saphyr::from_str(&document(&text.expect_ok("helm template")?, "Deployment")?)?;
    let spec = &deployment["spec"];
    ensure!(spec["replicas"] == 3 && spec["revisionHistoryLimit"] == 2, "{spec}");
    ensure!(spec["strategy"] == json!({"type": "Recreate"}), "{spec}");
    let pod = &spec["template"]["spec"];
    for (place, value) in [
        ("/terminationGracePeriodSeconds", json!(60)),
        ("/hostNetwork", json!(true)),
        ("/dnsPolicy", json!("ClusterFirstWithHostNet")),
        ("/dnsConfig/searches/0", json!("example.com")),
        ("/hostAliases/0/hostnames/0", json!("es")),
        ("/runtimeClassName", json!("gvisor")),
        ("/topologySpreadConstraints", json!([spread])),
        ("/securityContext/fsGroup", json!(2000)),
        ("/securityContext/runAsNonRoot", json!(true)),
        ("/volumes/1", volume),
        ("/containers/0/securityContext/privileged", json!(false)),
        ("/containers/0/envFrom/0/configMapRef/name", json!("proxy")),
        ("/containers/0/volumeMounts/1", mount),
    ] {
        ensure!(pod.pointer(place) == Some(&value), "{place} is not {value} in\n{pod}");
    }
    let container = &pod["containers"][0];
    let has = |list: &str, item: Value| container[list].as_array().is_some_and(|all| all.contains(&item));
    ensure!(has("args", json!("--new=\"1\"")) && has("args", json!("--max-workers=7")), "{container}");
    ensure!(has("env", json!({"name": "RUST_BACKTRACE", "value": "1"})), "{container}");
    Ok(())
}

#[tokio::test]
async fn common_labels_are_on_every_object_and_in_no_selector() -> Result<()> {
    let values = json!({
        "commonLabels": {"cost": "news", "app.kubernetes.io/name": "other"},
        "commonAnnotations": {"owner": "news@example.com"},
        "podLabels": {"tier": "back"},
        "podAnnotations": {"seen": "yes"},
        "networkPolicy": {"enabled": true, "workerNamespaces": ["news"]},
        "metrics": {
            "monitors": {"enabled": true}, "rules": {"enabled": true}, "dashboards": {"enabled": true},
        },
    });
    let Some(text) = template_with(&values).await else { return Ok(()) };
    let text = text.expect_ok("helm template")?;
    let objects: Vec<&str> = text.split("\n---\n").filter(|object| object.contains("\nkind: ")).collect();
    ensure!(objects.len() > 15, "{} objects", objects.len());
    for object in objects {
        for line in ["\n    cost: news\n", "\n    owner: news@example.com\n"] {
            ensure!(object.contains(line), "{line:?} is missing in\n{object}");
        }
        ensure!(!object.contains("app.kubernetes.io/name: other"), "{object}");
    }
    let deployment: Value = serde_saphyr::from_str(&document(&text, "Deployment")?)?;
    let metadata = &deployment["spec"]["template"]["metadata"];
    ensure!(metadata["labels"]["cost"] == "news" && metadata["labels"]["tier"] == "back", "{metadata}");
    let annotations = &metadata["annotations"];
    ensure!(annotations["owner"] == "news@example.com" && annotations["seen"] == "yes", "{metadata}");
    let selector = json!({
        "app.kubernetes.io/name": "docmill",
        "app.kubernetes.io/instance": "docmill",
        "app.kubernetes.io/component": "operator",
    });
    ensure!(deployment["spec"]["selector"]["matchLabels"] == selector, "{deployment}");
    Ok(())
}

#[tokio::test]
async fn names_follow_the_release_unless_they_are_overridden() -> Result<()> {
    for (setting, name, label) in [
        ("replicaCount=2", "docmill-operator", "docmill"),
        ("nameOverride=wires", "docmill-wires-operator", "wires"),
        ("fullnameOverride=wires", "wires-operator", "docmill"),
    ] {
        let Some(text) = template(&["--set", setting]).await else { return Ok(()) };
        let deployment: Value =
            serde_saphyr::from_str(&document(&text.expect_ok("helm template")?, "Deployment")?)?;
        ensure!(deployment["metadata"]["name"] == name, "{setting}: {deployment}");
        let selector = &deployment["spec"]["selector"]["matchLabels"];
        ensure!(selector["app.kubernetes.io/name"] == label, "{setting}: {selector}");
    }
    Ok(())
}

#[tokio::test]
async fn service_account_and_roles_can_come_from_elsewhere() -> Result<()> {
    let own = json!({
        "serviceAccount": {"create": false, "name": "own", "automount": false},
        "rbac": {"aggregateRoles": false},
    });
    let (Some(without), Some(own), Some(default)) = (
        template(&["--set", "rbac.create=false"]).await,
        template_with(&own).await,
        template(&["--set", "serviceAccount.annotations.role=reader"]).await,
    ) else {
        return Ok(());
    };
    let (without, own) = (without.expect_ok("helm template")?, own.expect_ok("helm template")?);
    let default = default.expect_ok("helm template")?;
    for kind in ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"] {
        ensure!(document(&without, kind).is_err(), "{kind} with rbac.create=false");
    }
    ensure!(document(&own, "ServiceAccount").is_err());
    let pod = pod(&own)?;
    ensure!(pod["serviceAccountName"] == "own" && pod["automountServiceAccountToken"] == false, "{pod}");
    for kind in ["ClusterRoleBinding", "RoleBinding"] {
        let binding: Value = serde_saphyr::from_str(&document(&own, kind)?)?;
        ensure!(binding["subjects"][0]["name"] == "own", "{binding}");
    }
    ensure!(own.contains("name: docmill-edit") && !own.contains("/aggregate-to-"));
    ensure!(default.matches("/aggregate-to-").count() == 3);
    let account: Value = serde_saphyr::from_str(&document(&default, "ServiceAccount")?)?;
    ensure!(account["metadata"]["annotations"]["role"] == "reader", "{account}");
    Ok(())
}

#[tokio::test]
async fn extra_objects_are_templates() -> Result<()> {
    let values = json!({"recordsAPI": {"enabled": false}, "extraObjects": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-extra"}},
        "apiVersion: v1\nkind: Secret\nmetadata: {namespace: {{ .Release.Namespace }}}",
    ]});
    let Some(text) = template_with(&values).await else { return Ok(()) };
    let text = text.expect_ok("helm template")?;
    let object: Value = serde_saphyr::from_str(&document(&text, "ConfigMap")?)?;
    ensure!(object["metadata"]["name"] == "docmill-extra", "{object}");
    let written: Value = serde_saphyr::from_str(&document(&text, "Secret")?)?;
    ensure!(written["metadata"]["namespace"] == "docmill-system", "{written}");
    Ok(())
}

#[tokio::test]
async fn workers_run_as_another_user_or_as_the_cluster_says() -> Result<()> {
    for (setting, flag) in [
        ("worker.runAsUser=null", "--worker-run-as-user=none"),
        ("worker.runAsUser=1000660000", "--worker-run-as-user=1000660000"),
    ] {
        let Some(text) = template(&["--set", setting]).await else { return Ok(()) };
        let deployment = document(&text.expect_ok("helm template")?, "Deployment")?;
        ensure!(deployment.contains(flag), "the Deployment lacks {flag:?}:\n{deployment}");
    }
    Ok(())
}

#[tokio::test]
async fn the_definitions_are_those_of_the_types_and_outlive_the_release() -> Result<()> {
    let (Some(with), Some(without)) = (template(&[]).await, template(&["--set", "crds.install=false"]).await)
    else {
        return Ok(());
    };
    let with = with.expect_ok("helm template")?;
    for file in fs::read_dir(checkout("charts/docmill/files/crds"))? {
        let text = fs::read_to_string(file?.path())?;
        let name = text.lines().find_map(|line| line.strip_prefix("  name: ")).context("no name")?;
        let rendered = with.split("\n---\n").find(|one| one.contains(&format!("\n  name: {name}\n")));
        let rendered = rendered.with_context(|| format!("{name} is not rendered"))?;
        ensure!(rendered.contains("helm.sh/resource-policy: keep"), "{name} goes with the release");
        ensure!(
            rendered.matches("description:").count() == text.matches("description:").count(),
            "{name} lost text"
        );
    }
    ensure!(!without.expect_ok("helm template")?.contains("kind: CustomResourceDefinition"));
    Ok(())
}

#[tokio::test]
async fn the_operator_may_do_what_it_needs_and_no_more() -> Result<()> {
    let Some(text) = template(&[]).await else { return Ok(()) };
    let role = document(&text.expect_ok("helm template")?, "ClusterRole")?;
    ensure!(!role.contains('*'), "a wildcard in\n{role}");
    let secrets =
        role.split("- apiGroups").find(|rule| rule.contains("secrets")).context("no rule for secrets")?;
    ensure!(secrets.contains("verbs: [get]"), "more than get: {secrets}");
    Ok(())
}

#[tokio::test]
async fn who_may_edit_resources_may_not_write_connections_where_these_are_required() -> Result<()> {
    for (required, may_write) in [("true", false), ("false", true)] {
        let setting = format!("connections.required={required}");
        let Some(text) = template(&["--set", &setting]).await else { return Ok(()) };
        let text = text.expect_ok("helm template")?;
        let flag = format!("--require-connections={required}");
        ensure!(document(&text, "Deployment")?.contains(&flag), "the Deployment lacks {flag}");
        let edit = text.split("\n---\n").find(|one| one.contains("\n  name: docmill-edit\n"));
        let edit: Value = serde_saphyr::from_str(edit.context("no ClusterRole docmill-edit")?)?;
        let resources = edit["rules"][0]["resources"].as_array().context("no resources")?;
        ensure!(resources.contains(&json!("connections")) == may_write, "{required}: {resources:?}");
        ensure!(!resources.contains(&json!("clusterconnections")), "{resources:?}");
    }
    Ok(())
}

#[tokio::test]
async fn metrics_are_for_those_who_may_read_them_unless_that_is_switched_off() -> Result<()> {
    let monitored = "metrics.monitors.enabled=true";
    let plain = "metrics.monitors.enabled=true,metrics.secure=false";
    let own = "metrics.certificateSecret=metrics-tls";
    let (Some(secure), Some(plain), Some(own)) = (
        template(&["--set", monitored]).await,
        template(&["--set", plain]).await,
        template(&["--set", own]).await,
    ) else {
        return Ok(());
    };
    let (secure, plain) = (secure.expect_ok("helm template")?, plain.expect_ok("helm template")?);
    for line in ["containerPort: 8443", "--metrics-secure=true", "path: /readyz, port: health"] {
        ensure!(document(&secure, "Deployment")?.contains(line), "the Deployment lacks {line:?}");
    }
    ensure!(document(&secure, "ServiceMonitor")?.contains("scheme: https"));
    ensure!(secure.contains("docmill-metrics-reader") && secure.contains("tokenreviews"));
    ensure!(!plain.contains("metrics-reader") && !plain.contains("tokenreviews"));
    ensure!(!document(&plain, "ServiceMonitor")?.contains("https"));
    let deployment: Value =
        serde_saphyr::from_str(&document(&own.expect_ok("helm template")?, "Deployment")?)?;
    let pod = &deployment["spec"]["template"]["spec"];
    ensure!(pod["volumes"][0]["secret"]["secretName"] == "metrics-tls", "{pod}");
    ensure!(pod["containers"][0]["volumeMounts"][0]["mountPath"] == "/etc/docmill/metrics", "{pod}");
    Ok(())
}

#[tokio::test]
async fn network_policies_let_in_who_reads_metrics_and_the_operator() -> Result<()> {
    let values = "networkPolicy.enabled=true,networkPolicy.workerNamespaces={news,sport}";
    let (Some(without), Some(with)) = (template(&[]).await, template(&["--set", values]).await) else {
        return Ok(());
    };
    ensure!(document(&without.expect_ok("helm template")?, "NetworkPolicy").is_err());
    let text = with.expect_ok("helm template")?;
    let of = |namespace: &str| {
        let place = format!("\n  namespace: {namespace}\n");
        text.split("\n---\n").find(|one| one.contains("kind: NetworkPolicy") && one.contains(&place))
    };
    for namespace in ["docmill-system", "news", "sport"] {
        let policy: Value =
            serde_saphyr::from_str(of(namespace).with_context(|| format!("none in {namespace}"))?)?;
        ensure!(policy["spec"]["policyTypes"] == serde_json::json!(["Ingress"]), "{policy}");
        let from = policy["spec"]["ingress"][0]["from"].as_array().context("from nowhere")?;
        let operator = from
            .iter()
            .any(|peer| peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "operator");
        ensure!(operator == (namespace != "docmill-system"), "{policy}");
        ensure!(policy["spec"]["ingress"][0]["ports"][0]["port"] == "metrics", "{policy}");
    }
    Ok(())
}

#[tokio::test]
async fn wrong_values_are_refused_by_name() -> Result<()> {
    for (setting, field) in [
        ("replicaCount=0", "replicaCount"),
        ("replicas=2", "replicas"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("crds.instal=true", "instal"),
        ("worker.max=0", "max"),
        ("workers.max=5", "workers"),
        ("image.digest=latest", "digest"),
        ("serviceAccount.create=false", "name"),
        ("podSecurityContext.runAsuser=1000", "runAsuser"),
        ("updateStrategy.type=OnDelete", "updateStrategy"),
        ("extraArgs=--a", "extraArgs"),
        ("metrics.service.ipFamilies={IPv5}", "ipFamilies"),
        ("metrics.rules.disabled={DocmillSleeps}", "disabled"),
        ("logs.format=xml", "format"),
        ("podTemplate.labels={a b}", "labels"),
        ("connections.required=yes", "required"),
        ("podTemplate.volumes={hostPath}", "volumes"),
        ("podTemplate.fields={hostNetwork}", "fields"),
        ("worker.runAsUser=0", "runAsUser"),
        ("metrics.rules.throttledFor=soon", "throttledFor"),
        ("helmTest.timeoutSeconds=0", "timeoutSeconds"),
        ("console.rights=Admin", "rights"),
        ("console.url=https://docmill.example.com/console", "url"),
        ("console.proxy.port=8001", "port"),
    ] {
        let Some(finished) = template(&["--set", setting]).await else { return Ok(()) };
        ensure!(!finished.ok && finished.stderr.contains(field), "{setting}: {}", finished.stderr);
    }
    Ok(())
}

#[tokio::test]
async fn what_prometheus_and_grafana_need_is_there_when_it_is_asked_for() -> Result<()> {
    const KINDS: [&str; 4] = ["ServiceMonitor", "PodMonitor", "PrometheusRule", "ConfigMap"];
    let all = "metrics.monitors.enabled=true,metrics.rules.enabled=true,metrics.dashboards.enabled=true";
    let (Some(without), Some(with)) = (template(&[]).await, template(&["--set", all]).await) else {
        return Ok(());
    };
    let (without, with) = (without.expect_ok("helm template")?, with.expect_ok("helm template")?);
    for kind in KINDS {
        ensure!(document(&without, kind).is_err(), "{kind} without being asked for");
        document(&with, kind)?;
    }
    let dashboard: Value = serde_saphyr::from_str(&document(&with, "ConfigMap")?)?;
    ensure!(dashboard["metadata"]["labels"]["grafana_dashboard"] == "1");
    let panels: Value = serde_json::from_str(dashboard["data"]["docmill.json"].as_str().context("no JSON")?)?;
    ensure!(panels["panels"].as_array().is_some_and(|panels| panels.len() > 10), "{panels}");
    Ok(())
}

#[tokio::test]
async fn monitors_scrape_as_they_are_told_and_are_where_they_are_told() -> Result<()> {
    let relabelings = json!([{"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}]);
    let dropped = json!([{"action": "drop", "sourceLabels": ["__name__"], "regex": "process_.*"}]);
    let placed = json!({"enabled": true, "namespace": "monitoring", "annotations": {"tool": "argo"}});
    let mut monitors = placed.clone();
    monitors["interval"] = json!("30s");
    monitors["scrapeTimeout"] = json!("20s");
    monitors["relabelings"] = relabelings.clone();
    monitors["metricRelabelings"] = dropped.clone();
    let mut dashboards = placed.clone();
    dashboards["folder"] = json!("News feeds");
    let values = json!({"metrics": {"monitors": monitors, "rules": placed, "dashboards": dashboards}});
    let Some(text) = template_with(&values).await else { return Ok(()) };
    let text = text.expect_ok("helm template")?;
    for kind in ["ServiceMonitor", "PodMonitor", "PrometheusRule", "ConfigMap"] {
        let object: Value = serde_saphyr::from_str(&document(&text, kind)?)?;
        let metadata = &object["metadata"];
        ensure!(metadata["namespace"] == "monitoring", "{metadata}");
        ensure!(metadata["annotations"]["tool"] == "argo", "{metadata}");
        ensure!(
            kind != "ConfigMap" || metadata["annotations"]["grafana_folder"] == "News feeds",
            "{metadata}"
        );
    }
    for (kind, endpoints) in [("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")] {
        let monitor: Value = serde_saphyr::from_str(&document(&text, kind)?)?;
        let endpoint = &monitor["spec"][endpoints][0];
        ensure!(endpoint["interval"] == "30s" && endpoint["scrapeTimeout"] == "20s", "{endpoint}");
        ensure!(endpoint["honorLabels"] == true, "{endpoint}");
        ensure!(endpoint["relabelings"] == relabelings, "{endpoint}");
        ensure!(endpoint["metricRelabelings"] == dropped, "{endpoint}");
    }
    let monitor: Value = serde_saphyr::from_str(&document(&text, "ServiceMonitor")?)?;
    let namespaces = &monitor["spec"]["namespaceSelector"]["matchNames"];
    ensure!(namespaces == &json!(["docmill-system"]), "{monitor}");
    Ok(())
}

#[tokio::test]
async fn the_metrics_service_has_the_families_it_is_given() -> Result<()> {
    let dual = "metrics.service.ipFamilyPolicy=RequireDualStack,metrics.service.ipFamilies={IPv6,IPv4}";
    let (Some(default), Some(dual)) = (template(&[]).await, template(&["--set", dual]).await) else {
        return Ok(());
    };
    let (default, dual) = (default.expect_ok("helm template")?, dual.expect_ok("helm template")?);
    let service: Value = serde_saphyr::from_str(&document(&dual, "Service")?)?;
    ensure!(service["spec"]["ipFamilyPolicy"] == "RequireDualStack", "{service}");
    ensure!(service["spec"]["ipFamilies"] == json!(["IPv6", "IPv4"]), "{service}");
    ensure!(!document(&default, "Service")?.contains("ipFamil"));
    let deployment = document(&default, "Deployment")?;
    for (flag, port) in [("metrics", 8443), ("health", 8081)] {
        let argument = format!("\"--{flag}-address=[::]:{port}\"");
        ensure!(deployment.contains(&argument), "{argument} is missing in\n{deployment}");
    }
    Ok(())
}

#[tokio::test]
async fn alerts_can_be_left_out_and_labelled() -> Result<()> {
    let values = json!({"metrics": {"rules": {
        "enabled": true,
        "disabled": ["DocmillSourceLags", "DocmillNoOperatorLeads", "DocmillReconcilesFail"],
        "alertLabels": {"team": "news", "severity": "none"},
        "runbookUrl": "https://example.com/",
    }}});
    let (Some(all), Some(some)) =
        (template(&["--set", "metrics.rules.enabled=true"]).await, template_with(&values).await)
    else {
        return Ok(());
    };
    let (all, some) = (all.expect_ok("helm template")?, some.expect_ok("helm template")?);
    let (all, some) = (alerts(&all)?, alerts(&some)?);
    ensure!(some.len() + 3 == all.len(), "{} of {} alerts", some.len(), all.len());
    for alert in some {
        let name = alert["alert"].as_str().context("no name")?;
        ensure!(name != "DocmillSourceLags");
        let labels = &alert["labels"];
        ensure!(labels["team"] == "news" && labels["severity"] != "none", "{alert}");
        let runbook = format!("https://example.com/{}", name.to_lowercase());
        ensure!(alert["annotations"]["runbook_url"] == runbook, "{alert}");
    }
    Ok(())
}

#[tokio::test]
async fn every_alert_has_the_namespace_that_it_is_about() -> Result<()> {
    let arguments = ["--namespace", "tools", "--set", "metrics.rules.enabled=true"];
    let Some(text) = template(&arguments).await else { return Ok(()) };
    for alert in alerts(&text.expect_ok("helm template")?)? {
        let expression = alert["expr"].as_str().context("no expression")?;
        let told = expression.contains("by (namespace") || alert["labels"]["namespace"] == "tools";
        ensure!(told, "several releases cannot be told apart by {alert}");
        let summary = alert["annotations"]["summary"].as_str().context("no summary")?;
        ensure!(summary.contains("$labels.namespace") || summary.ends_with("in tools"), "{summary}");
    }
    Ok(())
}

/// The reasons of conditions that an expression of Prometheus names.
fn reasons_in(expression: &str) -> impl Iterator<Item = &str> {
    let after = expression.split("reason").skip(1);
    let quoted = after.filter_map(|rest| rest.trim_start_matches(['!', '=', '~']).strip_prefix('"'));
    quoted.filter_map(|rest| rest.split('"').next()).flat_map(|reasons| reasons.split('|'))
}

#[tokio::test]
async fn alerts_know_the_reasons_of_conditions() -> Result<()> {
    let Some(text) = template(&["--set", "metrics.rules.enabled=true"]).await else { return Ok(()) };
    let page = fs::read_to_string(checkout("docs/reference/conditions.md"))?;
    let mut named = BTreeSet::new();
    for alert in alerts(&text.expect_ok("helm template")?)? {
        let name = alert["alert"].as_str().context("no name")?;
        let expression = alert["expr"].as_str().context("no expression")?;
        for reason in reasons_in(expression) {
            ensure!(page.contains(&format!("| `{reason}` |")), "{name} names {reason}");
            named.insert(format!("{name} {reason}"));
        }
    }
    // A run that waits for another one is as it should be. The time of a schedule goes on while a run holds it up.
    for (alert, reason) in [
        ("DocmillRunNotReady", "OtherRunAtWork"),
        ("DocmillRunNotReady", "ForgetInProgress"),
        ("DocmillScheduleLate", "AlreadyActive"),
    ] {
        ensure!(named.contains(&format!("{alert} {reason}")), "{alert} does not know {reason}: {named:?}");
    }
    Ok(())
}

#[tokio::test]
async fn every_alert_has_a_runbook_and_can_be_disabled() -> Result<()> {
    let Some(text) = template(&["--set", "metrics.rules.enabled=true"]).await else { return Ok(()) };
    let alerts = alerts(&text.expect_ok("helm template")?)?;
    let names: BTreeSet<&str> = alerts.iter().filter_map(|alert| alert["alert"].as_str()).collect();
    let page = fs::read_to_string(checkout("docs/operations/runbooks.md"))?;
    let sections: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    ensure!(sections == names, "runbooks for {sections:?}, alerts {names:?}");
    for section in page.split("\n## ").skip(1) {
        for part in ["**What it means.**", "**What to look at first.**", "**What to do.**"] {
            ensure!(section.contains(part), "{part} is missing in\n{section}");
        }
    }
    let schema: Value = serde_json::from_str(&fs::read_to_string(checkout(SCHEMA))?)?;
    let listed = schema.pointer("/properties/metrics/properties/rules/properties/disabled/items/enum");
    let listed = listed.and_then(Value::as_array).context("no list of alerts in the schema")?;
    let listed: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
    ensure!(listed == names, "the schema lists {listed:?}, alerts are {names:?}");
    for alert in &alerts {
        let runbook = alert["annotations"]["runbook_url"].as_str().context("no runbook_url")?;
        let name = alert["alert"].as_str().context("no name")?;
        ensure!(runbook.ends_with(&format!("runbooks.html#{}", name.to_lowercase())), "{runbook}");
    }
    Ok(())
}

#[test]
fn every_value_has_a_comment_that_the_schema_repeats() -> Result<()> {
    let comments = comments(&fs::read_to_string(checkout("charts/docmill/values.yaml"))?);
    let schema: Value = serde_json::from_str(&fs::read_to_string(checkout(SCHEMA))?)?;
    let mut described = BTreeMap::new();
    describe(&schema, "", &mut described);
    // What Helm adds to the values of every chart.
    described.remove("global");
    ensure!(comments.len() > 50, "{} comments", comments.len());
    let paths: BTreeSet<&String> = comments.keys().chain(described.keys()).collect();
    let different: Vec<_> =
        paths.into_iter().filter(|path| comments.get(*path) != described.get(*path)).collect();
    ensure!(different.is_empty(), "values.yaml and its schema do not say the same of {different:?}");
    Ok(())
}

#[test]
fn what_the_chart_says_of_itself_is_true() -> Result<()> {
    let read = |path: &str| fs::read_to_string(checkout("charts/docmill").join(path));
    let chart: Value = serde_saphyr::from_str(&read("Chart.yaml")?)?;
    let icon = format!("data:image/svg+xml;base64,{}", STANDARD.encode(read("icon.svg")?));
    ensure!(chart["icon"] == icon, "the icon of Chart.yaml is not icon.svg");
    let list = |annotation: &str| -> Result<Vec<Value>> {
        let text = chart["annotations"][format!("artifacthub.io/{annotation}")].as_str();
        Ok(serde_saphyr::from_str(text.with_context(|| format!("no {annotation}"))?)?)
    };
    let mut kinds = BTreeSet::new();
    for crd in list("crds")? {
        let name = crd["name"].as_str().context("no name")?;
        let (plural, _) = name.split_once('.').context("no group")?;
        let text = read(&format!("files/crds/{plural}.yaml"))?;
        let kind = crd["kind"].as_str().context("no kind")?;
        ensure!(text.contains(&format!("\n    kind: {kind}\n")), "{plural} is not {kind}");
        let version = crd["version"].as_str().context("no version")?;
        ensure!(text.contains(&format!("\n    name: {version}\n")), "{plural} has no {version}");
        kinds.insert(kind.to_owned());
    }
    ensure!(fs::read_dir(checkout("charts/docmill/files/crds"))?.count() == kinds.len(), "{kinds:?}");
    let mut samples = Vec::new();
    for file in fs::read_dir(checkout("charts/docmill/samples"))? {
        samples.push(serde_saphyr::from_str::<Value>(&fs::read_to_string(file?.path())?)?);
    }
    for example in list("crdsExamples")? {
        ensure!(samples.contains(&example), "no sample is\n{example}");
        kinds.remove(example["kind"].as_str().context("no kind")?);
    }
    ensure!(kinds.is_empty(), "kinds without an example: {kinds:?}");
    Ok(())
}

#[tokio::test]
async fn alerts_and_panels_name_only_metrics_that_there_are() -> Result<()> {
    let Some(text) = template(&["--set", "metrics.rules.enabled=true"]).await else { return Ok(()) };
    let rules = alerts(&text.expect_ok("helm template")?)?;
    ensure!(rules.len() >= 5, "{} alerts", rules.len());
    for rule in &rules {
        let told = ["summary", "description"].iter().all(|field| rule["annotations"][field].is_string());
        ensure!(told && rule["for"].is_string() && rule["labels"]["severity"].is_string(), "{rule}");
    }
    let sources = metric_sources()?;
    let panels = fs::read_to_string(checkout("charts/docmill/files/dashboards/docmill.json"))?;
    let used = rules.iter().filter_map(|rule| rule["expr"].as_str()).chain([panels.as_str()]);
    let unknown: Vec<_> =
        used.flat_map(metrics_in).filter(|metric| !is_registered(metric, &sources)).collect();
    ensure!(unknown.is_empty(), "used, and not registered: {unknown:?}");
    Ok(())
}

/// The alerts of a release.
fn alerts(text: &str) -> Result<Vec<Value>> {
    let rules: Value = serde_saphyr::from_str(&document(text, "PrometheusRule")?)?;
    let groups = rules["spec"]["groups"].as_array().context("no groups")?;
    Ok(groups.iter().filter_map(|group| group["rules"].as_array()).flatten().cloned().collect())
}

/// The pod template of the operator.
fn pod(text: &str) -> Result<Value> {
    let deployment: Value = serde_saphyr::from_str(&document(text, "Deployment")?)?;
    Ok(deployment["spec"]["template"]["spec"].clone())
}

/// The comments `# -- …` of values.yaml, by the path of the key below.
pub(crate) fn comments(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in text.lines() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        if let Some(first) = body.strip_prefix("# -- ") {
            comment = vec![first];
            continue;
        }
        if let Some(more) = body.strip_prefix("# ").filter(|_| !comment.is_empty()) {
            comment.push(more);
            continue;
        }
        let key = body.split(':').next().unwrap_or_default();
        if key.len() < body.len() && key.chars().all(|c| c.is_ascii_alphanumeric()) {
            path.retain(|(at, _)| *at < indent);
            path.push((indent, key));
            if !comment.is_empty() {
                let keys: Vec<&str> = path.iter().map(|(_, key)| *key).collect();
                found.insert(keys.join("."), comment.join(" "));
            }
        }
        comment.clear();
    }
    found
}

/// The descriptions of a schema, by the paths of the values.
pub(crate) fn describe(schema: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match property["description"].as_str() {
            Some(description) => drop(found.insert(path, description.to_owned())),
            None if property["properties"].is_object() => describe(property, &path, found),
            None => drop(found.insert(path, String::new())),
        }
    }
}

/// The code that registers metrics.
pub(crate) fn metric_sources() -> Result<String> {
    let sources = [
        "operator/src/telemetry/metrics.rs",
        "operator/src/telemetry/metrics/models.rs",
        "operator/src/telemetry/metrics/runs.rs",
        "operator/src/telemetry/metrics/schedules.rs",
        "operator/src/telemetry/metrics/connections.rs",
        "operator/src/telemetry/metrics/sources.rs",
        "job-runner/src/telemetry/metrics.rs",
    ];
    let texts: std::io::Result<String> =
        sources.iter().map(|path| fs::read_to_string(checkout(path))).collect();
    texts.context("the code that registers metrics")
}

/// The names of Docmill's metrics in a text.
pub(crate) fn metrics_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let parts = [
        "source",
        "worker",
        "operator",
        "ingest_run",
        "enrichment_run",
        "ingest_schedule",
        "enrichment_schedule",
        "conversion_model",
        "connection",
        "cluster_connection",
    ];
    words.filter(move |word| parts.iter().any(|part| word.starts_with(&format!("docmill_{part}_"))))
}

/// Whether the code has the name: without its prefix where a registry adds it, and without what the text form adds.
pub(crate) fn is_registered(metric: &str, sources: &str) -> bool {
    let suffixes = [
        "",
        "_total",
        "_bucket",
        "_sum",
        "_count",
        "_seconds",
        "_seconds_bucket",
        "_bytes",
        "_bytes_sum",
        "_bytes_count",
        "_bytes_total",
        "_info",
    ];
    suffixes.iter().filter_map(|suffix| metric.strip_suffix(suffix)).any(|name| {
        let short = name.trim_start_matches("docmill_worker_").trim_start_matches("docmill_operator_");
        sources.contains(&format!("\"{short}\""))
    })
}

/// The first document of a kind.
fn document(text: &str, kind: &str) -> Result<String> {
    let mut documents = text.split("\n---\n");
    let found = documents.find(|document| document.lines().any(|line| line == format!("kind: {kind}")));
    found.map(str::to_owned).with_context(|| format!("no {kind} in\n{text}"))
}
