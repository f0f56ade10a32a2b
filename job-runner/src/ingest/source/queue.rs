//! The queue: receives messages, keeps them while they are processed, and releases them.
//!
//! A message is deleted in one place: [`Queue::acknowledger`], to which `worker/message.rs` sends it once the
//! records of all its units are durable. Until then it is only hidden, by renewing its visibility timeout;
//! [`Queue::release`] makes it visible to others again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName,
};
use docmill_clients::aws::{StoreError, store_reason};
use docmill_clients::clock;
use docmill_clients::store_health::{self, StoreProblemGuard};
use docmill_crds::contract::Store;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use crate::telemetry;

/// The visibility timeout of a message. A killed worker's messages come back after it.
const VISIBILITY: Duration = Duration::from_secs(30);
/// How often the visibility timeout of held messages is renewed: often enough that two failed attempts in a
/// row lose nothing.
const HEARTBEAT: Duration = Duration::from_secs(8);
/// SQS accepts at most ten messages per request.
pub const BATCH: usize = 10;
/// How long a message that is done waits for others that are deleted with it. It stays hidden meanwhile.
const DELETED_WITHIN: Duration = Duration::from_millis(500);

/// The queue of a source, and the messages that this worker holds.
#[derive(Clone, Debug)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
    held_receipts: Arc<Mutex<HashSet<String>>>,
    held_up: Arc<Mutex<StoreProblemGuard>>,
}

/// A received message.
#[derive(Clone, Debug)]
pub struct ReceivedMessage {
    /// The queue's id of the message.
    pub id: String,
    /// The queue's receipt handle of this delivery.
    pub receipt: String,
    /// The body.
    pub body: String,
    /// How often it was delivered, this time included; one if the queue does not say.
    pub receive_count: i64,
    /// How long ago it was delivered for the first time; zero if this is the first time, or the queue does
    /// not say.
    pub redelivered_for: Duration,
}

impl Queue {
    /// A queue by its URL.
    pub fn new(client: aws_sdk_sqs::Client, url: String) -> Self {
        let held_up = Arc::new(Mutex::new(store_health::global().held_up()));
        Self { client, url, held_receipts: Arc::default(), held_up }
    }

    /// Its name: the last segment of its URL.
    pub fn name(&self) -> &str {
        self.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// Waits up to `wait` for messages, and receives at most [`BATCH`] of them. They are held from here on.
    pub async fn receive(&self, wait: Duration) -> Result<Vec<ReceivedMessage>, StoreError> {
        let seconds = |duration: Duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX);
        let response = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(BATCH).unwrap_or(1))
            .wait_time_seconds(seconds(wait))
            .visibility_timeout(seconds(VISIBILITY))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateFirstReceiveTimestamp)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(format!("receive from {}", self.url), &error))
            .inspect_err(|error| self.hindered_by(Some(error)))?;
        self.hindered_by(None);
        let received: Vec<_> = response.messages.unwrap_or_default().into_iter().filter_map(read).collect();
        self.lock().extend(received.iter().map(|message| message.receipt.clone()));
        Ok(received)
    }

    /// Reports that the queue holds up the worker, or no longer does.
    fn hindered_by(&self, error: Option<&StoreError>) {
        let reason = error.and_then(store_reason);
        let message = error.map(ToString::to_string).unwrap_or_default();
        let mut held_up = self.held_up.lock().unwrap_or_else(PoisonError::into_inner);
        held_up.set(reason.map(|reason| (Store::Queue, reason)), &message);
    }

    /// Starts deleting messages whose units are final, in full batches if others follow soon. It ends when
    /// all senders are gone.
    pub fn acknowledger(&self) -> (mpsc::UnboundedSender<String>, JoinHandle<()>) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let this = self.clone();
        let task = tokio::spawn(async move {
            while let Some(receipts) = next_batch(&mut receiver).await {
                this.delete(&receipts).await;
            }
        });
        (sender, task)
    }

    /// Deletes at most [`BATCH`] messages. One that cannot be deleted now comes back, and its units are found
    /// done then.
    async fn delete(&self, receipts: &[String]) {
        let entries = receipts.iter().enumerate().filter_map(|(number, receipt)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
            entry.receipt_handle(receipt).build().ok()
        });
        let started_at = Instant::now();
        let request = self.client.delete_message_batch().queue_url(&self.url);
        match request.set_entries(Some(entries.collect())).send().await {
            Ok(response) => {
                telemetry::worker().metrics.step("acknowledge", started_at);
                for failed in response.failed {
                    tracing::warn!(
                        code = failed.code,
                        "failed to delete a message; it will be delivered again"
                    );
                }
            }
            Err(error) => {
                let error = StoreError::from_sdk("delete messages", &error);
                tracing::warn!(%error, "failed to delete messages; they will be delivered again");
            }
        }
        self.forget(receipts);
    }

    /// Lets a message come back after `delay`.
    pub async fn release(&self, receipt: &str, delay: Duration) {
        self.forget(std::slice::from_ref(&receipt.to_owned()));
        self.hide(&[receipt.to_owned()], delay).await;
    }

    /// Renews the visibility timeout of held messages until it is stopped.
    pub async fn keep_hidden(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(HEARTBEAT)).await.is_some() {
            let held: Vec<String> = self.lock().iter().cloned().collect();
            for batch in held.chunks(BATCH) {
                self.hide(batch, VISIBILITY).await;
            }
        }
    }

    async fn hide(&self, receipts: &[String], duration: Duration) {
        let seconds = i32::try_from(duration.as_secs()).unwrap_or(i32::MAX);
        let entries = receipts.iter().enumerate().filter_map(|(number, receipt)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
            entry.receipt_handle(receipt).visibility_timeout(seconds).build().ok()
        });
        let request = self.client.change_message_visibility_batch().queue_url(&self.url);
        if let Err(error) = request.set_entries(Some(entries.collect())).send().await {
            let error = StoreError::from_sdk("keep messages hidden", &error);
            tracing::warn!(%error, "failed to change the visibility of messages; other workers may receive what this one is processing");
        }
    }

    fn forget(&self, receipts: &[String]) {
        let mut held = self.lock();
        for receipt in receipts {
            held.remove(receipt);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.held_receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next receipt, and those that come within [`DELETED_WITHIN`], at most [`BATCH`]. `None`: all senders are
/// gone.
async fn next_batch(receiver: &mut mpsc::UnboundedReceiver<String>) -> Option<Vec<String>> {
    let mut receipts = vec![receiver.recv().await?];
    let due = tokio::time::Instant::now() + DELETED_WITHIN;
    while receipts.len() < BATCH
        && let Ok(Some(next)) = timeout_at(due, receiver.recv()).await
    {
        receipts.push(next);
    }
    Some(receipts)
}

/// `None` for a message that could be neither named nor deleted.
fn read(message: Message) -> Option<ReceivedMessage> {
    let attribute = |name| message.attributes.as_ref()?.get(&name);
    // A queue that does not know this attribute has messages all the same: they must not wait for it unseen.
    let receive_count = attribute(MessageSystemAttributeName::ApproximateReceiveCount);
    let receive_count = receive_count.and_then(|count| count.parse::<i64>().ok()).unwrap_or(1);
    let first_received_millis: Option<i64> =
        attribute(MessageSystemAttributeName::ApproximateFirstReceiveTimestamp)
            .and_then(|millis| millis.parse().ok())
            .filter(|_| receive_count > 1);
    let redelivered_millis =
        first_received_millis.map_or(0, |first| clock::now_millis().saturating_sub(first));
    Some(ReceivedMessage {
        id: message.message_id?,
        receipt: message.receipt_handle?,
        body: message.body.unwrap_or_default(),
        receive_count,
        redelivered_for: Duration::from_millis(u64::try_from(redelivered_millis).unwrap_or(0)),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
    use tokio::sync::mpsc;

    use super::{next_batch, read};

    #[test]
    fn a_message_of_a_queue_that_does_not_count_deliveries_is_taken_all_the_same() {
        let message = || Message::builder().message_id("id").receipt_handle("receipt").body("{}");
        let plain = read(message().build()).unwrap();
        assert_eq!((plain.id.as_str(), plain.body.as_str(), plain.receive_count), ("id", "{}", 1));
        let counted = |count: &str| {
            let name = MessageSystemAttributeName::ApproximateReceiveCount;
            read(message().attributes(name, count).build()).unwrap().receive_count
        };
        assert_eq!((counted("7"), counted("many")), (7, 1));
        assert!(read(Message::builder().message_id("id").build()).is_none());
    }

    #[tokio::test]
    async fn messages_are_deleted_in_tens_and_the_last_ones_soon() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for number in 0..23 {
            sender.send(number.to_string()).unwrap();
        }
        let mut sizes = Vec::new();
        for _ in 0..3 {
            sizes.push(next_batch(&mut receiver).await.unwrap().len());
        }
        assert_eq!(sizes, [10, 10, 3]);
        sender.send("late".to_owned()).unwrap();
        drop(sender);
        assert_eq!(next_batch(&mut receiver).await.unwrap(), ["late"]);
        assert_eq!(next_batch(&mut receiver).await, None);
    }
}
