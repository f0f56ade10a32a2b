//! Gathers prepared units into batches, and commits each as one.
//!
//! Each batch costs the same few requests, whatever its size. So a batch waits longer while another one is in flight:
//! Elasticsearch is at work, and the units would only split the same work into more requests.

use std::sync::Arc;
use std::time::Duration;

use docmill_clients::concurrency::AdaptiveConcurrency;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ingest::commit::commit_request::CommitRequest;
use crate::ingest::commit::committer::Committer;
use crate::ingest::commit::slow_index::Lane;
use crate::ingest::index::bulk_policy::SendMode;
use crate::telemetry;

/// A batch is sent when it has this many units, …
const BATCH_UNITS: usize = 500;
/// … or this many bytes of documents, …
const BATCH_BYTES: usize = 6 * 1024 * 1024;
/// … or when its first unit has waited this long, or no other unit is in flight that it could wait for.
const BATCH_AGE: Duration = Duration::from_millis(100);
/// While another batch is in flight, one with less than this share of the units in flight (a third) waits longer, …
const BATCH_SHARE: usize = 3;
/// … but not longer than this: what holds up the other batch may be the trouble of its indices alone.
const SMALL_BATCH_AGE: Duration = Duration::from_millis(300);
/// How many batches are in flight to Elasticsearch at first, and at most; memory per worker follows from it.
const FIRST_BATCHES: usize = 2;
const MOST_BATCHES: usize = 4;

/// Starts committing the units that are sent, until all senders are gone.
pub(super) fn start(committer: Arc<Committer>, stop: CancellationToken) -> mpsc::Sender<CommitRequest> {
    let (sender, receiver) = mpsc::channel(BATCH_UNITS);
    tokio::spawn(commit_all(receiver, committer, stop));
    sender
}

async fn commit_all(
    mut receiver: mpsc::Receiver<CommitRequest>,
    committer: Arc<Committer>,
    stop: CancellationToken,
) {
    let concurrency = AdaptiveConcurrency::between(FIRST_BATCHES, MOST_BATCHES);
    let lane = Lane::new(Arc::clone(&committer), stop.clone());
    let tasks = TaskTracker::new();
    let (batches_in_flight, mut others) = watch::channel(0);
    loop {
        let asked_at = Instant::now();
        let Some(slot) = concurrency.slot().await else { return };
        let has_waited = !receiver.is_empty();
        let Some(first) = receiver.recv().await else { return };
        // What came while there was no slot has waited since then.
        let since = if has_waited { asked_at } else { Instant::now() };
        let units_in_flight = || telemetry::worker().units_in_flight();
        let batch = lane.divert(fill(first, since, &mut receiver, &mut others, units_in_flight).await);
        if batch.is_empty() {
            continue;
        }
        let in_flight = BatchInFlight::new(&batches_in_flight);
        let (committer, concurrency, lane, stop) =
            (Arc::clone(&committer), concurrency.clone(), lane.clone(), stop.clone());
        tasks.spawn(async move {
            let before = committer.clusters.pushed_back();
            let remainder = committer.finish(batch, SendMode::with_others(), &stop).await;
            concurrency.give_back(slot, committer.clusters.pushed_back() > before);
            drop(in_flight);
            lane.take_all(remainder.slow);
            committer.settle(remainder.with_evidence, &stop).await;
        });
    }
}

/// A batch that is being stored.
struct BatchInFlight(watch::Sender<usize>);

impl BatchInFlight {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for BatchInFlight {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Fills a batch, whose first unit has waited since then. `others` counts the batches in flight.
async fn fill(
    first: CommitRequest,
    since: Instant,
    receiver: &mut mpsc::Receiver<CommitRequest>,
    others: &mut watch::Receiver<usize>,
    units_in_flight: impl Fn() -> usize,
) -> Vec<CommitRequest> {
    let mut bytes = first.bytes();
    let mut batch = vec![first];
    loop {
        let has_others = *others.borrow_and_update() > 0;
        let in_flight = units_in_flight();
        if batch.len() >= BATCH_UNITS.min(in_flight) || bytes >= BATCH_BYTES {
            return batch;
        }
        // In this order: what is there already goes along.
        tokio::select! {
            biased;
            next = receiver.recv() => match next {
                Some(next) => {
                    bytes += next.bytes();
                    batch.push(next);
                }
                None => return batch,
            },
            Ok(()) = others.changed() => {}
            () = sleep_until(since + max_age(batch.len(), in_flight, has_others)) => return batch,
        }
    }
}

/// How long the first unit of a batch with this many units waits.
fn max_age(units: usize, units_in_flight: usize, has_others: bool) -> Duration {
    let is_small = units * BATCH_SHARE < units_in_flight;
    if has_others && is_small { SMALL_BATCH_AGE } else { BATCH_AGE }
}

#[cfg(test)]
mod tests;
