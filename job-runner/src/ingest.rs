//! A worker of an `IngestSource`: takes units from the queue until there are none, and sees each to its end.
//!
//! The path of a unit is [`crate::pipeline`]. Here is only who does it when: one task receives, as long as there is
//! room; one task a message prepares its units (fetch, convert, snapshot); one task gathers them and finishes them in
//! batches (index, refuse, record, acknowledge). Between them is a bounded channel, and a message keeps its place
//! until it is settled, so that a slow index stops the receiving and not the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use docmill_crds::contract::{IngestOrder, Report, secret_mount};
use docmill_crds::conversion::{Model, ModelError};
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::ingest_source::IngestSourceSpec;
use docmill_crds::ledger::{self, UnitState};
use docmill_crds::template::{Template, TemplateError};
use futures::StreamExt as _;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::elastic::{Elastic, ElasticError, mapping as elastic_mapping};
use crate::pipeline::address::Addressing;
use crate::pipeline::convert::Converter;
use crate::pipeline::counts::Counts;
use crate::pipeline::fetch::Room;
use crate::pipeline::finish::{Finish, Work};
use crate::pipeline::prepare::Preparation;
use crate::pipeline::queue::{Queue, Received};
use crate::pipeline::record::Recorder;
use crate::pipeline::unit::Delivery;
use crate::pipeline::{mapping, notification, persist::persist, refuse};
use crate::retry::{self, Patience};
use crate::secrets::{MountError, mounted};
use crate::stores::{self, StoreError};

/// Messages in a worker's hands: enough to fill a batch while the one before is on its way.
const MESSAGES: usize = 256;
/// Memory for raw objects, in KiB. Their JSON takes about as much again, twice while it is being sent.
const ROOM_KIBIBYTES: u32 = 32 * 1024;
/// Units of one message that are prepared at a time.
const UNITS_AT_A_TIME: usize = 8;
/// A batch is sent when it has so many units, …
const BATCH_UNITS: usize = 500;
/// … or when its first unit has waited for so long.
const BATCH_AGE: Duration = Duration::from_millis(150);
/// Batches on their way at a time.
const BATCHES: usize = 2;
/// How long a worker waits for Elasticsearch before it holds any message; after that it reports why it could not start.
const PATIENCE_AT_START: Patience = Patience::lasting(Duration::from_mins(2));
/// How long one request waits for messages; a worker that is asked to end does so within this time.
const LONG_POLL: Duration = Duration::from_secs(2);

/// Why a worker cannot work.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The conversion of the source cannot work.
    #[error("spec.conversion: {0}")]
    Model(#[from] ModelError),
    /// A template of the source cannot work.
    #[error("{field}: {error}")]
    Template {
        /// Which field of the resource.
        field: &'static str,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// The source has no queue to take units from.
    #[error("spec.trigger.sqs is not set, so there is no queue to take units from")]
    NoQueue,
    /// A mounted Secret cannot be read.
    #[error(transparent)]
    Secret(#[from] MountError),
    /// The object store or the queue.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index or the ledger.
    #[error(transparent)]
    Elastic(#[from] ElasticError),
}

impl Classify for IngestError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Model(error) => error.class(),
            Self::Template { .. } => ErrorClass::User,
            Self::NoQueue => ErrorClass::Permanent,
            Self::Secret(_) => ErrorClass::Transient,
            Self::Store(error) => error.class(),
            Self::Elastic(error) => error.class(),
        }
    }
}

/// When a worker ends.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Receive no more; finish what is there.
    pub closing: CancellationToken,
    /// Let go of what is there; it comes back.
    pub abort: CancellationToken,
}

/// Works until the queue was empty for `idleSeconds`, the lifetime is over, or the worker is asked to end.
pub async fn run(order: IngestOrder, runner: String, stop: Stop) -> Result<Report, IngestError> {
    let worker = Arc::new(Worker::new(order, runner, stop).await?);
    worker.ensure_indices().await?;
    let heartbeat_ends = CancellationToken::new();
    let heartbeat = tokio::spawn({
        let (queue, ends) = (worker.finish.queue.clone(), heartbeat_ends.clone());
        async move { queue.keep_hidden(ends).await }
    });
    let report = worker.drain().await;
    heartbeat_ends.cancel();
    let _ = heartbeat.await;
    Ok(report)
}

struct Worker {
    preparation: Arc<Preparation>,
    finish: Finish,
    model: Model,
    stop: Stop,
    spec: IngestSourceSpec,
}

impl Worker {
    async fn new(order: IngestOrder, runner: String, stop: Stop) -> Result<Self, IngestError> {
        let spec = &order.spec;
        let storage_secrets = mounted(secret_mount::STORAGE)?;
        let s3 = stores::s3_client(&spec.storage, &storage_secrets).await?;
        let queue_url = spec.trigger.queue_url().ok_or(IngestError::NoQueue)?;
        let sqs = stores::sqs_client(&spec.storage, queue_url, &storage_secrets).await?;
        let elastic = Elastic::new(&spec.index.elasticsearch, &mounted(secret_mount::INDEX)?)?;
        let model = spec.conversion.resolve()?;
        let recorder = Recorder {
            source: format!("{}/{}", order.namespace, order.source),
            revision: model.revision(),
            runner,
        };
        let preparation = Preparation {
            s3: s3.clone(),
            snapshots: spec.snapshots.clone(),
            converter: Converter::new(&model)?,
            addressing: addressing(spec)?,
            recorder: recorder.clone(),
            room: Room::new(ROOM_KIBIBYTES),
        };
        let finish = Finish {
            elastic,
            s3,
            errors: spec.errors.clone(),
            ledger: ledger::units_index(&order.namespace, &order.source),
            recorder,
            queue: Queue::new(sqs, queue_url.to_owned()),
            counts: Counts::default(),
        };
        Ok(Self { preparation: Arc::new(preparation), finish, model, stop, spec: order.spec })
    }

    /// The ledger and the template of the articles have to be there before the first document.
    async fn ensure_indices(&self) -> Result<(), IngestError> {
        let elastic = &self.finish.elastic;
        let pattern = self.preparation.addressing.index.wildcard();
        let name = elastic_mapping::template_name(&pattern);
        retry::persist(PATIENCE_AT_START, &self.stop.closing, async || {
            let distribution = elastic.info().await?.distribution;
            let fields = mapping::properties(&self.model, distribution);
            let template = elastic_mapping::index_template(&pattern, &fields);
            elastic.ensure_index(&self.finish.ledger, &ledger::units_index_body()).await?;
            elastic.put_index_template(&name, &template).await
        })
        .await?;
        Ok(())
    }

    async fn drain(self: &Arc<Self>) -> Report {
        let started = Instant::now();
        let (sender, receiver) = mpsc::channel(BATCH_UNITS);
        let finisher = tokio::spawn(Arc::clone(self).finish_batches(receiver));
        let tasks = TaskTracker::new();
        let (ended, idle) = self.receive(&tasks, &sender).await;
        drop(sender);
        tasks.close();
        tasks.wait().await;
        let _ = finisher.await;
        let counts = &self.finish.counts;
        let busy = started.elapsed().saturating_sub(idle);
        Report {
            done: counts.of(UnitState::Indexed),
            failed: counts.of(UnitState::Failed),
            skipped: counts.of(UnitState::Skipped),
            busy_millis: u64::try_from(busy.as_millis()).unwrap_or(u64::MAX),
            ended: ended.to_owned(),
            error: None,
        }
    }

    /// Receives for as long as there is a reason to. Gives why it ended, and for how long there was nothing to do.
    async fn receive(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        sender: &mpsc::Sender<Work>,
    ) -> (&'static str, Duration) {
        let workers = &self.spec.workers;
        let idle_limit = seconds(workers.idle_seconds);
        let lifetime = Instant::now() + seconds(workers.max_lifetime_seconds);
        let places = Arc::new(Semaphore::new(MESSAGES));
        let in_hand = Arc::new(AtomicUsize::new(0));
        let mut idle_since = Instant::now();
        let mut idle = Duration::ZERO;
        loop {
            if self.stop.closing.is_cancelled() {
                return ("asked to end", idle);
            }
            if Instant::now() >= lifetime {
                return ("lifetime is over", idle);
            }
            let before = Instant::now();
            let received = self.receive_into(&places).await;
            if received.is_empty() && in_hand.load(Ordering::SeqCst) == 0 {
                idle += before.elapsed();
                if idle_since.elapsed() >= idle_limit {
                    return ("idle", idle);
                }
            } else {
                idle_since = Instant::now();
            }
            for (message, place) in received {
                in_hand.fetch_add(1, Ordering::SeqCst);
                let (this, sender, in_hand) = (Arc::clone(self), sender.clone(), Arc::clone(&in_hand));
                tasks.spawn(async move {
                    this.work(message, sender).await;
                    drop(place);
                    in_hand.fetch_sub(1, Ordering::SeqCst);
                });
            }
        }
    }

    /// Messages, each with a place of its own; none are received for which there is no place.
    async fn receive_into(
        &self,
        places: &Arc<Semaphore>,
    ) -> Vec<(Received, tokio::sync::OwnedSemaphorePermit)> {
        let free = async {
            let permit = Arc::clone(places).acquire_owned().await;
            drop(permit);
        };
        if self.stop.closing.run_until_cancelled(free).await.is_none() {
            return Vec::new();
        }
        match self.finish.queue.receive(places.available_permits(), LONG_POLL).await {
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

    /// Sees a message to its end, and returns when it is settled.
    async fn work(&self, message: Received, sender: mpsc::Sender<Work>) {
        let landed = match notification::parse(&message.body) {
            Ok(landed) => landed,
            Err(error) => return self.set_aside(&message, &error).await,
        };
        let raw = &self.spec.raw;
        let landed: Vec<_> = landed.into_iter().filter(|it| raw.covers(&it.bucket, &it.key)).collect();
        if landed.is_empty() {
            return self.finish.queue.acknowledge(&[message.receipt]).await;
        }
        let delivery = Delivery::new(message.receipt, message.attempts, landed.len());
        let (sender, delivery) = (&sender, &delivery);
        futures::stream::iter(landed)
            .for_each_concurrent(UNITS_AT_A_TIME, |landed| async move {
                let prepared = self.preparation.prepare(&landed, &self.stop.abort).await;
                let work = Work { prepared, delivery: Arc::clone(delivery) };
                // The receiver outlives all senders; were it gone, the message would simply come back.
                let _ = sender.send(work).await;
            })
            .await;
        delivery.settled().await;
    }

    /// A message that is no notification: it is kept with the reason, and leaves the queue.
    async fn set_aside(&self, message: &Received, error: &notification::NotificationError) {
        tracing::warn!(id = message.id, %error, "a message of the queue is no notification");
        let source = &self.preparation.recorder.source;
        let record = json!({"source": source, "stage": refuse::Stage::Receive, "reason": "MalformedNotification",
            "message": error.to_string(), "messageId": message.id, "attempts": message.attempts});
        let errors = &self.spec.errors;
        let kept = persist("set aside", &self.stop.abort, || {
            refuse::refuse_message(&self.finish.s3, errors, &message.id, &message.body, &record)
        });
        if kept.await.is_some() {
            self.finish.queue.acknowledge(std::slice::from_ref(&message.receipt)).await;
        } else {
            self.finish.queue.release(&message.receipt, LONG_POLL).await;
        }
    }

    /// Gathers prepared units and finishes them in batches.
    async fn finish_batches(self: Arc<Self>, mut receiver: mpsc::Receiver<Work>) {
        let slots = Arc::new(Semaphore::new(BATCHES));
        let tasks = TaskTracker::new();
        while let Some(first) = receiver.recv().await {
            let batch = gather(first, &mut receiver).await;
            let slot = Arc::clone(&slots).acquire_owned().await;
            let this = Arc::clone(&self);
            tasks.spawn(async move {
                this.finish.finish(batch, &this.stop.abort).await;
                drop(slot);
            });
        }
        tasks.close();
        tasks.wait().await;
    }
}

async fn gather(first: Work, receiver: &mut mpsc::Receiver<Work>) -> Vec<Work> {
    let deadline = tokio::time::Instant::now() + BATCH_AGE;
    let mut batch = vec![first];
    while batch.len() < BATCH_UNITS {
        match tokio::time::timeout_at(deadline, receiver.recv()).await {
            Ok(Some(work)) => batch.push(work),
            Ok(None) | Err(_) => break,
        }
    }
    batch
}

fn addressing(spec: &IngestSourceSpec) -> Result<Addressing, IngestError> {
    let parse =
        |field, text: &str| Template::parse(text).map_err(|error| IngestError::Template { field, error });
    let index = &spec.index;
    Ok(Addressing { index: parse("spec.index.name", &index.name)?, id: parse("spec.index.id", &index.id)? })
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}
