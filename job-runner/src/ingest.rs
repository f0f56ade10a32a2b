//! A worker of an `IngestSource`: takes messages from the queue until there are none, and sees each to its end.
//!
//! The path of a unit is [`crate::pipeline`]. Here is only who does it when: one task receives, as long as there is
//! room; one task a message has its units processed, and acknowledges it when all of them are final. A message
//! keeps its place until then, so that a slow index stops the receiving and not the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use docmill_crds::contract::{IngestOrder, Report, secret_mount};
use docmill_crds::ledger::{UnitId, UnitState, content_digest};
use docmill_crds::reason::Reason;
use futures::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::observe;
use crate::pipeline::notification::{self, Event, NotificationError};
use crate::pipeline::persist::persist;
use crate::pipeline::place::PATIENCE;
use crate::pipeline::process::{IngestError, Processor, Stop};
use crate::pipeline::queue::{Queue, Received};
use crate::pipeline::refuse::{self, Stage};
use crate::pipeline::remove::{Removal, remove};
use crate::pipeline::task::{Ended, Redo, Task};
use crate::secrets::mounted;
use crate::stores;

/// Messages in a worker's hands: enough to fill a batch while the one before is on its way.
const MESSAGES: usize = 256;
/// Units of one message that are processed at a time.
const UNITS_AT_A_TIME: usize = 8;
/// How long one request waits for messages; a worker that is asked to end does so within this time.
const LONG_POLL: Duration = Duration::from_secs(2);
/// How often a worker that waits for a store looks whether it may receive again.
const HINDERED: Duration = Duration::from_millis(500);
/// When a message that could not be finished is tried again.
const RELEASE_DELAY: Duration = Duration::from_secs(10);

/// Works until the queue was empty for `idleSeconds`, the lifetime is over, or the worker is asked to end.
pub async fn run(order: IngestOrder, runner: String, stop: Stop) -> Result<Report, IngestError> {
    let processor = Processor::new(&order, runner, None, stop.clone()).await?;
    processor.ensure_indices().await?;
    let queue_url = order.spec.trigger.queue_url().ok_or(IngestError::NoQueue)?;
    let sqs = stores::sqs_client(&order.spec.storage, queue_url, &mounted(secret_mount::STORAGE)?).await?;
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
    stop: Stop,
}

impl Worker {
    async fn drain(self: &Arc<Self>) -> Report {
        let tasks = TaskTracker::new();
        let ended = self.receive(&tasks).await;
        tasks.close();
        tasks.wait().await;
        let counts = &self.processor.finish.counts;
        Report {
            done: counts.of(UnitState::Indexed) + counts.of(UnitState::Converted),
            failed: counts.of(UnitState::Failed),
            skipped: counts.of(UnitState::Skipped),
            busy_millis: observe::worker().present().busy_millis,
            ended: ended.to_owned(),
            error: None,
        }
    }

    /// Receives for as long as there is a reason to. Gives why it ended.
    async fn receive(self: &Arc<Self>, tasks: &TaskTracker) -> &'static str {
        let workers = &self.processor.spec.workers;
        let idle_limit = seconds(workers.idle_seconds);
        let lifetime = Instant::now() + seconds(workers.max_lifetime_seconds);
        let places = Arc::new(Semaphore::new(MESSAGES));
        let in_hand = Arc::new(AtomicUsize::new(0));
        let mut idle_since = Instant::now();
        loop {
            if self.stop.closing.is_cancelled() {
                return "asked to end";
            }
            if Instant::now() >= lifetime {
                return "lifetime is over";
            }
            let received = self.receive_into(&places).await;
            if received.is_empty() && in_hand.load(Ordering::SeqCst) == 0 {
                if idle_since.elapsed() >= idle_limit {
                    return "idle";
                }
            } else {
                idle_since = Instant::now();
            }
            for (message, place) in received {
                in_hand.fetch_add(1, Ordering::SeqCst);
                let (this, in_hand) = (Arc::clone(self), Arc::clone(&in_hand));
                tasks.spawn(async move {
                    this.work(message).await;
                    drop(place);
                    in_hand.fetch_sub(1, Ordering::SeqCst);
                });
            }
        }
    }

    /// Messages, each with a place of its own; none are received for which there is no place.
    async fn receive_into(&self, places: &Arc<Semaphore>) -> Vec<(Received, OwnedSemaphorePermit)> {
        let free = async {
            let permit = Arc::clone(places).acquire_owned().await;
            drop(permit);
        };
        if self.stop.closing.run_until_cancelled(free).await.is_none() {
            return Vec::new();
        }
        if !observe::worker().may_receive() {
            // What is in hand waits for a store already; more would only wait as well.
            self.stop.closing.run_until_cancelled(tokio::time::sleep(HINDERED)).await;
            return Vec::new();
        }
        match self.queue.receive(places.available_permits(), LONG_POLL).await {
            Ok(messages) => messages
                .into_iter()
                .filter_map(|message| Some((message, Arc::clone(places).try_acquire_owned().ok()?)))
                .collect(),
            Err(error) => {
                tracing::warn!(%error, "cannot receive; trying again");
                self.stop.closing.run_until_cancelled(tokio::time::sleep(LONG_POLL)).await;
                Vec::new()
            }
        }
    }

    /// Sees a message to its end: it is acknowledged when all that it told of is final, and let go otherwise.
    async fn work(&self, message: Received) {
        let is_final = match notification::parse(&message.body) {
            Ok(events) => self.work_off(events, message.attempts).await,
            Err(error) => self.set_aside(&message, &error).await.is_some(),
        };
        if is_final {
            // The acknowledger ends after all who could tell it of a message.
            let _ = self.acknowledge.send(message.receipt);
        } else {
            self.queue.release(&message.receipt, RELEASE_DELAY).await;
        }
    }

    /// Works off what a message told of. Whether all of it is final.
    async fn work_off(&self, events: Vec<Event>, attempts: i64) -> bool {
        let raw = &self.processor.spec.raw;
        let covered =
            events.into_iter().filter(|event| raw.covers(&event.object().bucket, &event.object().key));
        futures::stream::iter(covered)
            .map(|event| self.work_event(event, attempts))
            .buffer_unordered(UNITS_AT_A_TIME)
            .fold(true, async |all, ended| all && ended.is_final())
            .await
    }

    async fn work_event(&self, event: Event, attempts: i64) -> Ended {
        match event {
            Event::Landed(landed) => self.processor.process(Task { landed, attempts, redo: Redo::No }).await,
            Event::Removed(object) => match remove(&self.processor.finish, &object, &self.stop.abort).await {
                Removal::Ended(ended) => ended,
                Removal::Holds(landed) => {
                    self.processor.process(Task { landed, attempts, redo: Redo::No }).await
                }
            },
        }
    }

    /// A message that is no notification counts as a failed unit: it is kept with the reason, recorded, and leaves the
    /// queue.
    async fn set_aside(&self, message: &Received, error: &NotificationError) -> Option<()> {
        tracing::warn!(id = message.id, %error, "a message of the queue is no notification");
        let (finish, stop) = (&self.processor.finish, &self.stop.abort);
        let unit = UnitId {
            bucket: format!("queue:{}", self.queue.name()),
            key: message.id.clone(),
            version: content_digest([message.body.as_bytes()]),
        };
        let (reason, told) = (Reason::MalformedNotification, error.to_string());
        let mut record = finish.recorder.error(unit.clone(), Stage::Receive, reason, &told);
        record.attempts = message.attempts;
        persist("set aside", stop, || {
            refuse::refuse_message(&finish.s3, &finish.errors, &message.id, &message.body, &record)
        })
        .await?;
        let record = finish.recorder.of_message(unit, told, message.attempts, clock::now_millis());
        persist("record", stop, || finish.write_record(&record, None, PATIENCE, stop)).await
    }
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}
