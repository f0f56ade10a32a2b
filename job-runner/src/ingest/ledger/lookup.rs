//! Looks up what the ledger says of a unit, and whether its key was forgotten. Concurrent lookups are batched: those
//! that arrive while a request is in flight share the next one, and under load it waits for more. Messages arrive by
//! tens, so that each ten would cost a request otherwise.

use std::time::Duration;

use docmill_clients::elastic::{Address, Elastic, StoredDocument};
use docmill_crds::records::heads::KeyHead;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batching::gather;
use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::known::KnownRecord;
use crate::telemetry;

/// Units per request, each with the head of its key.
const AT_A_TIME: usize = 500;
/// With fewer units in flight, no lookup waits for others.
const LOADED: usize = 64;
/// With more, lookups are sent when they are for at least one in this many of them: the others are at later steps.
const SHARE: usize = 8;
/// How long the first lookup waits for others at most: less than a unit of a loaded worker is in flight.
const AGE: Duration = Duration::from_millis(100);

/// What is known of a unit before it is processed.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its record.
    pub record: Option<KnownRecord>,
    /// Whether its key was forgotten.
    pub is_forgotten: bool,
}

#[derive(Debug)]
struct LookupRequest {
    digest: String,
    head_id: String,
    reply_to: oneshot::Sender<Known>,
}

/// Where to look.
struct Indices {
    ledger: String,
    heads: String,
}

/// A handle for sending lookups.
#[derive(Clone, Debug)]
pub struct Lookup(mpsc::Sender<LookupRequest>);

impl Lookup {
    /// Starts answering, until all handles are dropped.
    pub fn start(elastic: Elastic, ledger: String, heads: String, stop: CancellationToken) -> Self {
        let (sender, receiver) = mpsc::channel(AT_A_TIME);
        tokio::spawn(answer_all(receiver, elastic, Indices { ledger, heads }, stop));
        Self(sender)
    }

    /// What is known of a unit, by its digest, bucket and key. [`Unfinished`]: the records could not be read.
    pub async fn unit(&self, digest: String, bucket: &str, key: &str) -> Result<Known, Unfinished> {
        let (reply_to, reply) = oneshot::channel();
        self.0.send(LookupRequest { digest, head_id: KeyHead::id(bucket, key), reply_to }).await?;
        Ok(reply.await?)
    }
}

async fn answer_all(
    mut receiver: mpsc::Receiver<LookupRequest>,
    elastic: Elastic,
    indices: Indices,
    stop: CancellationToken,
) {
    while let Some(first) = receiver.recv().await {
        let units_in_flight = || telemetry::worker().units_in_flight();
        let requests = next_batch(first, &mut receiver, units_in_flight).await;
        let addresses: Vec<_> = requests.iter().flat_map(|request| addresses(request, &indices)).collect();
        let Ok(found) = retry_step("look up", &stop, || elastic.mget(&addresses, &[])).await else {
            // Dropping the requests notifies whoever asked.
            continue;
        };
        let mut found = found.into_iter();
        for request in requests {
            let (record, head) = (found.next().flatten(), found.next().flatten());
            let is_forgotten = head.is_some_and(|head| is_forgotten(&head));
            let _ = request.reply_to.send(Known { record: record.and_then(read), is_forgotten });
        }
    }
}

/// The first lookup, those that are waiting already, and those that are worth waiting for.
async fn next_batch(
    first: LookupRequest,
    receiver: &mut mpsc::Receiver<LookupRequest>,
    units_in_flight: impl Fn() -> usize,
) -> Vec<LookupRequest> {
    let enough =
        |count: usize, _: &LookupRequest| count >= AT_A_TIME || is_worth_a_request(count, units_in_flight());
    let mut batch = gather(first, receiver, Instant::now() + AGE, enough).await;
    while batch.len() < AT_A_TIME
        && let Ok(next) = receiver.try_recv()
    {
        batch.push(next);
    }
    batch
}

fn is_worth_a_request(lookups: usize, units_in_flight: usize) -> bool {
    units_in_flight < LOADED || lookups * SHARE >= units_in_flight
}

fn addresses<'a>(request: &'a LookupRequest, indices: &'a Indices) -> [Address<'a>; 2] {
    [
        Address { index: &indices.ledger, id: &request.digest },
        Address { index: &indices.heads, id: &request.head_id },
    ]
}

fn is_forgotten(head: &StoredDocument) -> bool {
    head.source.get("forgotten").and_then(Value::as_bool) == Some(true)
}

/// A record that cannot be read was written by another version of Docmill, and is written again.
fn read(stored: StoredDocument) -> Option<KnownRecord> {
    match serde_json::from_value(stored.source.into()) {
        Ok(record) => Some(KnownRecord { record, version: stored.version }),
        Err(error) => {
            tracing::warn!(%error, "failed to parse a ledger record; its unit is processed again");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::{mpsc, oneshot};
    use tokio::time::Instant;

    use super::{AGE, AT_A_TIME, LookupRequest, next_batch};

    fn request() -> LookupRequest {
        LookupRequest { digest: "d".to_owned(), head_id: "h".to_owned(), reply_to: oneshot::channel().0 }
    }

    /// How many lookups go into a request, and how long they wait, if this many are there and no more come.
    async fn batch(waiting: usize, units_in_flight: usize) -> (usize, Duration) {
        let (sender, mut receiver) = mpsc::channel(2 * AT_A_TIME);
        for _ in 1..waiting {
            sender.send(request()).await.unwrap();
        }
        let started_at = Instant::now();
        let batch = next_batch(request(), &mut receiver, || units_in_flight).await;
        (batch.len(), started_at.elapsed())
    }

    #[tokio::test]
    async fn lookups_of_few_units_do_not_wait_and_take_along_what_is_there() {
        for (waiting, units_in_flight) in [(1, 1), (1, 63), (10, 12), (32, 256)] {
            let (size, took) = batch(waiting, units_in_flight).await;
            assert_eq!(size, waiting);
            assert!(took < AGE, "{waiting} of {units_in_flight}: {took:?}");
        }
    }

    #[tokio::test]
    async fn lookups_of_many_units_wait_for_others_but_not_for_long() {
        let (size, took) = batch(10, 256).await;
        assert_eq!(size, 10);
        assert!(took >= AGE, "{took:?}");
    }

    #[tokio::test]
    async fn a_request_has_a_maximum() {
        assert_eq!(batch(AT_A_TIME + 5, 1).await.0, AT_A_TIME);
    }
}
