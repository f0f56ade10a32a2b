//! Sources that take from the same queue are told so, take nothing meanwhile, and work again once there is one.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::resources::SOURCE;
use e2e::wait::throughout;
use e2e::watch::WORKERS;
use e2e::world;

/// Within how long each source is told of the other, or works again without it.
const TOLD: Duration = Duration::from_secs(30);

#[tokio::test]
async fn sources_of_one_queue_are_told_of_each_other_and_take_nothing_until_one_is_left() -> Result<()> {
    world::run("shared-queue", async |world| {
        let source = world.ingest_source(Form::NewsMlG2);
        let mut second = source.clone();
        second["metadata"]["name"] = "second".into();
        // Another spelling of the same queue.
        second["spec"]["trigger"]["sqs"]["queueURL"] = format!("{}/", world.queue_url).into();
        world.apply(&source).await?;
        world.condition((Kind::IngestSource, SOURCE), "Ready", ("True", ""), TOLD).await?;
        world.apply(&second).await?;
        for (name, other) in [(SOURCE, "second"), ("second", SOURCE)] {
            let told =
                world.condition((Kind::IngestSource, name), "Ready", ("False", "QueueShared"), TOLD).await?;
            let message = told["message"].as_str().unwrap_or_default();
            ensure!(
                message.contains(&format!("IngestSource {other} ")),
                "{name} is not told of {other}: {message}"
            );
        }
        let corpus = Corpus::generated(&world.name, Form::NewsMlG2, 10, 0);
        world.put(&corpus).await?;
        throughout(Duration::from_secs(5), async || {
            let pods = world.cluster.pods(&world.name, WORKERS).await?;
            ensure!(pods.is_empty(), "{} worker pods take from a shared queue", pods.len());
            Ok(())
        })
        .await?;
        world.cluster.kubectl(&["delete", "isrc", "second", "--namespace", &world.name]).await?;
        world.condition((Kind::IngestSource, SOURCE), "Ready", ("True", ""), TOLD).await?;
        world.counted(10, 0).await?;
        world.no_workers().await?;
        world.audit_all(&corpus).await
    })
    .await
}
