//! How soon an article is indexed, and found, that lands while nothing else does.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::contenders::{Contender, command};
use crate::corpus::{Article, BYTES};
use crate::float::float;
use crate::measure::Process;
use crate::place::Place;
use crate::run::{Bench, tell, upload};
use crate::stores::{Elastic, Sqs, Stores};

/// Articles that are landed, one after the other.
pub const ARTICLES: u32 = 2 * EACH;
/// The first half is found by the index's own refresh, the second by one that each look asks for.
const EACH: u32 = 22;
/// The first of either half, which also start the worker, are not counted.
const WARM_UP: usize = 2;
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The interval of the index's refresh. An article that is found tells when one was, and the next lands somewhat later
/// after it than the one before, so that a half of them lands at all moments of the interval.
const REFRESH: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_mins(1);

/// Medians in milliseconds from the PUT of an article.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// Until it is indexed.
    pub indexed_millis: f64,
    /// Until a search finds it.
    pub searchable_millis: f64,
}

/// Lands articles from this number on.
pub async fn latency(bench: &Bench, place: &Place, first: u32) -> Result<Latency> {
    let stores = bench.stores();
    let mut elastic = Elastic::new(&stores.elastic)?;
    let mut command = command(&bench.programs, Contender::PerUnit, place, stores, &bench.bulk)?;
    let log = bench.programs.work.join(format!("{}-latency.log", place.name));
    let worker = Process::start(&mut command, log)?;
    let pattern = place.articles_pattern();
    let (mut indexed, mut searchable) = (Vec::new(), Vec::new());
    for number in (0..ARTICLES).filter(|number| !Article::is_faulty(first + number)) {
        let (is_refreshed, step) = (number >= EACH, number % EACH);
        tokio::time::sleep(REFRESH * step / EACH).await;
        let began = Instant::now();
        let objects = upload(stores, &bench.env.keys, &place.raw_bucket, first + number, 1).await?;
        tell(place, stores, &objects).await?;
        let id = json!({"ids": {"values": [Article::generated(first + number, BYTES).id]}});
        loop {
            if is_refreshed {
                elastic.refresh(&pattern).await?;
            }
            if elastic.count(&pattern, &id).await? > 0 {
                break;
            }
            ensure!(
                began.elapsed() < LIMIT,
                "an article was not found for {} s; the worker's log ends with:\n{}",
                LIMIT.as_secs(),
                worker.said()
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let millis = float(u64::try_from(began.elapsed().as_micros())?) / 1_000.0;
        if is_refreshed { indexed.push(millis) } else { searchable.push(millis) }
    }
    acknowledged(place, stores, &worker).await?;
    worker.end().await?;
    Ok(Latency { indexed_millis: median(indexed)?, searchable_millis: median(searchable)? })
}

fn median(millis: Vec<f64>) -> Result<f64> {
    let mut counted: Vec<f64> = millis.into_iter().skip(WARM_UP).collect();
    counted.sort_by(f64::total_cmp);
    counted.get(counted.len() / 2).copied().context("no article was landed")
}

/// Waits until the worker has acknowledged all: a message that it still held would come back in the next measurement.
async fn acknowledged(place: &Place, stores: &Stores, worker: &Process) -> Result<()> {
    let mut queue = Sqs::new(&stores.sqs)?;
    let url = place.queue_url(stores);
    let began = Instant::now();
    loop {
        let backlog = queue.backlog(&url).await?;
        if backlog.waiting + backlog.in_flight == 0 {
            return Ok(());
        }
        ensure!(
            began.elapsed() < LIMIT,
            "the queue is not empty after {} s ({backlog:?}); the worker's log ends with:\n{}",
            LIMIT.as_secs(),
            worker.said()
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
