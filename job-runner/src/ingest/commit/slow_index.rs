//! A separate lane for slow indices: units with documents for one leave the batches and are sent to it a few
//! at a time, while the others go on. The lane is small; units that do not fit are released and come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use docmill_crds::contract::IndexTrouble;
use tokio_util::sync::CancellationToken;

use super::commit_request::CommitRequest;
use super::committer::Committer;
use crate::ingest::index::bulk_policy::SendMode;
use crate::ingest::unit::task::UnitOutcome;

/// Maximum number of units that wait or are in flight, for all slow indices together: few enough to leave
/// most places to others.
const UNITS: usize = 64;
/// Maximum number of bytes of their documents.
const BYTES: usize = 2 * 1024 * 1024;

/// The units of slow indices.
#[derive(Clone)]
pub(crate) struct Lane {
    committer: Arc<Committer>,
    stop: CancellationToken,
    state: Arc<Mutex<LaneState>>,
}

#[derive(Default)]
struct LaneState {
    units: usize,
    bytes: usize,
    /// Units that wait, by index; an index that has an entry is being sent to.
    waiting: HashMap<String, Vec<CommitRequest>>,
}

impl Lane {
    pub(crate) fn new(committer: Arc<Committer>, stop: CancellationToken) -> Self {
        Self { committer, stop, state: Arc::default() }
    }

    /// Takes the units of slow indices out of a batch.
    pub(crate) fn divert(&self, batch: Vec<CommitRequest>) -> Vec<CommitRequest> {
        let mut others = Vec::with_capacity(batch.len());
        for request in batch {
            match self.committer.slow_index(&request) {
                Some(index) => self.take(index, request),
                None => others.push(request),
            }
        }
        others
    }

    /// Takes units that turned out to belong to a slow index.
    pub(crate) fn take_all(&self, slow: Vec<CommitRequest>) {
        for mut request in slow {
            if let Some(held) = request.held.take() {
                self.take(held.index, request);
            }
        }
    }

    fn take(&self, index: String, request: CommitRequest) {
        let mut state = self.lock();
        let bytes = request.bytes();
        if state.units > 0 && (state.units >= UNITS || state.bytes + bytes > BYTES) {
            drop(state);
            self.committer.answer(request, UnitOutcome::Held(IndexTrouble::Slow));
            return;
        }
        state.units += 1;
        state.bytes += bytes;
        if let Some(waiting) = state.waiting.get_mut(&index) {
            waiting.push(request);
            return;
        }
        state.waiting.insert(index.clone(), vec![request]);
        drop(state);
        tokio::spawn(self.clone().send(index));
    }

    /// Sends everything that waits for an index, until nothing is left.
    async fn send(self, index: String) {
        while let Some(batch) = self.next(&index) {
            let (units, bytes) = (batch.len(), batch.iter().map(CommitRequest::bytes).sum::<usize>());
            let remainder = self.committer.finish(batch, SendMode::alone(), &self.stop).await;
            self.committer.settle(remainder.with_evidence, &self.stop).await;
            let mut state = self.lock();
            state.units -= units;
            state.bytes -= bytes;
        }
    }

    fn next(&self, index: &str) -> Option<Vec<CommitRequest>> {
        let mut state = self.lock();
        let batch = std::mem::take(state.waiting.get_mut(index)?);
        if batch.is_empty() {
            state.waiting.remove(index);
            return None;
        }
        Some(batch)
    }

    fn lock(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
