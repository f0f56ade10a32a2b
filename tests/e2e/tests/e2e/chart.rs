//! The chart's templates, without a cluster.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use e2e::command;
use e2e::install::checkout;

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
    ] {
        ensure!(deployment.contains(line), "the Deployment lacks {line:?}:\n{deployment}");
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
async fn wrong_values_are_refused_by_name() -> Result<()> {
    for (setting, field) in [
        ("replicas=0", "replicas"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("crds.instal=true", "instal"),
        ("workers.max=3", "workers"),
    ] {
        let Some(finished) = template(&["--set", setting]).await else { return Ok(()) };
        ensure!(!finished.ok && finished.stderr.contains(field), "{setting}: {}", finished.stderr);
    }
    Ok(())
}

/// The first document of a kind.
fn document(text: &str, kind: &str) -> Result<String> {
    let mut documents = text.split("\n---\n");
    let found = documents.find(|document| document.lines().any(|line| line == format!("kind: {kind}")));
    found.map(str::to_owned).with_context(|| format!("no {kind} in\n{text}"))
}
