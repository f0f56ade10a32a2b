//! Claims keys and documents for units, by compare-and-set on the heads index: a decision of `claim` is
//! written only if nobody wrote meanwhile, and made again if somebody did.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use docmill_crds::records::heads::{DocumentHead, KeyHead};
use docmill_crds::records::units::{DocumentAddress, UnitId};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::claim::{self, Claim, Claimant, Retired};
pub use super::claim_error::CommitError;
pub(crate) use super::claim_error::unless_held;
use docmill_clients::elastic::{Address, BulkBody, ConcurrencyToken, Elastic, ElasticError, StoredDocument};
use docmill_clients::retry::{Backoff, BackoffOutcome, RetryPolicy};

use crate::ingest::source::current;
use crate::ingest::unit::Unit;

/// Heads per request.
const HEADS_AT_A_TIME: usize = 2000;
/// Objects that the bucket is asked for concurrently.
const OBJECTS_AT_A_TIME: usize = 16;
/// Pauses between rounds in which others were faster with every head. Each worker writes a head once, so
/// contention ends by itself.
const CONTENTION: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(20),
    longest: Duration::from_secs(1),
    total: Duration::from_secs(20),
};

/// The heads of a source.
#[derive(Clone, Debug)]
pub struct Heads {
    /// The cluster.
    pub elastic: Elastic,
    /// Name of the index.
    pub index: String,
    /// The object store, which decides where times do not.
    pub s3: aws_sdk_s3::Client,
}

/// A unit that claims its key, and the documents that it has.
#[derive(Clone, Debug)]
pub struct ClaimRequest<'a> {
    /// The unit.
    pub unit: &'a Unit,
    /// Where its documents belong.
    pub addresses: Vec<&'a DocumentAddress>,
    /// Take the key with a new version even if the unit has it already: a document that was deleted by hand
    /// leaves a version behind for a while (`index.gc_deletes`), and a new write has to be above that
    /// version.
    pub renew: bool,
}

/// The answer to a [`ClaimRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The key belongs to the unit, and these are the heads of its documents; a head that names another unit
    /// belongs to a newer version.
    Held(KeyHead, Vec<DocumentHead>),
    /// A newer unit has the key, or it was removed.
    Lost(KeyHead),
}

impl Claimed {
    /// The heads of the unit's documents.
    pub fn documents(&self) -> &[DocumentHead] {
        match self {
            Self::Held(_, documents) => documents,
            Self::Lost(_) => &[],
        }
    }
}

/// What was found in the heads index, by id.
struct SeenHeads<'a> {
    index: &'a str,
    stored: HashMap<String, StoredDocument>,
}

impl SeenHeads<'_> {
    fn read<H: DeserializeOwned>(&self, id: &str) -> Result<Option<H>, CommitError> {
        let Some(stored) = self.stored.get(id) else { return Ok(None) };
        serde_json::from_value(stored.source.clone().into()).map(Some).map_err(|error| {
            CommitError::Unreadable { index: self.index.to_owned(), id: id.to_owned(), error }
        })
    }

    fn state(&self, id: &str) -> Option<ConcurrencyToken> {
        self.stored.get(id).map(|stored| stored.state)
    }
}

/// The writes of one round of claims. Each id is written once per round: whoever comes second waits for the
/// next round.
#[derive(Default)]
struct ClaimRound {
    ids: Vec<String>,
    body: BulkBody,
    written_ids: BTreeSet<String>,
}

impl ClaimRound {
    fn write<H: Serialize>(
        &mut self,
        index: &str,
        id: String,
        if_unchanged: Option<ConcurrencyToken>,
        head: &H,
    ) {
        let source = serde_json::to_vec(head).unwrap_or_default();
        self.body.push_compare_and_set(Address { index, id: &id }, if_unchanged, &source);
        self.written_ids.insert(id.clone());
        self.ids.push(id);
    }
}

/// Pauses while others are faster, until the patience runs out.
struct Contention(Backoff);

impl Contention {
    fn new() -> Self {
        Self(Backoff::new(CONTENTION))
    }

    /// Must be called after each round.
    async fn settle(
        &mut self,
        progress: bool,
        index: &str,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        if progress {
            self.0.reset();
            return Ok(());
        }
        match self.0.wait(Duration::ZERO, stop).await {
            BackoffOutcome::Again => Ok(()),
            BackoffOutcome::Exhausted => Err(CommitError::Contended { index: index.to_owned() }),
            BackoffOutcome::Stopped => Err(ElasticError::Stopped.into()),
        }
    }
}

impl Heads {
    /// Claims for many units at once; the answers are in their order. Idempotent.
    pub async fn claim(
        &self,
        requests: &[ClaimRequest<'_>],
        patience: RetryPolicy,
        stop: &CancellationToken,
    ) -> Result<Vec<Claimed>, CommitError> {
        let mut answers: Vec<Option<Claimed>> = vec![None; requests.len()];
        let mut contention = Contention::new();
        loop {
            let mut open: Vec<usize> = (0..requests.len()).filter(|at| answers[*at].is_none()).collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            // The newest first: within a round, older ones then find that they have lost.
            open.sort_by_key(|at| std::cmp::Reverse(requests[*at].unit.last_modified_millis));
            let seen = self.look(open.iter().flat_map(|at| ids(&requests[*at]))).await?;
            let present = self.ask_store(&open, requests, &seen).await?;
            let mut round = ClaimRound::default();
            let mut decided = Vec::new();
            for at in open {
                let first = round.ids.len();
                let is_present = present.get(&at).copied();
                if let Some(claimed) = decide(&self.index, &requests[at], is_present, &seen, &mut round)? {
                    decided.push((at, claimed, first..round.ids.len()));
                }
            }
            let written = self.write(round, patience, stop).await?;
            let mut progress = false;
            for (at, claimed, items) in decided {
                if written[items].iter().all(|(_, written)| *written) {
                    answers[at] = Some(claimed);
                    progress = true;
                }
            }
            contention.settle(progress, &self.index, stop).await?;
        }
    }

    /// Asks the bucket about the units of which only it can tell whether they are the newest. Returns for
    /// each whether the bucket holds it.
    async fn ask_store(
        &self,
        open: &[usize],
        requests: &[ClaimRequest<'_>],
        seen: &SeenHeads<'_>,
    ) -> Result<HashMap<usize, bool>, CommitError> {
        let mut asked = Vec::new();
        for &at in open {
            let ClaimRequest { unit, renew, .. } = &requests[at];
            let head = seen.read(&KeyHead::id(&unit.id.bucket, &unit.id.key))?;
            if claim::key(head.as_ref(), &Claimant::new(unit), None, *renew) == Claim::AskStore {
                asked.push((at, (*unit).clone()));
            }
        }
        stream::iter(asked)
            .map(|(at, unit)| async move {
                let present = current::present(&self.s3, &unit.id.bucket, &unit.id.key).await?;
                Ok((at, present.is_some_and(|present| present.is(&unit))))
            })
            .buffer_unordered(OBJECTS_AT_A_TIME)
            .try_collect()
            .await
    }

    /// Takes back documents of a key, by their ids, except those claimed by a unit that took the key with the
    /// version `below` or a later one. Returns what has to be deleted, with versions. Idempotent: a
    /// repetition returns the same.
    pub async fn retire(
        &self,
        key: &str,
        below: u64,
        ids: &[&str],
        stop: &CancellationToken,
    ) -> Result<Vec<(DocumentAddress, u64)>, CommitError> {
        let mut open: BTreeSet<String> = ids.iter().map(|id| DocumentHead::id(id)).collect();
        let mut retired = Vec::new();
        let mut contention = Contention::new();
        while !open.is_empty() {
            let seen = self.look(open.iter().cloned()).await?;
            let mut round = ClaimRound::default();
            let mut heads = HashMap::new();
            for id in std::mem::take(&mut open) {
                let head: Option<DocumentHead> = seen.read(&id)?;
                match claim::retire(head.as_ref(), key, below) {
                    None => {}
                    Some(Retired::Before(head)) => retired.extend(places(head)),
                    Some(Retired::Now(head)) => {
                        round.write(&self.index, id.clone(), seen.state(&id), &head);
                        heads.insert(id, head);
                    }
                }
            }
            let mut progress = heads.is_empty();
            for (id, written) in self.write(round, RetryPolicy::once(), stop).await? {
                match heads.remove(&id) {
                    Some(head) if written => {
                        retired.extend(places(head));
                        progress = true;
                    }
                    _ => drop(open.insert(id)),
                }
            }
            contention.settle(progress, &self.index, stop).await?;
        }
        Ok(retired)
    }

    /// Leaves of the heads of documents of a key, by their ids, only that they were forgotten. Idempotent.
    pub async fn forget(
        &self,
        key: &str,
        ids: &BTreeSet<String>,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let mut open: BTreeSet<String> = ids.iter().map(|id| DocumentHead::id(id)).collect();
        let mut contention = Contention::new();
        while !open.is_empty() {
            let seen = self.look(open.iter().cloned()).await?;
            let mut round = ClaimRound::default();
            for id in std::mem::take(&mut open) {
                let head: Option<DocumentHead> = seen.read(&id)?;
                if let Some(head) = head.filter(|head| head.key == key) {
                    round.write(&self.index, id.clone(), seen.state(&id), &head.forget());
                }
            }
            let written = self.write(round, RetryPolicy::once(), stop).await?;
            let progress = written.is_empty() || written.iter().any(|(_, written)| *written);
            open.extend(written.into_iter().filter_map(|(id, written)| (!written).then_some(id)));
            contention.settle(progress, &self.index, stop).await?;
        }
        Ok(())
    }

    /// Writes what a round decided. Returns for each head whether it still was as it had been read.
    async fn write(
        &self,
        round: ClaimRound,
        patience: RetryPolicy,
        stop: &CancellationToken,
    ) -> Result<Vec<(String, bool)>, CommitError> {
        let ClaimRound { ids, body, .. } = round;
        let outcomes = self.elastic.bulk_all(body, patience, stop).await?;
        let written = ids.into_iter().zip(outcomes).map(|(id, outcome)| {
            let written = CommitError::written(outcome, &self.index, &id)?;
            Ok((id, written))
        });
        written.collect()
    }

    /// The heads of documents, by their ids, in that order.
    pub async fn documents<'a>(
        &self,
        documents: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Option<DocumentHead>>, CommitError> {
        let ids: Vec<String> = documents.map(DocumentHead::id).collect();
        let seen = self.look(ids.iter().cloned()).await?;
        ids.iter().map(|id| seen.read(id)).collect()
    }

    /// The heads of the keys of units, in their order.
    pub async fn keys(&self, units: &[&UnitId]) -> Result<Vec<Option<KeyHead>>, CommitError> {
        let ids: Vec<String> = units.iter().map(|unit| KeyHead::id(&unit.bucket, &unit.key)).collect();
        let seen = self.look(ids.iter().cloned()).await?;
        ids.iter().map(|id| seen.read(id)).collect()
    }

    /// The head of a key, with the state in which it was read.
    pub async fn key(
        &self,
        bucket: &str,
        key: &str,
    ) -> Result<Option<(KeyHead, ConcurrencyToken)>, CommitError> {
        let id = KeyHead::id(bucket, key);
        let seen = self.look([id.clone()]).await?;
        Ok(seen.read(&id)?.zip(seen.state(&id)))
    }

    /// Writes the head of a key if it still is as it was read, or if there still is none; otherwise returns
    /// an error.
    pub async fn set_key(
        &self,
        head: &KeyHead,
        if_unchanged: Option<ConcurrencyToken>,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let mut round = ClaimRound::default();
        round.write(&self.index, KeyHead::id(&head.unit.bucket, &head.unit.key), if_unchanged, head);
        let written = self.write(round, RetryPolicy::once(), stop).await?;
        let contended = || CommitError::Contended { index: self.index.clone() };
        written.iter().all(|(_, written)| *written).then_some(()).ok_or_else(contended)
    }

    async fn look(&self, ids: impl IntoIterator<Item = String>) -> Result<SeenHeads<'_>, ElasticError> {
        let ids: Vec<String> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut found = HashMap::new();
        for part in ids.chunks(HEADS_AT_A_TIME) {
            let addresses: Vec<_> = part.iter().map(|id| Address { index: &self.index, id }).collect();
            let stored = self.elastic.mget(&addresses, &[]).await?;
            found.extend(part.iter().zip(stored).filter_map(|(id, stored)| Some((id.clone(), stored?))));
        }
        Ok(SeenHeads { index: &self.index, stored: found })
    }
}

fn ids<'a>(request: &'a ClaimRequest<'_>) -> impl Iterator<Item = String> + use<'a> {
    let id = &request.unit.id;
    let documents = request.addresses.iter().map(|address| DocumentHead::id(&address.id));
    std::iter::once(KeyHead::id(&id.bucket, &id.key)).chain(documents)
}

/// The places where a document has to be deleted, with the version that its head gives.
fn places(head: DocumentHead) -> impl Iterator<Item = (DocumentAddress, u64)> {
    let DocumentHead { address, version, stale, .. } = head;
    let id = address.id.clone();
    let stale = stale.into_iter().map(move |index| DocumentAddress { index, id: id.clone() });
    std::iter::once(address).chain(stale).map(move |address| (address, version))
}

/// Decides about a request, and notes what has to be written for it. `None`: in the next round.
fn decide(
    index: &str,
    request: &ClaimRequest<'_>,
    is_present: Option<bool>,
    seen: &SeenHeads<'_>,
    round: &mut ClaimRound,
) -> Result<Option<Claimed>, CommitError> {
    let claimant = Claimant::new(request.unit);
    let key_id = KeyHead::id(&claimant.id.bucket, &claimant.id.key);
    if ids(request).any(|id| round.written_ids.contains(&id)) {
        return Ok(None);
    }
    let key = match claim::key(seen.read(&key_id)?.as_ref(), &claimant, is_present, request.renew) {
        Claim::AskStore => return Ok(None),
        Claim::Lost(head) => return Ok(Some(Claimed::Lost(head))),
        Claim::Held(head) => head,
        Claim::Take(head) => {
            round.write(index, key_id.clone(), seen.state(&key_id), &head);
            head
        }
    };
    let mut heads: Vec<DocumentHead> = Vec::with_capacity(request.addresses.len());
    for address in &request.addresses {
        // Two documents of one object with the same id: the later one overwrites the earlier one.
        let before = heads.iter().find(|head| head.address.id == address.id).cloned();
        if let Some(before) = before {
            heads.push(before);
            continue;
        }
        let id = DocumentHead::id(&address.id);
        heads.push(match claim::document(seen.read(&id)?.as_ref(), &claimant, key.version, address) {
            Claim::Take(head) => {
                round.write(index, id.clone(), seen.state(&id), &head);
                head
            }
            Claim::Held(head) | Claim::Lost(head) => head,
            Claim::AskStore => return Ok(None),
        });
    }
    Ok(Some(Claimed::Held(key, heads)))
}
