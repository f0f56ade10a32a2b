//! The queue service, by its JSON protocol. The testbed's takes requests without a signature.

use anyhow::{Context as _, Result, ensure};
use hyper::Request;
use serde_json::{Value, json};

use crate::http::Connection;

/// Entries of a request, of which the service takes at most ten.
pub const BATCH: usize = 10;
/// For how long a received message is hidden. No contender holds one for longer.
const VISIBILITY_SECONDS: u32 = 120;

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// By which it is deleted.
    pub receipt: String,
}

/// How much is in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Messages that can be received.
    pub waiting: u64,
    /// Messages that were received and not yet deleted.
    pub in_flight: u64,
}

/// A connection to the queue service.
pub struct Sqs(Connection);

impl Sqs {
    /// A connection to the service at this base URL; nothing is sent yet.
    pub fn new(url: &str) -> Result<Self> {
        Connection::new(url).map(Self)
    }

    async fn call(&mut self, action: &str, body: &Value) -> Result<Value> {
        let request = Request::builder()
            .method("POST")
            .uri("/")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{action}"));
        let answer = self.0.send(request, body.to_string()).await?.success(action)?;
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("{action} is not answered in JSON"))
    }

    /// Makes a queue, and gives its path: what follows the origin in its URL.
    pub async fn create(&mut self, name: &str) -> Result<String> {
        let attributes = json!({"VisibilityTimeout": VISIBILITY_SECONDS.to_string()});
        let answer = self.call("CreateQueue", &json!({"QueueName": name, "Attributes": attributes})).await?;
        let url = answer["QueueUrl"].as_str().context("the queue has no URL")?;
        path(url).map(str::to_owned)
    }

    /// Removes a queue.
    pub async fn remove(&mut self, url: &str) -> Result<()> {
        self.call("DeleteQueue", &json!({"QueueUrl": url})).await.map(drop)
    }

    /// URLs of the queues whose names begin so.
    pub async fn list(&mut self, start: &str) -> Result<Vec<String>> {
        let answer = self.call("ListQueues", &json!({"QueueNamePrefix": start})).await?;
        let urls = answer["QueueUrls"].as_array().into_iter().flatten();
        Ok(urls.filter_map(|url| url.as_str().map(str::to_owned)).collect())
    }

    /// Sends at most [`BATCH`] messages.
    pub async fn send(&mut self, url: &str, bodies: &[String]) -> Result<()> {
        let entries = bodies.iter().enumerate();
        let entries: Vec<Value> =
            entries.map(|(at, body)| json!({"Id": at.to_string(), "MessageBody": body})).collect();
        self.batch("SendMessageBatch", url, entries).await
    }

    /// Receives at most [`BATCH`] messages, and waits for so many seconds where there is none.
    pub async fn receive(&mut self, url: &str, wait_seconds: u32) -> Result<Vec<Message>> {
        let body = json!({"QueueUrl": url, "MaxNumberOfMessages": BATCH, "WaitTimeSeconds": wait_seconds});
        let answer = self.call("ReceiveMessage", &body).await?;
        let messages = answer["Messages"].as_array().into_iter().flatten();
        let receipts = messages.filter_map(|message| message["ReceiptHandle"].as_str());
        Ok(receipts.map(|receipt| Message { receipt: receipt.to_owned() }).collect())
    }

    /// Deletes at most [`BATCH`] messages.
    pub async fn delete(&mut self, url: &str, messages: &[Message]) -> Result<()> {
        let entries = messages.iter().enumerate();
        let entries: Vec<Value> = entries
            .map(|(at, message)| json!({"Id": at.to_string(), "ReceiptHandle": message.receipt}))
            .collect();
        self.batch("DeleteMessageBatch", url, entries).await
    }

    async fn batch(&mut self, action: &str, url: &str, entries: Vec<Value>) -> Result<()> {
        let answer = self.call(action, &json!({"QueueUrl": url, "Entries": entries})).await?;
        let failed = answer["Failed"].as_array().map_or(0, Vec::len);
        ensure!(failed == 0, "{action} failed for {failed} entries: {}", answer["Failed"]);
        Ok(())
    }

    /// How much is in a queue.
    pub async fn backlog(&mut self, url: &str) -> Result<Backlog> {
        let (waiting, in_flight) = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible");
        let body = json!({"QueueUrl": url, "AttributeNames": [waiting, in_flight]});
        let answer = self.call("GetQueueAttributes", &body).await?;
        let count = |name: &str| -> Result<u64> {
            let text = answer["Attributes"][name].as_str();
            Ok(text.context("the queue does not say how much is in it")?.parse()?)
        };
        Ok(Backlog { waiting: count(waiting)?, in_flight: count(in_flight)? })
    }
}

/// What follows the origin in a URL.
fn path(url: &str) -> Result<&str> {
    url.splitn(4, '/').nth(3).with_context(|| format!("{url} is no URL of a queue"))
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn the_path_of_a_queue_is_the_same_behind_any_origin() {
        let found = path("http://sqs.docmill-testbed.svc:9324/000000000000/a").expect("a path");
        assert_eq!(found, "000000000000/a");
        assert!(path("a").is_err());
    }
}
