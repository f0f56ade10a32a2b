//! What `helm uninstall` leaves of a release: the resources of its users, and the Lease that its operator created.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::cluster::{Cluster, Kind};
use e2e::install::{IGNORED, RELEASE};
use e2e::resources::SOURCE;
use e2e::wait::{Look, until};
use e2e::world::World;

/// Within how long what belonged to removed objects is gone too, such as the pods of a Deployment.
const GONE: Duration = Duration::from_mins(1);
/// Of each object: kind, namespace, name, and the namespace of the release that it is part of.
const COLUMNS: &str = r#"jsonpath={range .items[*]}{.kind} {.metadata.namespace} {.metadata.name} {.metadata.annotations.meta\.helm\.sh/release-namespace}{"\n"}{end}"#;

/// Uninstalls the release of the namespace [`IGNORED`] and looks for what is left of it.
pub(super) async fn leaves_only_what_is_the_users(world: &World) -> Result<()> {
    let cluster = &world.cluster;
    let kinds = kinds(cluster).await?;
    let installed = labelled(cluster, &kinds).await?;
    ensure!(installed.iter().any(|object| object.starts_with("Deployment ")), "no Deployment: {installed:?}");
    cluster.helm(&["uninstall", RELEASE, "--namespace", IGNORED, "--wait", "--timeout=60s"]).await?;
    until("nothing of the release is left", GONE, async || {
        let left = labelled(cluster, &kinds).await?;
        Ok(Look::holds(left.is_empty(), left.join(", ")))
    })
    .await?;
    let leases = cluster.kubectl(&["get", "leases", "--namespace", IGNORED, "--output=name"]).await?;
    ensure!(leases.trim() == format!("lease.coordination.k8s.io/{RELEASE}-operator"), "{leases}");
    cluster.get(Kind::IngestSource, &world.name, SOURCE).await.map(drop)
}

/// All kinds that can be listed, as kubectl takes them.
async fn kinds(cluster: &Cluster) -> Result<String> {
    let kinds = cluster.kubectl(&["api-resources", "--verbs=list", "--output=name"]).await?;
    // It is no object of the cluster, and asks the parts of the control plane.
    let kinds = kinds.lines().filter(|kind| *kind != "componentstatuses");
    Ok(kinds.collect::<Vec<_>>().join(","))
}

/// The objects with the label of the release, those of the release of the same name in another namespace left out.
async fn labelled(cluster: &Cluster, kinds: &str) -> Result<Vec<String>> {
    let selector = format!("app.kubernetes.io/instance={RELEASE}");
    let get = ["get", kinds, "--all-namespaces", "--selector", &selector, "--output", COLUMNS];
    let objects = cluster.kubectl(&get).await?;
    let of_the_release = objects.lines().filter(|object| object.split(' ').any(|word| word == IGNORED));
    Ok(of_the_release.map(str::to_owned).collect())
}
