//! How soon an article is found that lands while nothing else does.

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

/// Articles that are landed, one after the other. The first ones also start the worker.
pub const ARTICLES: u32 = 12;
/// Of which so many are not counted.
const WARM_UP: usize = 2;
const LOOK_EVERY: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_mins(1);

/// Milliseconds from the PUT until a search finds the article; the median.
pub async fn median(bench: &Bench, place: &Place, first: u32) -> Result<f64> {
    let stores = bench.stores();
    let mut elastic = Elastic::new(&stores.elastic)?;
    let mut command = command(&bench.programs, Contender::PerUnit, place, stores, &bench.bulk)?;
    let log = bench.programs.work.join(format!("{}-latency.log", place.name));
    let worker = Process::start(&mut command, log)?;
    let mut millis = Vec::new();
    for number in (first..first + ARTICLES).filter(|number| !Article::is_faulty(*number)) {
        let began = Instant::now();
        let objects = upload(stores, &bench.env.keys, &place.raw_bucket, number, 1).await?;
        tell(place, stores, &objects).await?;
        let id = json!({"ids": {"values": [Article::generated(number, BYTES).id]}});
        while elastic.count(&place.articles_pattern(), &id).await? == 0 {
            ensure!(
                began.elapsed() < LIMIT,
                "an article was not found for {} s; the worker's log ends with:\n{}",
                LIMIT.as_secs(),
                worker.said()
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
        millis.push(float(u64::try_from(began.elapsed().as_micros())?) / 1_000.0);
    }
    acknowledged(place, stores, &worker).await?;
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
