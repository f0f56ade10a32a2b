//! How long an article takes from its PUT until a search finds it, from zero workers and with one that runs; and the
//! way back to zero.
//!
//! The figures are printed, with where the time went. They are asserted only within bounds that a busy machine keeps.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::auditor::without_handling;
use e2e::cluster::Kind;
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

const COLD: usize = 5;
const WARM: usize = 20;
/// What is aimed at is 10 s; a pod takes its time on a machine that has other things to do.
const COLD_BOUND: Duration = Duration::from_mins(1);
/// What is aimed at is 2 s.
const WARM_BOUND: Duration = Duration::from_secs(20);
/// How often a search looks.
const SEARCH_EVERY: Duration = Duration::from_millis(50);
/// `idleSeconds` while cold starts are measured, and while a worker is to stay.
const IDLE_SECONDS: [u64; 2] = [1, 15];
/// After this long without a worker the operator looks as seldom as it ever does.
const AT_REST: Duration = Duration::from_secs(10);
/// How long a worker takes to end beyond `idleSeconds`: its last receive waits for two seconds, and Kubernetes has to
/// see its end.
const ENDING: Duration = Duration::from_secs(15);

/// The times of one article.
struct Arrival {
    put: Timestamp,
    found: Timestamp,
    document: Value,
}

impl Arrival {
    fn seconds(&self) -> f64 {
        between(self.put, self.found)
    }

    /// When the worker had converted and when it sent it: milliseconds by the clock of the same machine.
    fn time(&self, field: &str) -> Result<Timestamp> {
        let text = self.document["_docmill"][field].as_str().context("no such time")?;
        Ok(text.parse()?)
    }

    fn stages(&self) -> Result<[(&'static str, f64); 3]> {
        let (converted, indexed) = (self.time("convertedTime")?, self.time("indexedTime")?);
        Ok([
            ("PUT to converted", between(self.put, converted)),
            ("to the bulk with it", between(converted, indexed)),
            ("to found", between(indexed, self.found)),
        ])
    }
}

fn between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn an_article_is_found_soon_after_its_put_and_the_workers_go_again() -> Result<()> {
    world::run_alone("latency", async |world| {
        source(world, IDLE_SECONDS[0]).await?;
        let mut cold = Vec::new();
        for number in 0..COLD {
            world.no_workers().await?;
            // The operator comes to rest, looking every few seconds; the PUTs fall at different times between two looks.
            tokio::time::sleep(AT_REST + Duration::from_millis(1100 * number as u64)).await;
            cold.push(arrives(world, number, COLD_BOUND).await?);
        }
        world.no_workers().await?;

        source(world, IDLE_SECONDS[1]).await?;
        arrives(world, COLD, COLD_BOUND).await?;
        let mut warm = Vec::new();
        for number in 0..WARM {
            tokio::time::sleep(Duration::from_millis(130 * (number as u64 % 8))).await;
            warm.push(arrives(world, COLD + 1 + number, WARM_BOUND).await?);
        }
        let last = Instant::now();
        world.no_workers_within(Duration::from_secs(IDLE_SECONDS[1]) + ENDING).await?;
        let zero = last.elapsed().as_secs_f64();
        print("cold", &cold)?;
        print("warm", &warm)?;
        println!("no worker {zero:.1} s after the last article; idleSeconds is {}", IDLE_SECONDS[1]);
        Ok(())
    })
    .await
}

async fn source(world: &World, idle_seconds: u64) -> Result<()> {
    let mut source = world.ingest_source(Form::NewsMlG2);
    source["spec"]["workers"]["idleSeconds"] = idle_seconds.into();
    world.apply(&source).await?;
    let ready = ("True", "");
    world.condition((Kind::IngestSource, SOURCE), "Ready", ready, Duration::from_mins(1)).await.map(drop)
}

/// Puts an article, and searches until it is found by what it says.
async fn arrives(world: &World, number: usize, bound: Duration) -> Result<Arrival> {
    let mut article = Article::generated(&world.name, number);
    article.paragraphs.push(format!("A quokka{number} was seen."));
    let bytes = article.write(Form::NewsMlG2);
    let query = json!({"query": {"match": {"body": format!("quokka{number}")}}});
    let (put, began) = (Timestamp::now(), Instant::now());
    world.s3.put(&world.raw_bucket(), &format!("wire/{number}.xml"), bytes).await?;
    loop {
        // An index that comes up has no shard for a moment, and is answered for with 503.
        let hits = world.articles.search(&world.articles_pattern(), query.clone()).await;
        let mut hits = hits.unwrap_or_default();
        if let Some(hit) = hits.first_mut() {
            let (found, document) = (Timestamp::now(), hit["_source"].take());
            ensure!(without_handling(&document)["headline"] == article.headline, "{document}");
            return Ok(Arrival { put, found, document });
        }
        ensure!(began.elapsed() < bound, "article {number} is not found after {} s", bound.as_secs());
        tokio::time::sleep(SEARCH_EVERY).await;
    }
}

fn print(kind: &str, arrivals: &[Arrival]) -> Result<()> {
    let whole = arrivals.iter().map(Arrival::seconds).collect();
    println!("{kind}, PUT to found by a search: {}", figures(whole));
    let stages = arrivals.iter().map(Arrival::stages).collect::<Result<Vec<_>>>()?;
    for number in 0..3 {
        let name = stages.first().context("no article")?[number].0;
        println!("  {name}: {}", figures(stages.iter().map(|stages| stages[number].1).collect()));
    }
    Ok(())
}

/// The least, the median and the most.
fn figures(mut seconds: Vec<f64>) -> String {
    seconds.sort_by(f64::total_cmp);
    let at = |place: usize| seconds.get(place).copied().unwrap_or_default();
    let (median, last) = (at(seconds.len() / 2), at(seconds.len().saturating_sub(1)));
    format!("{:.2} s, median {median:.2} s, at most {last:.2} s, of {}", at(0), seconds.len())
}
