//! `spec.ledger.retention`: records of replaced versions go, the counts stay, and what is gone does not come back.

use std::time::Duration;

use anyhow::{Result, ensure};
use docmill_crds::records::units::EXPIRED_ID;
use docmill_crds::records_api::path;
use docmill_crds::records_api::query::UnitQuery;
use e2e::articles::{Article, Form};
use e2e::cluster::Kind;
use e2e::resources::SOURCE;
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use e2e::{ingest_runs, notices};
use serde_json::{Value, json};

const KEY: &str = "wire/2026/01/corrected.xml";
/// A sweep every five seconds, and a ledger at rest that is counted every thirty.
const EXPIRED: Duration = Duration::from_mins(1);
/// Until the Records API is served.
const SERVED: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_replaced_version_expires_stays_counted_and_never_comes_back() -> Result<()> {
    world::run("expiring", async |world| {
        world.s3.keep_versions(&world.raw_bucket()).await?;
        world.lose_notifications().await?;
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["ledger"] = json!({"retention": {"supersededSeconds": 2}});
        world.apply(&source).await?;
        let first = put(world, "First").await?;
        tell(world, &first).await?;
        world.counted(1, 0).await?;
        let second = put(world, "Second").await?;
        tell(world, &second).await?;
        expired(world).await?;
        let records = world.articles.all(&format!("docmill-units-{}.{SOURCE}", world.name)).await?;
        let kept: Vec<_> = records.iter().filter(|record| record.id != EXPIRED_ID).collect();
        ensure!(kept.len() == 1 && kept[0].source["state"] == "Indexed", "{kept:#?}");
        listed(world).await?;

        tell(world, &first).await?;
        until("the first version is told of in vain", EXPIRED, async || {
            let backlog = world.sqs.backlog(&world.queue_url).await?;
            Ok(Look::holds(backlog.waiting + backlog.in_flight == 0, format!("{backlog:?}")))
        })
        .await?;
        world.no_workers().await?;
        let articles = world.articles.all(&world.articles_pattern()).await?;
        let headlines: Vec<_> = articles.iter().map(|article| &article.source["headline"]).collect();
        ensure!(headlines == ["Second"], "{headlines:?}");

        let audit = ingest_runs::complete(world, "audit", json!({"mode": "Audit"})).await?;
        ensure!(audit.status["differences"] == 0, "{:#}", audit.details);
        Ok(())
    })
    .await
}

/// Puts a version of the article with this headline. Returns the message about it.
async fn put(world: &World, headline: &str) -> Result<String> {
    let article = Article { headline: headline.into(), ..Article::generated(&world.name, 1) };
    let bucket = world.raw_bucket();
    let (object, version) = world.s3.put_version(&bucket, KEY, article.write(Form::Nitf)).await?;
    Ok(notices::version(&bucket, &object, &version))
}

async fn tell(world: &World, message: &str) -> Result<()> {
    world.sqs.send_all(&world.queue_url, vec![message.to_owned()]).await
}

/// The record of the first version is gone, and its unit is counted.
async fn expired(world: &World) -> Result<()> {
    until("an expired unit in the status", EXPIRED, async || {
        let source = world.cluster.get(Kind::IngestSource, &world.name, SOURCE).await?;
        let units = &source["status"]["units"];
        let is_counted = units["indexed"] == 1 && units["skipped"] == 1 && units["expired"] == 1;
        Ok(Look::holds(is_counted, units.to_string()))
    })
    .await
}

/// The Records API lists the unit that is left, and nothing else.
async fn listed(world: &World) -> Result<()> {
    let query = UnitQuery { source: Some(SOURCE.to_owned()), ..UnitQuery::default() };
    let units = path::units(&world.name, &query);
    until("the unit that is left in the Records API", SERVED, async || {
        let listing: Value = serde_json::from_str(&world.cluster.kubectl(&["get", "--raw", &units]).await?)?;
        let items = listing["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_alone = items.len() == 1 && items.iter().all(|unit| unit["state"] == "Indexed");
        Ok(Look::holds(is_alone, listing.to_string()))
    })
    .await
}
