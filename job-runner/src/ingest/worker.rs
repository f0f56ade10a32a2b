//! A worker of an `IngestSource`: takes messages from the queue until there are none, and processes each to
//! completion.
//!
//! [`crate::ingest`] describes the path of a unit. This module only schedules it: messages are received as long
//! as there is room; one task per message has its units processed, and acknowledges the message when all of
//! them are final. A message keeps its places until then, so that a slow index stops the receiving instead of
//! filling the memory (backpressure). [`message`] processes a single one.

mod message;

use std::sync::Arc;
use std::time::{Duration, Instant};

use docmill_clients::secrets::mounted;
use docmill_clients::{aws, store_health};
use docmill_crds::contract::{IngestOrder, Report, secret_mount};
use docmill_crds::records::units::UnitState;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::IngestError;
use super::processor::{Processor, ShutdownTokens};
use super::source::queue::{BATCH, Queue};
use crate::telemetry;

/// Places for messages in flight: enough to fill a batch while the previous one is being sent.
const MESSAGES: u32 = 512;
/// Places that have to be free before messages are received: one for each that a request can have.
const PLACES_OF_A_BATCH: u32 = 10;
/// A message takes one place for every this many bytes. S3's messages have about one KiB, and SQS accepts 1
/// MiB.
const BYTES_OF_A_PLACE: usize = 32 * 1024;
/// Requests for messages that are under way at a time while the queue gives at least half of what one can have. With one
/// after the other, a worker would wait for the queue's answers longer than for anything else.
const RECEIVES: usize = 3;
/// How long one request waits for messages; a worker that is asked to end does so within this time.
const LONG_POLL: Duration = Duration::from_secs(2);
/// How long a worker that has work waits before it asks a queue again that had little: otherwise it would pay a
/// request for each message. Short beside the time that a batch waits for its units; a lone article does not wait.
const LITTLE_LEFT: Duration = Duration::from_millis(50);
/// How often a worker that waits for a store checks whether it may receive again.
const HINDERED: Duration = Duration::from_millis(500);

/// Works until the queue was empty for `idleSeconds`, the lifetime is over, or the worker is asked to end.
pub async fn run(order: IngestOrder, runner: String, stop: ShutdownTokens) -> Result<Report, IngestError> {
    let processor = Processor::new(&order, runner, None, stop.clone()).await?;
    processor.ensure_indices().await?;
    let queue_url = order.spec.trigger.queue_url().ok_or(IngestError::NoQueue)?;
    let is_shared = order.spec.queue_credentials().is_empty();
    let mount = if is_shared { secret_mount::STORAGE } else { secret_mount::QUEUE };
    let sqs = aws::sqs_client(&order.spec.queue_storage(), queue_url, &mounted(mount)?).await?;
    let queue = Queue::new(sqs, queue_url.to_owned());
    let (acknowledge, acknowledging) = queue.acknowledger();
    let heartbeat_ends = CancellationToken::new();
    let heartbeat = tokio::spawn({
        let (queue, ends) = (queue.clone(), heartbeat_ends.clone());
        async move { queue.keep_hidden(ends).await }
    });
    let places = Arc::new(Semaphore::new(MESSAGES as usize));
    let worker = Arc::new(Worker { processor, queue, places, acknowledge, stop });
    let report = worker.drain().await;
    drop(worker);
    let _ = acknowledging.await;
    heartbeat_ends.cancel();
    let _ = heartbeat.await;
    Ok(report)
}

struct Worker {
    processor: Arc<Processor>,
    queue: Queue,
    places: Arc<Semaphore>,
    acknowledge: mpsc::UnboundedSender<String>,
    stop: ShutdownTokens,
}

impl Worker {
    async fn drain(self: &Arc<Self>) -> Report {
        let tasks = TaskTracker::new();
        let reason = self.receive(&tasks).await;
        tasks.close();
        tasks.wait().await;
        let counts = &self.processor.committer.counts;
        Report {
            done: counts.of(UnitState::Indexed) + counts.of(UnitState::Converted),
            failed: counts.of(UnitState::Failed),
            skipped: counts.of(UnitState::Skipped),
            overwritten: counts.overwritten(),
            busy_millis: telemetry::worker().status().busy_millis,
            ended: reason.to_owned(),
            ..Report::default()
        }
    }

    /// Receives for as long as there is a reason to. Returns why it ended.
    async fn receive(self: &Arc<Self>, tasks: &TaskTracker) -> &'static str {
        let workers = &self.processor.spec.workers;
        let idle_limit = seconds(workers.idle_seconds);
        let lifetime = Instant::now() + seconds(workers.max_lifetime_seconds);
        let mut idle_since = Instant::now();
        let (mut under_way, mut at_a_time) = (FuturesUnordered::new(), 1);
        let reason = loop {
            if self.stop.closing.is_cancelled() {
                break "asked to end";
            }
            if Instant::now() >= lifetime {
                break "lifetime is over";
            }
            while under_way.len() < at_a_time {
                under_way.push(self.receive_once(tasks));
            }
            let received = under_way.next().await.unwrap_or_default();
            if received > 0 || !tasks.is_empty() {
                idle_since = Instant::now();
            } else if idle_since.elapsed() >= idle_limit {
                break "idle";
            }
            at_a_time = if received > 0 && !is_little(received) { RECEIVES } else { 1 };
            let others = tasks.len().saturating_sub(received);
            if others > 0 && is_little(received) {
                self.stop.closing.run_until_cancelled(tokio::time::sleep(LITTLE_LEFT)).await;
            }
        };
        // The queue would hide what it gives to a request that nobody waits for.
        while under_way.next().await.is_some() {}
        reason
    }

    /// Asks for messages once there are places for as many as one request can have, and starts each that came when it has
    /// its places. Large ones may have to wait for those before them; they are kept hidden meanwhile. Returns how many
    /// came.
    async fn receive_once(self: &Arc<Self>, tasks: &TaskTracker) -> usize {
        let Some(mut reserved) = self.places(PLACES_OF_A_BATCH).await else { return 0 };
        if !store_health::global().may_receive() {
            // What is in flight waits for a store already; more would only wait as well.
            self.stop.closing.run_until_cancelled(tokio::time::sleep(HINDERED)).await;
            return 0;
        }
        let messages = match self.queue.receive(LONG_POLL).await {
            Ok(messages) => messages,
            Err(error) => {
                tracing::warn!(%error, "failed to receive messages; retrying");
                self.stop.closing.run_until_cancelled(tokio::time::sleep(LONG_POLL)).await;
                return 0;
            }
        };
        let received = messages.len();
        for message in messages {
            let more = self.places(places_for(message.body.len()) - 1).await;
            let (Some(mut places), Some(one)) = (more, reserved.split(1)) else {
                self.queue.release(&message.receipt, Duration::ZERO).await;
                continue;
            };
            places.merge(one);
            let this = Arc::clone(self);
            tasks.spawn(async move {
                this.process_message(message).await;
                drop(places);
            });
        }
        received
    }

    /// So many places, as soon as they are free. `None`: the worker is asked to end.
    async fn places(&self, count: u32) -> Option<OwnedSemaphorePermit> {
        let acquiring = Arc::clone(&self.places).acquire_many_owned(count);
        self.stop.closing.run_until_cancelled(acquiring).await?.ok()
    }
}

/// Whether a queue gave less than half of what it could. Nothing at all does not count: then the queue itself has waited.
fn is_little(received: usize) -> bool {
    received > 0 && received * 2 < BATCH
}

/// How many places a message of this many bytes takes; never as many as cannot be free beside those that are reserved.
fn places_for(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES_OF_A_PLACE + 1).unwrap_or(MESSAGES).min(MESSAGES / 2)
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{BATCH, MESSAGES, PLACES_OF_A_BATCH, RECEIVES, is_little, places_for};

    #[test]
    fn a_queue_that_gave_little_is_asked_again_later() {
        assert_eq!([0, 1, 4, 5, 10].map(is_little), [false, true, true, false, false]);
    }

    #[test]
    fn a_message_takes_places_by_its_size_and_there_are_always_that_many() {
        assert_eq!((places_for(0), places_for(1000), places_for(1 << 20)), (1, 1, 33));
        assert_eq!(usize::try_from(PLACES_OF_A_BATCH), Ok(BATCH));
        let reserved = u32::try_from(RECEIVES).expect("a number") * PLACES_OF_A_BATCH;
        assert!(places_for(usize::MAX) + reserved <= MESSAGES);
    }
}
