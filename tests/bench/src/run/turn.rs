//! One turn: a contender goes through all articles of its place.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use super::bench::Bench;
use crate::contenders::{Contender, command};
use crate::measure::{Cost, Process, Side};
use crate::place::Place;
use crate::stores::{Elastic, Sqs, Stores};

/// How often a process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often a queue is asked how much is in it.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// How long a turn may take; a contender that has not ended by then hangs.
const LIMIT: Duration = Duration::from_mins(10);

/// Measures a contender at a place that is ready, through these stores. Fails where an article is missing.
pub async fn measure(bench: &Bench, contender: Contender, place: &Place, stores: &Stores) -> Result<Cost> {
    let cost = cost(bench, contender, place, stores).await?;
    if contender.has_index() {
        is_complete(bench, place).await.with_context(|| contender.label())?;
    }
    Ok(cost)
}

/// The same, without a look at the articles.
pub async fn cost(bench: &Bench, contender: Contender, place: &Place, stores: &Stores) -> Result<Cost> {
    let label = contender.label();
    let mut command = command(&bench.programs, contender, place, stores, &bench.bulk)?;
    let mut elastic = Elastic::new(&bench.stores().elastic)?;
    let mut queue = Sqs::new(&bench.stores().sqs)?;
    let queue_url = place.queue_url(bench.stores());
    let before = bench.servers.seconds()?;
    let began = Instant::now();
    let mut process = Process::start(&mut command, bench.programs.work.join(format!("{}.log", place.name)))?;
    let mut asked = Instant::now();
    let (client, wall) = loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let (look, wall) = (process.look()?, began.elapsed());
        if look.ended {
            process.check().with_context(|| format!("{label} failed"))?;
            ensure!(!contender.is_service(), "{label} ended before its work was done:\n{}", process.said());
            break (look.cpu_seconds, wall);
        }
        if contender.is_service() && asked.elapsed() >= ASK_EVERY {
            asked = Instant::now();
            let backlog = queue.backlog(&queue_url).await?;
            if backlog.waiting + backlog.in_flight == 0 {
                break (process.look()?.cpu_seconds, wall);
            }
        }
        if wall > LIMIT {
            bail!("{label} has not ended after {} s; its log ends with:\n{}", wall.as_secs(), process.said());
        }
    };
    let peak_kibibytes = process.peak_kibibytes();
    process.end().await?;
    if contender.has_index() {
        elastic.settle(&place.pattern()).await?;
    }
    // What Elasticsearch does behind the turn is the turn's; what servers do at rest is not.
    let (after, watched) = (bench.servers.seconds()?, began.elapsed().as_secs_f64());
    let rest = |side: &Side| bench.rest.get(side).copied().unwrap_or_default() * watched;
    let spent = after.iter().map(|(side, seconds)| {
        let used = seconds - before.get(side).copied().unwrap_or_default() - rest(side);
        (*side, used.max(0.0))
    });
    let cpu_seconds: BTreeMap<Side, f64> = spent.chain([(Side::Client, client)]).collect();
    let wall_seconds = wall.as_secs_f64();
    Ok(Cost { articles: place.articles, wall_seconds, cpu_seconds, peak_kibibytes })
}

/// Whether exactly the articles without a fault are indexed. Figures of a contender that lost an article, or let a faulty
/// one in, would be worth nothing.
pub async fn is_complete(bench: &Bench, place: &Place) -> Result<()> {
    let (pattern, expected) = (place.articles_pattern(), u64::from(place.sound()));
    let mut elastic = Elastic::new(&bench.stores().elastic)?;
    elastic.refresh(&pattern).await?;
    let found = elastic.count(&pattern, &json!({"match_all": {}})).await?;
    let logs = bench.programs.work.display();
    ensure!(
        found == expected,
        "{found} articles are in {pattern}, and {expected} have no fault; the logs are in {logs}"
    );
    Ok(())
}
