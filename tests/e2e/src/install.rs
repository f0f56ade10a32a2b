//! The product in the cluster: installed once by Helm, from the chart of this checkout.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tokio::sync::OnceCell;

use super::cluster::Cluster;
use super::env::Env;

/// Namespace of the operator.
pub const NAMESPACE: &str = "docmill-system";
/// Name of the Helm release.
pub const RELEASE: &str = "docmill";
/// A namespace that this release ignores, for a test that installs a release of its own.
pub const IGNORED: &str = "e2e-own";
/// Selects the operator's pods.
pub const SELECTOR: &str = "app.kubernetes.io/name=docmill,app.kubernetes.io/component=operator";

/// How long the operator may take to come or go.
const LIMIT: &str = "--timeout=180s";

static INSTALLED: OnceCell<()> = OnceCell::const_new();

/// A path of this checkout.
pub fn checkout(path: &str) -> PathBuf {
    // What cargo says at run time counts more than what it said when this was compiled: the folder may have moved.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).join("../..").join(path)
}

/// Installs or upgrades the product and waits until the operator is ready; once a process.
pub async fn install(cluster: &Cluster, env: &Env) -> Result<()> {
    let settings = main_settings();
    INSTALLED.get_or_try_init(|| upgrade(cluster, env, NAMESPACE, &settings)).await.copied()
}

/// The settings of the main release.
pub fn main_settings() -> String {
    // The last variable lets a test stand in for AWS, which has no endpoint in a source.
    let env = "podTemplate.env={RUST_BACKTRACE,SSL_CERT_DIR,SSL_CERT_FILE,AWS_ENDPOINT_URL_S3}";
    format!("ignoreNamespaces={{{IGNORED}}},{env}")
}

/// Installs or upgrades the release of a namespace to this checkout, with these settings (as `helm --set` takes them), and
/// waits until its operator is ready.
pub async fn upgrade(cluster: &Cluster, env: &Env, namespace: &str, settings: &str) -> Result<()> {
    upgrade_to(cluster, (&checkout("charts/docmill"), &env.image), namespace, settings).await
}

/// The same to this chart and image.
pub async fn upgrade_to(
    cluster: &Cluster,
    (chart, image): (&Path, &str),
    namespace: &str,
    settings: &str,
) -> Result<()> {
    let (repository, tag) = image.rsplit_once(':').context("the image has no tag: write it as name:tag")?;
    let chart = chart.display().to_string();
    let (repository, tag) = (format!("image.repository={repository}"), format!("image.tag={tag}"));
    cluster
        .helm(&[
            "upgrade",
            RELEASE,
            &chart,
            "--install",
            "--namespace",
            namespace,
            "--create-namespace",
            // Tests read metrics through the API server, which takes the token off what it passes on.
            "--set",
            "metrics.secure=false",
            "--set-string",
            &repository,
            "--set-string",
            &tag,
            // So that a test sees what deleted runs left go.
            "--set",
            "retention.intervalSeconds=5,retention.graceSeconds=5",
            "--set",
            settings,
            "--wait",
            LIMIT,
        ])
        .await
        .map(drop)
}

/// Does something while no operator runs in the cluster.
pub async fn without_operator(cluster: &Cluster, something: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    let replicas = "jsonpath={.items[0].spec.replicas}";
    let get = ["get", "deployments", "--namespace", NAMESPACE, "--selector", SELECTOR, "--output", replicas];
    let replicas = cluster.kubectl(&get).await?;
    let result = async {
        scale(cluster, "0").await?;
        let gone = ["wait", "pods", "--for=delete", "--namespace", NAMESPACE, "--selector", SELECTOR, LIMIT];
        cluster.kubectl(&gone).await?;
        something().await
    };
    let result = result.await;
    let back = scale(cluster, &replicas).await;
    result.and(back)
}

async fn scale(cluster: &Cluster, replicas: &str) -> Result<()> {
    let replicas = format!("--replicas={replicas}");
    let scale = ["scale", "deployments", "--namespace", NAMESPACE, "--selector", SELECTOR, &replicas];
    cluster.kubectl(&scale).await?;
    let rollout =
        ["rollout", "status", "deployments", "--namespace", NAMESPACE, "--selector", SELECTOR, LIMIT];
    cluster.kubectl(&rollout).await.map(drop)
}

/// The operator's metrics, as Prometheus would read them.
pub async fn metrics(cluster: &Cluster) -> Result<String> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/services/{RELEASE}-metrics:8080/proxy/metrics");
    cluster.kubectl(&["get", "--raw", &path]).await
}

/// The metrics of the operator that leads: the others know of no source.
pub async fn leader_metrics(cluster: &Cluster) -> Result<String> {
    let leader = leader(cluster).await?;
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{leader}:8080/proxy/metrics");
    cluster.kubectl(&["get", "--raw", &path]).await
}

/// The operator's pod that leads, from its Lease.
pub async fn leader(cluster: &Cluster) -> Result<String> {
    let lease = format!("lease/{RELEASE}-operator");
    let holder = "jsonpath={.spec.holderIdentity}";
    cluster.kubectl(&["get", &lease, "--namespace", NAMESPACE, "--output", holder]).await
}
