//! The queue service.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use docmill_clients::aws::sqs_client;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::env::Env;
use super::s3::storage;

/// SQS takes at most ten messages a request.
const BATCH: usize = 10;
/// Requests that are under way at a time.
const CONCURRENCY: usize = 8;

/// A client of the queue service.
#[derive(Clone)]
pub struct Sqs(Client);

/// Messages of a queue, as SQS counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Ready to be received.
    pub waiting: u64,
    /// Received and not yet deleted.
    pub in_flight: u64,
}

impl Sqs {
    /// Makes a client; nothing is sent yet.
    pub async fn connect(env: &Env) -> Result<Self> {
        let (storage, secrets) = storage(env);
        // The client's endpoint is the origin of a queue's URL; the queue itself does not matter here.
        let any_queue = format!("{}/queue", env.sqs.outside);
        Ok(Self(sqs_client(&storage, &any_queue, &secrets).await?))
    }

    /// Makes a queue and gives its URL, as pods use it. A message that a dead worker held comes back after
    /// `visibility_seconds`.
    pub async fn create(&self, name: &str, visibility_seconds: u32) -> Result<String> {
        let created = self
            .0
            .create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::VisibilityTimeout, visibility_seconds.to_string())
            .send()
            .await
            .with_context(|| format!("failed to create the queue {name}"))?;
        created.queue_url.context("the queue has no URL")
    }

    /// Removes a queue, if there is one.
    pub async fn remove(&self, url: &str) -> Result<()> {
        match self.0.delete_queue().queue_url(url).send().await.map_err(aws_sdk_sqs::Error::from) {
            Ok(_) | Err(aws_sdk_sqs::Error::QueueDoesNotExist(_)) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("failed to remove the queue {url}")),
        }
    }

    /// Sends messages.
    pub async fn send_all(&self, url: &str, bodies: Vec<String>) -> Result<()> {
        let batches: Vec<Vec<String>> = bodies.chunks(BATCH).map(<[String]>::to_vec).collect();
        let sending = stream::iter(batches).map(|batch| self.send(url, batch));
        sending.buffer_unordered(CONCURRENCY).try_collect().await
    }

    async fn send(&self, url: &str, bodies: Vec<String>) -> Result<()> {
        let entries = bodies.into_iter().enumerate().map(|(number, body)| {
            SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(body).build()
        });
        let entries = entries.collect::<Result<_, _>>()?;
        let sent = self.0.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await;
        let sent = sent.with_context(|| format!("failed to send to {url}"))?;
        ensure!(sent.failed.is_empty(), "the queue did not take {:?}", sent.failed);
        Ok(())
    }

    /// Forgets every message of a queue.
    pub async fn purge(&self, url: &str) -> Result<()> {
        match self.0.purge_queue().queue_url(url).send().await.map_err(aws_sdk_sqs::Error::from) {
            // SQS purges at most once a minute; one that is under way does as well.
            Ok(_) | Err(aws_sdk_sqs::Error::PurgeQueueInProgress(_)) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("failed to purge the queue {url}")),
        }
    }

    /// How much is in a queue.
    pub async fn backlog(&self, url: &str) -> Result<Backlog> {
        let (waiting, in_flight) = (
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        );
        let request = self.0.get_queue_attributes().queue_url(url);
        let answer =
            request.attribute_names(waiting.clone()).attribute_names(in_flight.clone()).send().await?;
        let count = |name: &QueueAttributeName| -> Result<u64> {
            let value = answer.attributes().and_then(|all| all.get(name));
            Ok(value.context("the queue does not say how much is in it")?.parse()?)
        };
        Ok(Backlog { waiting: count(&waiting)?, in_flight: count(&in_flight)? })
    }
}
