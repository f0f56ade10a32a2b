//! Isolates a unit that kills its worker. A unit that is redelivered repeatedly is processed alone, under a
//! mark in the heads index. A mark that is found there afterwards shows that the worker died meanwhile: a
//! worker that is asked to end removes its mark.

use std::sync::Arc;

use docmill_clients::elastic::{Address, BulkBody, Elastic, ElasticError};
use docmill_clients::retry::RetryPolicy;
use docmill_crds::records::heads::AttemptMark;
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::ingest::index::heads::CommitError;

/// From this delivery on, a unit is processed alone: most come again because a worker that held them died of
/// something else.
pub const SUSPECTED_FROM: i64 = 3;
/// Suspects that wait for their turn in a worker: a part of the units that it can hold.
const WAITING: usize = 128;
/// How many workers have to die while they read or convert the unit. That takes milliseconds, so coincidence
/// is very unlikely.
const DEATHS_READING: u32 = 3;
/// How many workers have to die while they store it. That takes longer, so coincidence is more likely.
const DEATHS_STORING: u32 = 10;

/// The suspects of a worker: one at a time.
#[derive(Clone, Debug)]
pub struct PoisonUnits {
    elastic: Elastic,
    index: String,
    turn: Arc<Mutex<()>>,
    waiting: Arc<Semaphore>,
}

/// A suspect that is being processed.
#[derive(Debug)]
pub struct PoisonGuard {
    poison_units: PoisonUnits,
    digest: String,
    mark: AttemptMark,
    _turn: OwnedMutexGuard<()>,
}

/// What to do with a unit that was redelivered.
#[derive(Debug)]
pub enum PoisonVerdict {
    /// Process it, and record its progress.
    Try(Box<PoisonGuard>),
    /// This many workers have died of it: refuse it unread.
    Poison(u32),
}

impl PoisonUnits {
    /// Marks are kept in this index.
    pub fn new(elastic: Elastic, index: String) -> Self {
        Self { elastic, index, turn: Arc::default(), waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    /// A permit to wait for a turn, if there is one left. The others come back later, and leave the worker's
    /// places to units that nobody suspects.
    pub fn waiting_permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.waiting).try_acquire_owned().ok()
    }

    /// Waits for the unit's turn, and marks it as being read.
    pub async fn begin(&self, digest: &str) -> Result<PoisonVerdict, CommitError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let mut mark = self.read(digest).await?;
        if mark.died_reading >= DEATHS_READING || mark.died_storing >= DEATHS_STORING {
            return Ok(PoisonVerdict::Poison(mark.died_reading + mark.died_storing));
        }
        mark.reading = true;
        let suspect =
            PoisonGuard { poison_units: self.clone(), digest: digest.to_owned(), mark, _turn: turn };
        suspect.write().await?;
        Ok(PoisonVerdict::Try(Box::new(suspect)))
    }

    /// An existing mark was left behind by a worker that died.
    async fn read(&self, digest: &str) -> Result<AttemptMark, ElasticError> {
        let found = self.elastic.get(&self.index, &AttemptMark::id(digest)).await?;
        let mark = found.and_then(|found| serde_json::from_value::<AttemptMark>(found.source.into()).ok());
        Ok(mark.map_or_else(AttemptMark::default, |mut mark| {
            if mark.reading {
                mark.died_reading += 1;
            } else {
                mark.died_storing += 1;
            }
            mark
        }))
    }
}

impl PoisonGuard {
    /// Records that the unit was read and converted; what follows is storing.
    pub async fn mark_read(&mut self) -> Result<(), CommitError> {
        self.mark.reading = false;
        self.write().await
    }

    /// Records that the unit did not kill this worker.
    pub async fn survived(self) -> Result<(), ElasticError> {
        let mut body = BulkBody::default();
        body.push_delete(self.address(&AttemptMark::id(&self.digest)), None);
        let stop = CancellationToken::new();
        self.poison_units.elastic.bulk_all(body, RetryPolicy::once(), &stop).await.map(drop)
    }

    async fn write(&self) -> Result<(), CommitError> {
        let id = AttemptMark::id(&self.digest);
        let outcome = self.poison_units.elastic.index_doc(self.address(&id), &json!(self.mark), None).await?;
        CommitError::written(outcome, &self.poison_units.index, &id).map(drop)
    }

    fn address<'a>(&'a self, id: &'a str) -> Address<'a> {
        Address { index: &self.poison_units.index, id }
    }
}
