//! A backlog brings up pods, ends as records, and the pods go again.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::resources::SOURCE;
use e2e::wait::{Look, until};
use e2e::watch::Watch;
use e2e::world::{self, World};
use e2e::{install, table};

#[tokio::test]
async fn five_hundred_objects_bring_up_pods_and_end_as_records() -> Result<()> {
    world::run("backlog", async |world| {
        world.apply(&world.ingest_source(Form::NewsMlG2)).await?;
        world.condition((Kind::IngestSource, SOURCE), "Ready", ("True", ""), Duration::from_secs(30)).await?;
        let watch = Watch::begin(&world.cluster, &world.name);
        world.no_workers().await?;

        let corpus = Corpus::generated(&world.name, Form::NewsMlG2, 500, 50);
        world.put(&corpus).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        world.no_workers().await?;

        let seen = watch.seen();
        ensure!(
            (2..=3).contains(&seen.most),
            "workers.max is 3 and the backlog needs more than one: {seen:?}"
        );
        world.audit_all(&corpus).await?;
        columns_tell_the_truth(world, &corpus).await?;
        metrics_are_served(world).await
    })
    .await
}

async fn columns_tell_the_truth(world: &World, corpus: &Corpus) -> Result<()> {
    let (indexed, failed) = (corpus.sound().to_string(), corpus.faulty().to_string());
    let expected = [
        ("NAME", SOURCE),
        ("READY", "True"),
        ("REASON", "Reachable"),
        ("SUSPENDED", "false"),
        ("WORKERS", "0"),
        ("PENDING", "0"),
        ("LAG", "0"),
        ("INDEXED", &indexed),
        ("FAILED", &failed),
    ];
    // The end of a worker reaches the status a moment later than the pods' list.
    until("the columns of kubectl get isrc", Duration::from_secs(30), async || {
        let text = world.cluster.kubectl(&["get", "isrc", "--namespace", &world.name]).await?;
        let row = table::rows(&text)?.pop().context("no row")?;
        let right = expected.iter().all(|(column, value)| row.get(*column).is_some_and(|cell| cell == value));
        let filled = ["LAST-INGEST", "AGE"].iter().all(|column| is_age(&row, column));
        Ok(Look::holds(right && filled && row.len() == expected.len() + 2, text))
    })
    .await
}

/// kubectl shows a time as its age: 5s, 2m10s.
fn is_age(row: &BTreeMap<String, String>, column: &str) -> bool {
    row.get(column).is_some_and(|age| age.starts_with(|c: char| c.is_ascii_digit()))
}

async fn metrics_are_served(world: &World) -> Result<()> {
    let metrics = install::metrics(&world.cluster).await?;
    ensure!(
        metrics.lines().any(|line| line.starts_with("docmill_")),
        "no metric of Docmill's own:\n{metrics}"
    );
    Ok(())
}
