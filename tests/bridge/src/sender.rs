//! Brings messages to the queues: one task a queue, batches of up to ten, tried until the queue took them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

/// The most that `SendMessageBatch` takes.
const BATCH: usize = 10;
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Hands messages to the queues in the background.
#[derive(Debug)]
pub(crate) struct Sender {
    endpoint: String,
    http: reqwest::Client,
    queues: Mutex<HashMap<String, mpsc::UnboundedSender<String>>>,
    sent: Arc<AtomicU64>,
    pending: Arc<AtomicU64>,
}

impl Sender {
    /// A sender for the queue service at this base URL.
    pub(crate) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            http: reqwest::Client::new(),
            queues: Mutex::default(),
            sent: Arc::default(),
            pending: Arc::default(),
        }
    }

    /// Queues a message and returns at once.
    pub(crate) fn send(&self, queue_url: &str, message: String) {
        self.pending.fetch_add(1, Ordering::Relaxed);
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(queue_url.to_owned()).or_insert_with(|| self.start(queue_url));
        // The task ends only with the process, so that its receiver is always there.
        let _ = queue.send(message);
    }

    /// Messages that a queue took, and messages that wait for one.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.pending.load(Ordering::Relaxed))
    }

    fn start(&self, queue_url: &str) -> mpsc::UnboundedSender<String> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let queue =
            Queue { endpoint: self.endpoint.clone(), url: queue_url.to_owned(), http: self.http.clone() };
        let (sent, pending) = (Arc::clone(&self.sent), Arc::clone(&self.pending));
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while receiver.recv_many(&mut batch, BATCH).await > 0 {
                let size = batch.len() as u64;
                if queue.deliver(std::mem::take(&mut batch)).await {
                    sent.fetch_add(size, Ordering::Relaxed);
                }
                pending.fetch_sub(size, Ordering::Relaxed);
            }
        });
        sender
    }
}

struct Queue {
    endpoint: String,
    url: String,
    http: reqwest::Client,
}

/// What became of one attempt.
enum Attempt {
    /// These messages were not taken; none of them when empty.
    Left(Vec<String>),
    /// The queue is gone, as that of a test that has ended: S3 loses such events too.
    NoSuchQueue,
}

impl Queue {
    /// Sends a batch until the queue took all of it. False when there is no such queue.
    async fn deliver(&self, mut batch: Vec<String>) -> bool {
        loop {
            match self.attempt(&batch).await {
                Ok(Attempt::Left(left)) if left.is_empty() => return true,
                Ok(Attempt::Left(left)) => batch = left,
                Ok(Attempt::NoSuchQueue) => {
                    tracing::warn!(queue = self.url, lost = batch.len(), "there is no such queue");
                    return false;
                }
                Err(error) => {
                    tracing::warn!(queue = self.url, error = %error, "failed to send, trying again");
                }
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn attempt(&self, batch: &[String]) -> Result<Attempt, reqwest::Error> {
        let reply = self
            .http
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "AmazonSQS.SendMessageBatch")
            .body(request(&self.url, batch).to_string())
            .send()
            .await?;
        let failed = reply.error_for_status_ref().err();
        let reply: Value = reply.json().await?;
        match failed {
            Some(_) if no_such_queue(&reply) => Ok(Attempt::NoSuchQueue),
            Some(error) => Err(error),
            None => Ok(Attempt::Left(left(&reply, batch))),
        }
    }
}

fn request(queue_url: &str, batch: &[String]) -> Value {
    let entries = batch.iter().enumerate();
    let entries: Vec<Value> =
        entries.map(|(at, message)| json!({"Id": at.to_string(), "MessageBody": message})).collect();
    json!({"QueueUrl": queue_url, "Entries": entries})
}

fn no_such_queue(reply: &Value) -> bool {
    let kind = reply.get("__type").and_then(Value::as_str).unwrap_or_default();
    kind.contains("QueueDoesNotExist") || kind.contains("NonExistentQueue")
}

/// The messages of a batch that the reply lists as failed.
fn left(reply: &Value, batch: &[String]) -> Vec<String> {
    let failed = reply.get("Failed").and_then(Value::as_array);
    let ids = failed.into_iter().flatten().filter_map(|entry| entry.get("Id")?.as_str()?.parse().ok());
    ids.filter_map(|at: usize| batch.get(at).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_reply_lists_as_failed_is_left() {
        let batch: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        let reply = json!({"Successful": [{"Id": "0"}], "Failed": [{"Id": "2", "Code": "InternalError"}]});
        assert_eq!(left(&reply, &batch), ["c"]);
        assert_eq!(left(&json!({"Successful": []}), &batch), [""; 0]);
    }

    #[test]
    fn a_missing_queue_is_recognised() {
        assert!(no_such_queue(&json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist"})));
        assert!(no_such_queue(&json!({"__type": "AWS.SimpleQueueService.NonExistentQueue"})));
        assert!(!no_such_queue(&json!({"__type": "InternalError"})));
    }

    #[test]
    fn a_batch_carries_every_message_under_its_place() {
        let request = request("http://q/1", &["x".to_owned(), "y".to_owned()]);
        assert_eq!(
            request,
            json!({"QueueUrl": "http://q/1", "Entries": [
                {"Id": "0", "MessageBody": "x"}, {"Id": "1", "MessageBody": "y"},
            ]})
        );
    }
}
