//! The chart's templates, without a cluster.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use e2e::command;
use e2e::install::checkout;
use serde_json::Value;

const KUBERNETES: &str = "1.31.0";

/// Calls Helm; `None` where there is none.
async fn helm(arguments: &[&str]) -> Option<command::Finished> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let finished = command::run("helm", &arguments, None).await;
    if finished.is_err() {
        println!("skipped: there is no helm on the PATH (eval \"$(cargo testbed env)\" puts it there)");
    }
    finished.ok()
}

async fn template(settings: &[&str]) -> Option<command::Finished> {
    let chart = checkout("charts/docmill").display().to_string();
    let call = ["template", "docmill", &chart, "--namespace", "docmill-system", "--kube-version", KUBERNETES];
    helm(&[&call, settings].concat()).await
}

#[tokio::test]
async fn the_chart_has_no_lint() -> Result<()> {
    let chart = checkout("charts/docmill").display().to_string();
    let Some(lint) = helm(&["lint", "--strict", "--kube-version", KUBERNETES, &chart]).await else {
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
        "capabilities: {drop: [ALL]}",
        "seccompProfile: {type: RuntimeDefault}",
        "path: /healthz",
        "path: /readyz",
        "--max-workers=100",
        "--retention-interval-seconds=300",
        "--retention-grace-seconds=600",
        "--log-format=json",
        "--marked-secrets-only=true",
        "\"--own-identity-namespaces=\"",
        "\"--pod-priority-classes=\"",
        "--worker-run-as-user=65532",
        "\"--pod-volumes=configMap,secret,emptyDir,projected\"",
        "\"--pod-fields=\"",
    ] {
        ensure!(deployment.contains(line), "the Deployment lacks {line:?}:\n{deployment}");
    }
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
        ("replicas=0", "replicas"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("crds.instal=true", "instal"),
        ("workers.max=0", "max"),
        ("logs.format=xml", "format"),
        ("podTemplate.labels={a b}", "labels"),
        ("podTemplate.volumes={hostPath}", "volumes"),
        ("podTemplate.fields={hostNetwork}", "fields"),
        ("worker.runAsUser=0", "runAsUser"),
        ("metrics.rules.throttledFor=soon", "throttledFor"),
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
async fn alerts_and_panels_name_only_metrics_that_there_are() -> Result<()> {
    let Some(text) = template(&["--set", "metrics.rules.enabled=true"]).await else { return Ok(()) };
    let rules: Value =
        serde_saphyr::from_str(&document(&text.expect_ok("helm template")?, "PrometheusRule")?)?;
    let groups = rules["spec"]["groups"].as_array().context("no groups")?;
    let rules: Vec<&Value> = groups.iter().filter_map(|group| group["rules"].as_array()).flatten().collect();
    ensure!(rules.len() >= 5, "{} alerts", rules.len());
    for rule in &rules {
        let told = ["summary", "description"].iter().all(|field| rule["annotations"][field].is_string());
        ensure!(told && rule["for"].is_string() && rule["labels"]["severity"].is_string(), "{rule}");
    }
    let sources = [
        "operator/src/telemetry/metrics.rs",
        "operator/src/telemetry/metrics/runs.rs",
        "operator/src/telemetry/metrics/schedules.rs",
        "operator/src/telemetry/metrics/sources.rs",
        "job-runner/src/telemetry/metrics.rs",
    ];
    let sources: String =
        sources.iter().map(|path| fs::read_to_string(checkout(path))).collect::<Result<_, _>>()?;
    let panels = fs::read_to_string(checkout("charts/docmill/files/dashboards/docmill.json"))?;
    let used = rules.iter().filter_map(|rule| rule["expr"].as_str()).chain([panels.as_str()]);
    let unknown: Vec<_> =
        used.flat_map(metrics_in).filter(|metric| !is_registered(metric, &sources)).collect();
    ensure!(unknown.is_empty(), "used, and not registered: {unknown:?}");
    Ok(())
}

/// The names of metrics in a text.
fn metrics_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let parts = ["source", "worker", "operator", "ingest_run", "enrichment_run", "enrichment_schedule"];
    words.filter(move |word| parts.iter().any(|part| word.starts_with(&format!("docmill_{part}_"))))
}

/// Whether the code has the name: without its prefix where a registry adds it, and without what the text form adds.
fn is_registered(metric: &str, sources: &str) -> bool {
    let suffixes = [
        "",
        "_total",
        "_bucket",
        "_sum",
        "_count",
        "_seconds_bucket",
        "_bytes_sum",
        "_bytes_count",
        "_bytes_total",
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
