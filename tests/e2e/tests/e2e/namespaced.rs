//! A release for one namespace, beside the release for the whole cluster: it works with Roles alone, and under an
//! admission policy that is as strict as `restricted-v2` of `OpenShift`. Nothing of it stays when it is uninstalled.

mod admission;
mod uninstall;

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::install::{self, IGNORED, RELEASE};
use e2e::resources::SOURCE;
use e2e::rights::held;
use e2e::wait::throughout;
use e2e::world::{self, World};

use super::doctor::examine::examine;
use super::rights::{ACCOUNT, NAMESPACED, OF_THE_CLUSTER, same};
use admission::{FIRST_USER, with_policy};
use uninstall::leaves_only_what_is_the_users;

/// Within how long a source is judged.
const JUDGED: Duration = Duration::from_secs(30);
/// For how long a source stays without a status that nobody works on; otherwise it has one within a second or two.
const ALONE: Duration = Duration::from_secs(4);

/// An image of a registry that does not answer.
const MISSING_IMAGE: &str = "localhost:9/missing:1";

#[tokio::test]
async fn a_release_for_one_namespace_works_with_roles_alone_and_with_assigned_users() -> Result<()> {
    world::run_ignored(async |world| with_policy(&world.cluster, IGNORED, async || work(world).await).await)
        .await
}

async fn work(world: &World) -> Result<()> {
    let source = (Kind::IngestSource, SOURCE);
    world.apply(&world.ingest_source(Form::Nitf)).await?;
    throughout(ALONE, async || {
        let source = world.cluster.get(source.0, &world.name, source.1).await?;
        ensure!(source["status"].is_null(), "the other release works on it: {}", source["status"]);
        Ok(())
    })
    .await?;
    // The operator has a user as the platform assigns it, and the workers' is left to the platform.
    let settings = format!(
        "watchNamespaces={{{IGNORED}}},crds.install=false,replicaCount=1,worker.runAsUser=null,\
         podSecurityContext.runAsUser={FIRST_USER},podSecurityContext.runAsGroup=0"
    );
    install::upgrade(&world.cluster, &world.env, IGNORED, &settings).await?;
    world.condition(source, "Ready", ("True", ""), JUDGED).await?;
    let corpus = Corpus::generated(&world.name, Form::Nitf, 1, 0);
    world.put(&corpus).await?;
    world.counted(1, 0).await?;
    world.no_workers().await?;
    world.audit_all(&corpus).await?;
    let account = (IGNORED, ACCOUNT);
    same(&held(&world.cluster, account, IGNORED).await?, NAMESPACED)?;
    for elsewhere in ["default", install::NAMESPACE] {
        let rights = held(&world.cluster, account, elsewhere).await?;
        ensure!(rights.is_empty(), "rights in {elsewhere}: {rights:?}");
    }
    let manifest = world.cluster.helm(&["get", "manifest", RELEASE, "--namespace", IGNORED]).await?;
    for part in OF_THE_CLUSTER {
        ensure!(!manifest.contains(part), "{part:?} in\n{manifest}");
    }
    a_missing_image_is_named(world, &settings).await?;
    leaves_only_what_is_the_users(world).await
}

/// The doctor says which image is missing, and which value of the chart names it.
async fn a_missing_image_is_named(world: &World, settings: &str) -> Result<()> {
    let settings = format!("{settings},worker.image={MISSING_IMAGE}");
    install::upgrade(&world.cluster, &world.env, IGNORED, &settings).await?;
    let failed = examine(world).await?.fault("WorkerStart")?;
    let is_exact = failed.detail.contains(MISSING_IMAGE) && failed.remedy.contains("--set worker.image=");
    ensure!(is_exact, "{failed:?}");
    // The run of the doctor would stay for some minutes.
    world.cluster.kubectl(&["delete", "irun", "--all", "--namespace", IGNORED]).await.map(drop)
}
