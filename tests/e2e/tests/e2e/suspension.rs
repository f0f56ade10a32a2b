//! A suspended source starts no workers, and catches up when it is resumed.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::resources::SOURCE;
use e2e::wait::{Look, throughout, until};
use e2e::watch::WORKERS;
use e2e::world;

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
        throughout(Duration::from_secs(5), async || {
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
