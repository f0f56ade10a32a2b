//! The cluster itself fails under load: Elasticsearch is killed, the API server is gone for a minute, the node is started
//! anew, operators and workers die at random. All through pods, each test alone in the cluster.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::{Kind, name, phase};
use e2e::corpus::Corpus;
use e2e::install::{NAMESPACE, SELECTOR};
use e2e::resources::SOURCE;
use e2e::testbed::{keep_down, testbed};
use e2e::wait::{Look, until};
use e2e::watch::WORKERS;
use e2e::world::{self, World};

const OBJECTS: usize = 2000;
const FAULTY_EVERY: usize = 100;
/// `workers.max` of the tests' source.
const MOST_WORKERS: usize = 3;
/// How long the cluster may take to be whole again, and the worlds in it.
const RECOVERED: Duration = Duration::from_mins(5);
/// How long the operator may take to work again once the API server answers. Half of it is what a lease, a restart and
/// the kubelet's pause before that take together at worst.
const CONVERGED: Duration = Duration::from_mins(1);

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn elasticsearch_killed_under_load_has_all_that_was_acknowledged() -> Result<()> {
    under_load("es-killed", async |_| testbed(&["kill", "es-raw"]).await.map(drop)).await
}

/// It is killed as soon as it starts again, for a minute.
#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_minute_without_elasticsearch_is_told_and_nothing_fails() -> Result<()> {
    under_load("es-stopped", async |world| {
        let testimony = world.condition_meanwhile(keep_down("es-raw", Duration::from_mins(1))).await?;
        println!("while Elasticsearch was gone:\n{testimony}");
        testimony.any_of(&[("Throttled", "True", "Elasticsearch")])?;
        testimony.failed_at_most(OBJECTS / FAULTY_EVERY)?;
        let back = ("False", "");
        world.condition((Kind::IngestSource, SOURCE), "Throttled", back, RECOVERED).await.map(drop)
    })
    .await
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn workers_go_on_while_the_api_server_is_gone_and_the_operator_catches_up() -> Result<()> {
    under_load("no-api", async |world| {
        testbed(&["stop", "kube-apiserver"]).await?;
        tokio::time::sleep(Duration::from_mins(1)).await;
        testbed(&["start", "kube-apiserver"]).await?;
        converges(world).await
    })
    .await
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn etcd_that_is_started_anew_changes_nothing() -> Result<()> {
    under_load("etcd", async |world| {
        testbed(&["stop", "etcd"]).await?;
        tokio::time::sleep(Duration::from_secs(15)).await;
        testbed(&["start", "etcd"]).await?;
        converges(world).await
    })
    .await
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_node_that_is_started_anew_takes_up_where_it_was() -> Result<()> {
    under_load("reboot", async |_| testbed(&["reboot"]).await.map(drop)).await
}

/// A worker or an operator each second, by turns, for two minutes, while objects keep landing.
#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn operators_and_workers_killed_at_random_for_two_minutes_lose_and_double_nothing() -> Result<()> {
    world::run_alone("random", async |world| {
        ready(world).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
        let (landed, killed) = tokio::join!(land_slowly(world, &corpus), kill_by_turns(world));
        landed?;
        println!("{} pods were killed", killed?);
        settled(world, &corpus).await
    })
    .await
}

/// The operator dies again and again while a source is made, changed and paused, a little later after each call.
#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn an_operator_killed_in_any_step_of_reconciling_leaves_what_an_undisturbed_one_would() -> Result<()> {
    world::run_alone("steps", async |world| {
        ready(world).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
        world.put(&corpus).await?;
        for step in 0..16 {
            let mut source = world.ingest_source(Form::Nitf);
            source["spec"]["suspend"] = (step % 4 == 3).into();
            source["spec"]["workers"]["idleSeconds"] = (3 + step % 2).into();
            world.apply(&source).await?;
            tokio::time::sleep(Duration::from_millis(step * 60)).await;
            let pods = world.cluster.pods(NAMESPACE, SELECTOR).await?;
            for pod in &pods {
                kill(world, NAMESPACE, name(pod)).await?;
            }
            until("an operator that runs again", RECOVERED, async || operator_runs(world).await).await?;
        }
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        settled(world, &corpus).await
    })
    .await
}

async fn operator_runs(world: &World) -> Result<Look<()>> {
    let pods = world.cluster.pods(NAMESPACE, SELECTOR).await?;
    let ready = pods.iter().filter_map(|pod| pod.status.as_ref()?.container_statuses.as_ref());
    let ready = ready.flatten().filter(|container| container.ready).count();
    Ok(Look::holds(ready > 0, format!("{ready} of {} operators are ready", pods.len())))
}

/// Objects land, the fault strikes when the first of them are done, and in the end all is as if nothing had been.
async fn under_load(name: &str, fault: impl AsyncFnOnce(&World) -> Result<()>) -> Result<()> {
    world::run_alone(name, async |world| {
        ready(world).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
        world.put(&corpus).await?;
        let done = until("work that is under way", RECOVERED, async || {
            let done = recorded(world).await?;
            Ok(if done > 0 { Look::Done(done) } else { Look::NotYet("no record".into()) })
        })
        .await?;
        ensure!(done < OBJECTS as u64, "all {done} objects were done before the fault");
        fault(world).await?;
        settled(world, &corpus).await
    })
    .await
}

/// The operator takes up a change soon after the API server answers again.
async fn converges(world: &World) -> Result<()> {
    let began = Instant::now();
    let mut source = world.ingest_source(Form::Nitf);
    source["spec"]["workers"]["idleSeconds"] = 4.into();
    world.apply(&source).await?;
    world.condition((Kind::IngestSource, SOURCE), "Ready", ("True", ""), CONVERGED).await?;
    println!("a change was taken up after {:.1} s", began.elapsed().as_secs_f32());
    Ok(())
}

async fn ready(world: &World) -> Result<()> {
    world.apply(&world.ingest_source(Form::Nitf)).await?;
    let condition = ("True", "");
    world.condition((Kind::IngestSource, SOURCE), "Ready", condition, RECOVERED).await.map(drop)
}

async fn recorded(world: &World) -> Result<u64> {
    world.articles.count(&format!("docmill-units-{}.{SOURCE}", world.name)).await
}

/// Everything is counted, no pod is left, and the auditor has nothing to say.
async fn settled(world: &World, corpus: &Corpus) -> Result<()> {
    until("every object in the ledger", RECOVERED, async || {
        let recorded = recorded(world).await?;
        Ok(Look::holds(recorded >= OBJECTS as u64, format!("{recorded} of {OBJECTS}")))
    })
    .await?;
    world.counted(corpus.sound(), corpus.faulty()).await?;
    world.no_workers().await?;
    world.audit_all(corpus).await
}

async fn land_slowly(world: &World, corpus: &Corpus) -> Result<()> {
    let objects: Vec<_> = corpus.objects.clone().into_iter().collect();
    for part in objects.chunks(OBJECTS / 100) {
        world.s3.put_all(&world.raw_bucket(), part.to_vec()).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// SIGKILL, and away with the pod: were it left, the kubelet would wait longer each time before it starts it again.
async fn kill(world: &World, namespace: &str, pod: &str) -> Result<()> {
    // It may have ended by itself just now.
    let _ = testbed(&["kill", pod]).await;
    if namespace == NAMESPACE {
        world.cluster.kill_pod(namespace, pod).await?;
    }
    Ok(())
}

/// Gives how many were killed.
async fn kill_by_turns(world: &World) -> Result<usize> {
    let mut killed = 0;
    for second in 0..120 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (namespace, labels) =
            if second % 2 == 0 { (world.name.as_str(), WORKERS) } else { (NAMESPACE, SELECTOR) };
        let pods = world.cluster.pods(namespace, labels).await?;
        let running: Vec<_> = pods.iter().filter(|pod| phase(pod) == "Running").collect();
        ensure!(labels != WORKERS || running.len() <= MOST_WORKERS, "{} workers run", running.len());
        if let Some(pod) = running.get(second % running.len().max(1)) {
            kill(world, namespace, name(pod)).await?;
            killed += 1;
        }
    }
    Ok(killed)
}
