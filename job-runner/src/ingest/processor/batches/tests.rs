use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::{BATCH_AGE, BATCH_UNITS, BatchInFlight, SMALL_BATCH_AGE, fill, max_age};
use crate::ingest::commit::commit_request::CommitRequest;
use crate::ingest::unit::prepared::Prepared;
use crate::ingest::unit::task::Reprocess;

fn request() -> CommitRequest {
    CommitRequest {
        prepared: Prepared::Nothing,
        indexing: None,
        known: None,
        attempts: 1,
        redelivered_for: Duration::ZERO,
        held: None,
        reprocess: Reprocess::No,
        reply_to: oneshot::channel().0,
    }
}

struct Bench {
    sender: mpsc::Sender<CommitRequest>,
    receiver: mpsc::Receiver<CommitRequest>,
    batches: watch::Sender<usize>,
    others: watch::Receiver<usize>,
}

impl Bench {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel(2 * BATCH_UNITS);
        let (batches, others) = watch::channel(0);
        Self { sender, receiver, batches, others }
    }

    /// How many units a batch gets, and when it is sent, with this many units that are there already and this many in
    /// flight.
    async fn fill(&mut self, waiting: usize, units_in_flight: usize) -> (usize, Duration) {
        for _ in 1..waiting {
            self.sender.send(request()).await.unwrap();
        }
        let since = Instant::now();
        let units_in_flight = || units_in_flight;
        let batch = fill(request(), since, &mut self.receiver, &mut self.others, units_in_flight).await;
        (batch.len(), since.elapsed())
    }
}

#[tokio::test]
async fn a_batch_with_all_units_in_flight_is_sent_at_once() {
    let mut bench = Bench::new();
    let _other = BatchInFlight::new(&bench.batches);
    for waiting in [1, 7, BATCH_UNITS] {
        let (units, took) = bench.fill(waiting, waiting).await;
        assert_eq!(units, waiting);
        assert!(took < BATCH_AGE, "{waiting}: {took:?}");
    }
    assert_eq!(bench.fill(BATCH_UNITS + 7, 2 * BATCH_UNITS).await.0, BATCH_UNITS);
}

#[tokio::test]
async fn a_batch_waits_for_others_for_a_while() {
    let (units, took) = Bench::new().fill(7, 30).await;
    assert_eq!(units, 7);
    assert!(took >= BATCH_AGE && took < SMALL_BATCH_AGE, "{took:?}");
}

#[tokio::test]
async fn a_small_batch_waits_longer_while_another_is_in_flight() {
    let mut bench = Bench::new();
    let _other = BatchInFlight::new(&bench.batches);
    let (units, took) = bench.fill(7, 30).await;
    assert_eq!(units, 7);
    assert!(took >= SMALL_BATCH_AGE, "{took:?}");
}

#[tokio::test]
async fn the_end_of_the_other_batch_ends_the_longer_wait() {
    let mut bench = Bench::new();
    let other = BatchInFlight::new(&bench.batches);
    let ends = tokio::spawn(async move {
        tokio::time::sleep(BATCH_AGE + BATCH_AGE / 2).await;
        drop(other);
    });
    let (_, took) = bench.fill(7, 30).await;
    assert!(took >= BATCH_AGE && took < SMALL_BATCH_AGE, "{took:?}");
    ends.await.unwrap();
}

#[tokio::test]
async fn a_batch_ends_when_nobody_can_send_any_more() {
    let Bench { sender, mut receiver, batches: _batches, mut others } = Bench::new();
    drop(sender);
    let batch = fill(request(), Instant::now(), &mut receiver, &mut others, || 30).await;
    assert_eq!(batch.len(), 1);
}

#[test]
fn only_a_small_batch_beside_another_waits_longer() {
    let age = |units, others| max_age(units, 30, others);
    assert_eq!([age(9, true), age(10, true), age(9, false)], [SMALL_BATCH_AGE, BATCH_AGE, BATCH_AGE]);
}
