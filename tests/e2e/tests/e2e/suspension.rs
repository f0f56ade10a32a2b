//! A suspended source starts no workers, and catches up when it is resumed. A Job that is in a queue of Kueue runs when
//! its queue resumes it.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::ingest_runs;
use e2e::resources::SOURCE;
use e2e::wait::{Look, throughout, until};
use e2e::watch::WORKERS;
use e2e::world::{self, World};
use serde_json::{Value, json};

#[tokio::test]
async fn a_suspended_source_keeps_its_backlog_until_it_is_resumed() -> Result<()> {
    world::run("suspend", async |world| {
        let mut source = world.ingest_source(Form::NewsMlG2);
        source["spec"]["suspend"] = true.into();
        world.apply(&source).await?;
        let corpus = Corpus::generated(&world.name, Form::NewsMlG2, 10, 0);
        world.put(&corpus).await?;
        until("ten pending units in the status", Duration::from_secs(30), async || {
            let source = world.cluster.get(Kind::IngestSource, &world.name, SOURCE).await?;
            Ok(Look::holds(source["status"]["units"]["pending"] == 10, source["status"].to_string()))
        })
        .await?;
        throughout(REST, async || {
            let pods = world.cluster.pods(&world.name, WORKERS).await?;
            ensure!(pods.is_empty(), "{} worker pods of a suspended source", pods.len());
            Ok(())
        })
        .await?;
        let patch = r#"{"spec":{"suspend":false}}"#;
        world
            .cluster
            .kubectl(&["patch", "isrc", SOURCE, "--namespace", &world.name, "--type=merge", "--patch", patch])
            .await?;
        world.counted(10, 0).await?;
        world.no_workers().await?;
        world.audit_all(&corpus).await
    })
    .await
}

/// The run whose Jobs are in a queue.
const RUN: &str = "queued";
/// Within how long the operator follows a change.
const SOON: Duration = Duration::from_mins(1);
/// How long nothing may happen.
const REST: Duration = Duration::from_secs(3);

/// Kueue is played by the test: it resumes Jobs when it pleases.
#[tokio::test]
async fn a_run_with_a_queue_works_when_its_queue_resumes_its_jobs() -> Result<()> {
    world::run("queue", async |world| {
        let mut source = world.ingest_source(Form::NewsMlG2);
        // Or its workers would wait in the queue as well.
        source["spec"]["suspend"] = true.into();
        let labels = json!({"kueue.x-k8s.io/queue-name": "news"});
        source["spec"]["workers"]["podTemplate"] = json!({"metadata": {"labels": labels}});
        world.apply(&source).await?;
        let corpus = Corpus::generated(&world.name, Form::NewsMlG2, 10, 0);
        world.put(&corpus).await?;
        ingest_runs::create(world, RUN, json!({"mode": "Process"})).await?;
        is_in_its_queue(world, "plan", 1).await?;
        world.condition((Kind::IngestRun, RUN), "Suspended", ("True", "JobSuspended"), SOON).await?;

        ingest_runs::patch(world, RUN, &json!({"suspend": true})).await?;
        is_in_its_queue(world, "plan", 0).await?;
        resume(world, "plan").await?;
        nothing_runs(world).await?;
        ingest_runs::patch(world, RUN, &json!({"suspend": false})).await?;
        is_in_its_queue(world, "plan", 1).await?;

        resume(world, "plan").await?;
        is_in_its_queue(world, "work", 1).await?;
        resume(world, "work").await?;
        let run = ingest_runs::ended(world, RUN).await?;
        ensure!(run.status["done"] == 10 && run.status["failed"] == 0, "{}", run.status);
        Ok(())
    })
    .await
}

/// Waits until a Job of the run is suspended in its queue, with so many pods to come.
async fn is_in_its_queue(world: &World, step: &str, pods: i32) -> Result<()> {
    let name = format!("{RUN}-{step}");
    until(&format!("the Job {name} in its queue with {pods} pods"), SOON, async || {
        let get = ["get", "job", &name, "--namespace", &world.name, "--output", "json"];
        let job: Value = serde_json::from_str(&world.cluster.kubectl(&get).await?)?;
        let (queue, spec) = (&job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"], &job["spec"]);
        let (suspend, parallelism) = (&spec["suspend"], &spec["parallelism"]);
        let waits = *queue == "news" && *suspend == true && *parallelism == pods;
        Ok(Look::holds(waits, format!("queue {queue}, suspend {suspend}, parallelism {parallelism}")))
    })
    .await
}

/// What Kueue does with a Job that it admits.
async fn resume(world: &World, step: &str) -> Result<()> {
    let (job, change) = (format!("job/{RUN}-{step}"), r#"{"spec":{"suspend":false}}"#);
    let patch = ["patch", &job, "--namespace", &world.name, "--type=merge", "--patch", change];
    world.cluster.kubectl(&patch).await.map(drop)
}

/// The run is suspended, and its queue has resumed its Job: no turns are taken, and no pods come.
async fn nothing_runs(world: &World) -> Result<()> {
    throughout(REST, async || {
        let pods = world.cluster.pods(&world.name, WORKERS).await?;
        ensure!(pods.is_empty(), "{} pods of a suspended run", pods.len());
        let name = format!("{RUN}-plan");
        let get = ["get", "job", &name, "--namespace", &world.name, "--output", "json"];
        let job: Value = serde_json::from_str(&world.cluster.kubectl(&get).await?)?;
        ensure!(job["spec"]["suspend"] == false, "the operator took its turn: {}", job["spec"]);
        let run = world.cluster.get(Kind::IngestRun, &world.name, RUN).await?;
        ensure!(run["status"]["phase"] == "Suspended", "{}", run["status"]);
        Ok(())
    })
    .await
}
