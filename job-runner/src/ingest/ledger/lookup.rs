//! Looks up what the ledger says of a unit. Concurrent lookups are batched: those that arrive while a request
//! is in flight share the next one.

use docmill_clients::elastic::{Address, Elastic, StoredDocument};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::known::KnownRecord;

/// Records per request.
const AT_A_TIME: usize = 500;

struct LookupRequest {
    digest: String,
    reply_to: oneshot::Sender<Option<KnownRecord>>,
}

/// A handle for sending lookups.
#[derive(Clone, Debug)]
pub struct Lookup(mpsc::Sender<LookupRequest>);

impl Lookup {
    /// Starts answering, until all handles are dropped.
    pub fn start(elastic: Elastic, ledger_index: String, stop: CancellationToken) -> Self {
        let (sender, receiver) = mpsc::channel(AT_A_TIME);
        tokio::spawn(answer_all(receiver, elastic, ledger_index, stop));
        Self(sender)
    }

    /// The record of a unit, by its digest. [`Unfinished`]: the ledger could not be read.
    pub async fn record(&self, digest: String) -> Result<Option<KnownRecord>, Unfinished> {
        let (reply_to, reply) = oneshot::channel();
        self.0.send(LookupRequest { digest, reply_to }).await?;
        Ok(reply.await?)
    }
}

async fn answer_all(
    mut receiver: mpsc::Receiver<LookupRequest>,
    elastic: Elastic,
    ledger_index: String,
    stop: CancellationToken,
) {
    let mut requests = Vec::with_capacity(AT_A_TIME);
    while receiver.recv_many(&mut requests, AT_A_TIME).await > 0 {
        let addresses: Vec<_> =
            requests.iter().map(|request| Address { index: &ledger_index, id: &request.digest }).collect();
        let Ok(records) = retry_step("look up", &stop, || elastic.mget(&addresses, &[])).await else {
            // Dropping the requests notifies whoever asked.
            requests.clear();
            continue;
        };
        for (request, stored) in requests.drain(..).zip(records) {
            let _ = request.reply_to.send(stored.and_then(read));
        }
    }
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
