//! Looks up what the ledger says of a unit, and whether its key was forgotten. Concurrent lookups are batched: those
//! that arrive while a request is in flight share the next one.

use docmill_clients::elastic::{Address, Elastic, StoredDocument};
use docmill_crds::records::heads::KeyHead;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::known::KnownRecord;

/// Units per request, each with the head of its key.
const AT_A_TIME: usize = 500;

/// What is known of a unit before it is processed.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its record.
    pub record: Option<KnownRecord>,
    /// Whether its key was forgotten.
    pub is_forgotten: bool,
}

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
    let mut requests = Vec::with_capacity(AT_A_TIME);
    while receiver.recv_many(&mut requests, AT_A_TIME).await > 0 {
        let addresses: Vec<_> = requests.iter().flat_map(|request| addresses(request, &indices)).collect();
        let Ok(found) = retry_step("look up", &stop, || elastic.mget(&addresses, &[])).await else {
            // Dropping the requests notifies whoever asked.
            requests.clear();
            continue;
        };
        let mut found = found.into_iter();
        for request in requests.drain(..) {
            let (record, head) = (found.next().flatten(), found.next().flatten());
            let is_forgotten = head.is_some_and(|head| is_forgotten(&head));
            let _ = request.reply_to.send(Known { record: record.and_then(read), is_forgotten });
        }
    }
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
