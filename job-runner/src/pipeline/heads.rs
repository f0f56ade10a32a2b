//! Claims keys and documents for units, by compare-and-set on the heads index: what [`claim`](super::claim) decides is
//! written only if nobody wrote meanwhile, and decided anew if somebody did.

use std::collections::{BTreeSet, HashMap};

use docmill_crds::contract::{HindranceReason, Store};
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::ledger::heads::{DocumentHead, KeyHead};
use docmill_crds::ledger::{DocumentAddress, RecordedDocument};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::claim::{self, Claim, Claimant};
use super::present::{self, Present};
use super::unit::Unit;
use crate::elastic::{Address, BulkBody, Elastic, ElasticError, Outcome, ReadState, StoredDocument};
use crate::retry::Patience;
use crate::stores::StoreError;

/// Heads that one request asks for.
const HEADS_AT_A_TIME: usize = 2000;

/// Why a claim could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The heads index.
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    /// The raw bucket, which was asked what it holds.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A head cannot be read: somebody else wrote it.
    #[error(
        "failed to read a head of {index:?}: {error}; delete the document {id:?} there, and run an audit"
    )]
    Unreadable {
        /// Name of the index.
        index: String,
        /// Its id.
        id: String,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

impl Classify for ClaimError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Elastic(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Unreadable { .. } => ErrorClass::User,
        }
    }

    fn hindrance(&self) -> Option<(Store, HindranceReason)> {
        match self {
            Self::Elastic(error) => error.hindrance(),
            Self::Store(error) => error.hindrance(),
            Self::Unreadable { .. } => Some((Store::Elasticsearch, HindranceReason::Refused)),
        }
    }
}

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
pub struct Request<'a> {
    /// The unit.
    pub unit: &'a Unit,
    /// Where its documents belong.
    pub addresses: Vec<&'a DocumentAddress>,
    /// Take the key with a new version though the unit has it already: what somebody deleted by hand leaves a
    /// version behind for a while (`index.gc_deletes`) that writing it again has to be above.
    pub renew: bool,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The key is the unit's, and the heads of its documents are these; one of another unit is that of a newer
    /// version.
    Held(KeyHead, Vec<DocumentHead>),
    /// A newer unit has the key.
    Lost(KeyHead),
}

impl Claimed {
    /// The heads of the unit's documents.
    #[must_use]
    pub fn documents(&self) -> &[DocumentHead] {
        match self {
            Self::Held(_, documents) => documents,
            Self::Lost(_) => &[],
        }
    }
}

/// What was found in the heads index, by id.
struct Seen<'a> {
    index: &'a str,
    found: HashMap<String, StoredDocument>,
}

impl Seen<'_> {
    fn read<H: DeserializeOwned>(&self, id: &str) -> Result<Option<H>, ClaimError> {
        let Some(stored) = self.found.get(id) else { return Ok(None) };
        serde_json::from_value(stored.source.clone().into()).map(Some).map_err(|error| {
            ClaimError::Unreadable { index: self.index.to_owned(), id: id.to_owned(), error }
        })
    }

    fn state(&self, id: &str) -> Option<ReadState> {
        self.found.get(id).map(|stored| stored.state)
    }
}

/// What one round of claims is to write. An id is written once a round: who comes second waits for the next.
#[derive(Default)]
struct Round {
    ids: Vec<String>,
    body: BulkBody,
    taken: BTreeSet<String>,
}

impl Round {
    fn write<H: Serialize>(&mut self, index: &str, id: String, since: Option<ReadState>, head: &H) {
        let source = serde_json::to_vec(head).unwrap_or_default();
        self.body.push_compare_and_set(Address { index, id: &id }, since, &source);
        self.taken.insert(id.clone());
        self.ids.push(id);
    }
}

/// The decision about one request in one round.
enum Decision {
    Claimed(Claimed),
    AskStore,
    NextRound,
}

impl Heads {
    /// Claims for many units at once; the answers are in their order. Repeating it changes nothing.
    pub async fn claim(
        &self,
        requests: &[Request<'_>],
        patience: Patience,
        stop: &CancellationToken,
    ) -> Result<Vec<Claimed>, ClaimError> {
        let mut answers: Vec<Option<Claimed>> = vec![None; requests.len()];
        loop {
            let mut open: Vec<usize> = (0..requests.len()).filter(|at| answers[*at].is_none()).collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            // The newest first: within a round, older ones then find that they have lost.
            open.sort_by_key(|at| std::cmp::Reverse(requests[*at].unit.last_modified_millis));
            let seen = self.look(open.iter().flat_map(|at| ids(&requests[*at]))).await?;
            let mut round = Round::default();
            let mut decided = Vec::new();
            for at in open {
                let first = round.ids.len();
                if let Decision::Claimed(claimed) = self.decide(&requests[at], &seen, &mut round).await? {
                    decided.push((at, claimed, first..round.ids.len()));
                }
            }
            let Round { body, .. } = round;
            let outcomes = self.elastic.bulk_all(body, patience, stop).await?;
            for (at, claimed, written) in decided {
                if outcomes[written].iter().all(|outcome| *outcome == Outcome::Done) {
                    answers[at] = Some(claimed);
                }
            }
        }
    }

    async fn decide(
        &self,
        request: &Request<'_>,
        seen: &Seen<'_>,
        round: &mut Round,
    ) -> Result<Decision, ClaimError> {
        let me = Claimant::new(request.unit);
        let mut is_present = None;
        loop {
            match decide(&self.index, request, &me, is_present, seen, round)? {
                Decision::AskStore => {
                    let present = present::present(&self.s3, &me.id.bucket, &me.id.key).await?;
                    is_present = Some(present.as_ref().is_some_and(|present| present.is(request.unit)));
                }
                decision => return Ok(decision),
            }
        }
    }

    /// Takes back the documents that a unit, or an earlier one of its key, had and has no more. Gives what is to be
    /// deleted, with versions.
    pub async fn retire(
        &self,
        unit: &Unit,
        key_version: u64,
        documents: &[RecordedDocument],
        patience: Patience,
        stop: &CancellationToken,
    ) -> Result<Vec<(DocumentAddress, u64)>, ClaimError> {
        let me = Claimant::new(unit);
        let mut open: Vec<String> = documents.iter().map(|document| DocumentHead::id(&document.id)).collect();
        let mut retired = Vec::new();
        while !open.is_empty() {
            let seen = self.look(open.iter().cloned()).await?;
            let mut round = Round::default();
            let mut heads = Vec::new();
            for id in std::mem::take(&mut open) {
                let head: Option<DocumentHead> = seen.read(&id)?;
                if let Some(head) = claim::retire(head.as_ref(), &me, key_version) {
                    let since = seen.state(&id);
                    round.write(&self.index, id, since, &head);
                    heads.push(head);
                }
            }
            let Round { ids, body, .. } = round;
            let outcomes = self.elastic.bulk_all(body, patience, stop).await?;
            for ((id, head), outcome) in ids.into_iter().zip(heads).zip(outcomes) {
                if outcome == Outcome::Done {
                    retired.push((head.address, head.version));
                } else {
                    open.push(id);
                }
            }
        }
        Ok(retired)
    }

    /// The heads of documents, by their ids, in that order.
    pub async fn documents<'a>(
        &self,
        documents: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Option<DocumentHead>>, ClaimError> {
        let ids: Vec<String> = documents.map(DocumentHead::id).collect();
        let seen = self.look(ids.iter().cloned()).await?;
        ids.iter().map(|id| seen.read(id)).collect()
    }

    /// The head of a key, with the state in which it was read.
    pub async fn key(&self, bucket: &str, key: &str) -> Result<Option<(KeyHead, ReadState)>, ClaimError> {
        let id = KeyHead::id(bucket, key);
        let seen = self.look([id.clone()]).await?;
        Ok(seen.read(&id)?.zip(seen.state(&id)))
    }

    /// Writes the head of a key if it is still as it was read. Whether it was.
    pub async fn set_key(&self, head: &KeyHead, since: ReadState) -> Result<bool, ClaimError> {
        let mut round = Round::default();
        round.write(&self.index, KeyHead::id(&head.unit.bucket, &head.unit.key), Some(since), head);
        let stop = CancellationToken::new();
        let outcomes = self.elastic.bulk_all(round.body, Patience::once(), &stop);
        Ok(outcomes.await?.first() == Some(&Outcome::Done))
    }

    async fn look(&self, ids: impl IntoIterator<Item = String>) -> Result<Seen<'_>, ElasticError> {
        let ids: Vec<String> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut found = HashMap::new();
        for part in ids.chunks(HEADS_AT_A_TIME) {
            let addresses: Vec<_> = part.iter().map(|id| Address { index: &self.index, id }).collect();
            let stored = self.elastic.mget(&addresses, &[]).await?;
            found.extend(part.iter().zip(stored).filter_map(|(id, stored)| Some((id.clone(), stored?))));
        }
        Ok(Seen { index: &self.index, found })
    }
}

fn ids<'a>(request: &'a Request<'_>) -> impl Iterator<Item = String> + use<'a> {
    let id = &request.unit.id;
    let documents = request.addresses.iter().map(|address| DocumentHead::id(&address.id));
    std::iter::once(KeyHead::id(&id.bucket, &id.key)).chain(documents)
}

/// Decides about a request, and notes what is to be written for it.
fn decide(
    index: &str,
    request: &Request<'_>,
    me: &Claimant<'_>,
    is_present: Option<bool>,
    seen: &Seen<'_>,
    round: &mut Round,
) -> Result<Decision, ClaimError> {
    let key_id = KeyHead::id(&me.id.bucket, &me.id.key);
    if ids(request).any(|id| round.taken.contains(&id)) {
        return Ok(Decision::NextRound);
    }
    let key = match claim::key(seen.read(&key_id)?.as_ref(), me, is_present, request.renew) {
        Claim::AskStore => return Ok(Decision::AskStore),
        Claim::Lost(head) => return Ok(Decision::Claimed(Claimed::Lost(head))),
        Claim::Held(head) => head,
        Claim::Take(head) => {
            round.write(index, key_id.clone(), seen.state(&key_id), &head);
            head
        }
    };
    let mut heads: Vec<DocumentHead> = Vec::with_capacity(request.addresses.len());
    for address in &request.addresses {
        // Two documents of one object by the same id: the later one is stored over the earlier one.
        let before = heads.iter().find(|head| head.address.id == address.id).cloned();
        if let Some(before) = before {
            heads.push(before);
            continue;
        }
        let id = DocumentHead::id(&address.id);
        heads.push(match claim::document(seen.read(&id)?.as_ref(), me, key.version, address) {
            Claim::Take(head) => {
                round.write(index, id.clone(), seen.state(&id), &head);
                head
            }
            Claim::Held(head) | Claim::Lost(head) => head,
            Claim::AskStore => return Ok(Decision::AskStore),
        });
    }
    Ok(Decision::Claimed(Claimed::Held(key, heads)))
}

impl Present {
    /// Whether this is the version that the unit is.
    fn is(&self, unit: &Unit) -> bool {
        match &unit.version_id {
            Some(version) => self.version_id.as_ref() == Some(version),
            None => self.etag.as_ref() == Some(&unit.id.version),
        }
    }
}
