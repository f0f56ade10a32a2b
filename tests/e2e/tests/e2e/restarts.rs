//! Pods die in the midst of the work, without a word of warning; nothing is lost, and nothing is there twice.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::{Kind, name, phase};
use e2e::corpus::Corpus;
use e2e::install;
use e2e::resources::SOURCE;
use e2e::wait::{Look, until};
use e2e::watch::{WORKERS, Watch};
use e2e::world::{self, World};

const OBJECTS: usize = 500;

#[tokio::test]
async fn a_killed_worker_and_a_killed_leader_lose_and_double_nothing() -> Result<()> {
    world::run_alone("restarts", async |world| {
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        world.condition((Kind::IngestSource, SOURCE), "Ready", ("True", ""), Duration::from_secs(30)).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, OBJECTS, 50);
        let watch = Watch::begin(&world.cluster, &world.name);
        // The objects keep coming while things die.
        let (put, killed) = tokio::join!(world.put(&corpus), kill_both(world));
        put?;
        killed?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        world.no_workers().await?;
        world.audit_all(&corpus).await?;
        let seen = watch.seen();
        ensure!(seen.most <= 3, "workers.max is 3, and {} were seen at a time", seen.most);
        ensure!(seen.pods.len() >= 2, "the killed worker got no successor: {seen:?}");
        Ok(())
    })
    .await
}

/// Kills a worker that has work in its hands, and the operator's pod that leads.
async fn kill_both(world: &World) -> Result<()> {
    let worker = until("a worker at work", Duration::from_mins(1), async || working(world).await).await?;
    world.cluster.kill_pod(&world.name, &worker).await?;
    let leader = install::leader(&world.cluster).await?;
    world.cluster.kill_pod(install::NAMESPACE, &leader).await?;
    let done = world.articles.count(&ledger(world)).await?;
    ensure!(done < OBJECTS as u64, "all {done} objects were done before anything was killed");
    until("another leader", Duration::from_mins(1), async || {
        let now = install::leader(&world.cluster).await?;
        Ok(Look::holds(now != leader && !now.is_empty(), now))
    })
    .await
}

/// The name of a running worker, once the first records are there.
async fn working(world: &World) -> Result<Look<String>> {
    let done = world.articles.count(&ledger(world)).await?;
    let pods = world.cluster.pods(&world.name, WORKERS).await?;
    let running = pods.iter().find(|pod| phase(pod) == "Running");
    Ok(match running {
        Some(pod) if done > 0 => Look::Done(name(pod).to_owned()),
        _ => Look::NotYet(format!("{done} records, {} pods", pods.len())),
    })
}

fn ledger(world: &World) -> String {
    format!("docmill-units-{}.{SOURCE}", world.name)
}
