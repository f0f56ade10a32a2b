//! A worker of an `IngestSource`: takes messages from the queue until there are none, and processes each to
//! completion.
//!
//! [`crate::ingest`] describes the path of a unit. This module only schedules it: one task receives as long
//! as there is room; one task per message has its units processed, and acknowledges the message when all of
//! them are final. A message keeps its places until then, so that a slow index stops the receiving instead of
//! filling the memory (backpressure). [`message`] processes a single one.

mod message;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use docmill_clients::secrets::mounted;
use docmill_clients::{aws, store_health};
use docmill_crds::contract::{IngestOrder, Report, secret_mount};
use docmill_crds::records::units::UnitState;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::IngestError;
use super::processor::{Processor, ShutdownTokens};
use super::source::queue::{BATCH, Queue, ReceivedMessage};
use crate::telemetry;

/// Places for messages in flight: enough to fill a batch while the previous one is being sent.
const MESSAGES: u32 = 512;
/// A message takes one place for every this many bytes. S3's messages have about one KiB, and SQS accepts 1
/// MiB.
const BYTES_OF_A_PLACE: usize = 32 * 1024;
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
    let worker = Arc::new(Worker { processor, queue, acknowledge, stop });
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
        let places = Arc::new(Semaphore::new(MESSAGES as usize));
        let messages_in_flight = Arc::new(AtomicUsize::new(0));
        let mut idle_since = Instant::now();
        loop {
            if self.stop.closing.is_cancelled() {
                return "asked to end";
            }
            if Instant::now() >= lifetime {
                return "lifetime is over";
            }
            let received = self.receive_into(&places).await;
            if received.is_empty() && messages_in_flight.load(Ordering::SeqCst) == 0 {
                if idle_since.elapsed() >= idle_limit {
                    return "idle";
                }
            } else {
                idle_since = Instant::now();
            }
            let is_busy = messages_in_flight.load(Ordering::SeqCst) > 0;
            let wait = is_busy && had_little(received.len(), places.available_permits());
            for (message, permit) in received {
                messages_in_flight.fetch_add(1, Ordering::SeqCst);
                let (this, messages_in_flight) = (Arc::clone(self), Arc::clone(&messages_in_flight));
                tasks.spawn(async move {
                    this.process_message(message).await;
                    drop(permit);
                    messages_in_flight.fetch_sub(1, Ordering::SeqCst);
                });
            }
            if wait {
                self.stop.closing.run_until_cancelled(tokio::time::sleep(LITTLE_LEFT)).await;
            }
        }
    }

    /// Messages, each with the permit for its places; none are received without a free place.
    async fn receive_into(&self, places: &Arc<Semaphore>) -> Vec<(ReceivedMessage, OwnedSemaphorePermit)> {
        let free = async {
            let permit = Arc::clone(places).acquire_owned().await;
            drop(permit);
        };
        if self.stop.closing.run_until_cancelled(free).await.is_none() {
            return Vec::new();
        }
        if !store_health::global().may_receive() {
            // What is in flight waits for a store already; more would only wait as well.
            self.stop.closing.run_until_cancelled(tokio::time::sleep(HINDERED)).await;
            return Vec::new();
        }
        match self.queue.receive(places.available_permits(), LONG_POLL).await {
            Ok(messages) => self.place_all(messages, places).await,
            Err(error) => {
                tracing::warn!(%error, "failed to receive messages; retrying");
                self.stop.closing.run_until_cancelled(tokio::time::sleep(LONG_POLL)).await;
                Vec::new()
            }
        }
    }

    /// Assigns places to messages. Large ones may have to wait for those before them; they are kept hidden
    /// meanwhile.
    async fn place_all(
        &self,
        messages: Vec<ReceivedMessage>,
        places: &Arc<Semaphore>,
    ) -> Vec<(ReceivedMessage, OwnedSemaphorePermit)> {
        let mut admitted = Vec::with_capacity(messages.len());
        for message in messages {
            let acquiring = Arc::clone(places).acquire_many_owned(places_for(message.body.len()));
            match self.stop.closing.run_until_cancelled(acquiring).await {
                Some(Ok(permit)) => admitted.push((message, permit)),
                _ => self.queue.release(&message.receipt, Duration::ZERO).await,
            }
        }
        admitted
    }
}

/// Whether a queue gave less than half of what it could, although there are places for more. Nothing at all does
/// not count: then the queue itself has waited.
fn had_little(received: usize, places_left: usize) -> bool {
    received > 0 && received * 2 < BATCH && places_left > 0
}

/// How many places a message of this many bytes takes.
fn places_for(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES_OF_A_PLACE + 1).unwrap_or(MESSAGES).min(MESSAGES)
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{MESSAGES, had_little, places_for};

    #[test]
    fn a_queue_that_gave_little_is_asked_again_later_but_not_a_worker_that_had_no_room() {
        assert_eq!(
            [0, 1, 4, 5, 10].map(|received| had_little(received, 9)),
            [false, true, true, false, false]
        );
        assert!(!had_little(4, 0));
    }

    #[test]
    fn a_message_takes_places_by_its_size_and_never_more_than_there_are() {
        assert_eq!((places_for(0), places_for(1000), places_for(1 << 20)), (1, 1, 33));
        assert_eq!(places_for(usize::MAX), MESSAGES);
    }
}
