//! Many sources on one operator: what they cost at rest.
//!
//! They share their stores, as what is measured is the operator. Requests to the API server are those of the whole
//! process; its watches, its Lease and this test's own resources included.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::install;
use e2e::operator_metrics::{RESIDENT_MEMORY, requests, value};
use e2e::wait::{Look, until};
use e2e::world::{self, World, find_condition};
use serde_json::{Value, json};

const SOURCES: usize = 200;
/// For how long requests are counted.
const MEASURED: Duration = Duration::from_mins(1);
/// For how long no status may be written.
const STILL: Duration = Duration::from_secs(30);
/// What a source may ask of the stores a minute: the queue every five seconds or so, the ledger twice, and all stores
/// anew every five minutes.
const MOST_A_MINUTE: f64 = 18.0;
const MOST_MEMORY: f64 = 100.0 * 1024.0 * 1024.0;

/// What the operator did in a minute.
struct Cost {
    /// Requests a minute and source, by target.
    requests: BTreeMap<String, f64>,
    /// Resident memory in bytes.
    memory: f64,
}

impl Cost {
    /// Requests to the stores a minute and source.
    fn of_stores(&self) -> f64 {
        let stores = ["Queue", "Elasticsearch", "ObjectStore"];
        stores.iter().filter_map(|target| self.requests.get(*target)).sum()
    }
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn two_hundred_sources_at_rest_cost_little_and_write_nothing() -> Result<()> {
    world::run_alone("many", async |world| {
        let half = settled(world, SOURCES / 2).await?;
        let all = settled(world, SOURCES).await?;
        nothing_is_written(world).await?;
        for (count, cost) in [(SOURCES / 2, &half), (SOURCES, &all)] {
            let mebibytes = cost.memory / 1024.0 / 1024.0;
            println!(
                "{count} sources: {mebibytes:.1} MiB, requests a minute and source: {:.2?}",
                cost.requests
            );
        }
        ensure!(all.memory < MOST_MEMORY, "the operator takes {} bytes", all.memory);
        ensure!(all.of_stores() <= MOST_A_MINUTE, "too many requests: {:?}", all.requests);
        ensure!(
            all.of_stores() <= half.of_stores() * 1.25,
            "twice the sources cost more than twice as much: {:?} and {:?} each",
            half.requests,
            all.requests
        );
        Ok(())
    })
    .await
}

/// Brings so many sources up, waits until they are ready and at rest, and measures.
async fn settled(world: &World, count: usize) -> Result<Cost> {
    let items: Vec<Value> = (0..count).map(|number| source(world, number)).collect();
    world.apply(&json!({"apiVersion": "v1", "kind": "List", "items": items})).await?;
    until("all sources ready", Duration::from_mins(2), async || {
        let sources = sources(world).await?;
        let ready = sources.iter().filter(|one| find_condition(one, "Ready")["status"] == "True").count();
        Ok(Look::holds(ready == count, format!("{ready} of {count}")))
    })
    .await?;
    // For a while after something happened, ledgers are asked more often.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (before, began) = (install::leader_metrics(&world.cluster).await?, Instant::now());
    tokio::time::sleep(MEASURED).await;
    let (after, minutes) =
        (install::leader_metrics(&world.cluster).await?, began.elapsed().as_secs_f64() / 60.0);
    let (before, after) = (requests(&before)?, (requests(&after)?, value(&after, RESIDENT_MEMORY)?));
    let sources = f64::from(u32::try_from(count)?);
    let each = after.0.iter().map(|(target, now)| {
        let made = now - before.get(target).copied().unwrap_or(0.0);
        (target.clone(), made / minutes / sources)
    });
    Ok(Cost { requests: each.collect(), memory: after.1 })
}

/// A source like the one of the world, with a name of its own.
fn source(world: &World, number: usize) -> Value {
    let mut source = world.ingest_source(Form::NewsMlG2);
    source["metadata"]["name"] = format!("wire-{number:03}").into();
    source
}

async fn sources(world: &World) -> Result<Vec<Value>> {
    let text =
        world.cluster.kubectl(&["get", "isrc", "--namespace", &world.name, "--output", "json"]).await?;
    let list: Value = serde_json::from_str(&text)?;
    Ok(list["items"].as_array().context("no list")?.clone())
}

/// At rest no status is written: it would be seen by every watch, and start the next pass.
async fn nothing_is_written(world: &World) -> Result<()> {
    let before = versions(&sources(world).await?);
    tokio::time::sleep(STILL).await;
    let after = versions(&sources(world).await?);
    let written: Vec<_> = after.iter().filter(|(name, version)| before.get(*name) != Some(version)).collect();
    ensure!(written.is_empty() && after.len() == SOURCES, "{} were written: {written:?}", written.len());
    Ok(())
}

fn versions(sources: &[Value]) -> BTreeMap<String, String> {
    let text =
        |source: &Value, field: &str| source["metadata"][field].as_str().unwrap_or_default().to_owned();
    sources.iter().map(|source| (text(source, "name"), text(source, "resourceVersion"))).collect()
}
