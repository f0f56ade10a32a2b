//! Puts documents where they belong: claims their places, and stores them with the versions that the claims gave.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use docmill_crds::ledger::heads::{DocumentHead, KeyHead};
use docmill_crds::ledger::{DocumentAddress, DocumentsDigest, MAX_RECORDED_DOCUMENTS, RecordedDocument};
use docmill_crds::storage::OnDelete;
use tokio_util::sync::CancellationToken;

use super::articles::Articles;
use super::heads::{ClaimError, Claimed, Heads, Request};
use super::prepare::AddressedDocument;
use super::provenance::indexed_source;
use super::unit::Unit;
use crate::clock;
use crate::elastic::{Address, BulkBody, Elastic, Fault, Outcome};
use crate::retry::Patience;

/// How long one call waits for Elasticsearch; whoever calls tries again, and claims anew, since much can have happened
/// meanwhile.
pub const PATIENCE: Patience = Patience::lasting(Duration::from_secs(20));

/// What an item of a bulk takes beside its document: the action and the time.
const ITEM_BYTES: usize = 512;

/// Puts documents into a cluster, or only claims their keys where there is none.
#[derive(Clone, Debug)]
pub struct Placer {
    /// Where the documents go; none where they end as snapshots.
    pub articles: Option<Arc<Articles>>,
    /// Who has which place.
    pub heads: Heads,
    /// What becomes of documents that the present version of their key does not have.
    pub on_delete: OnDelete,
}

/// A unit and documents of it.
#[derive(Clone, Copy, Debug)]
pub struct ToPlace<'a> {
    /// The unit.
    pub unit: &'a Unit,
    /// Documents of it, or none where all were refused.
    pub documents: &'a [AddressedDocument],
    /// Write with new versions what is there by the unit's own, see [`Request::renew`].
    pub renew: bool,
}

/// What became of a unit's documents.
#[derive(Clone, Debug)]
pub enum Fate {
    /// A newer unit has the key, or it was removed; nothing was stored.
    Superseded(KeyHead),
    /// The unit is the present one of its key.
    Current {
        /// Its head.
        key: KeyHead,
        /// What became of each document.
        documents: Vec<DocumentFate>,
    },
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentFate {
    /// It is stored, or a newer version of it is; without an index, its snapshot is.
    Stored,
    /// Elasticsearch refuses it.
    Rejected(Fault),
}

/// What became of a unit as a whole.
#[derive(Clone, Debug)]
pub enum Placed {
    /// A newer unit has the key, or it was removed.
    Superseded(KeyHead),
    /// These documents of it are stored.
    Current {
        /// The head of its key; none if there was nothing to place.
        key: Option<KeyHead>,
        /// The documents.
        stored: Stored,
    },
}

/// The documents of a unit that are stored.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The first of them.
    pub documents: Vec<RecordedDocument>,
    /// How many there are.
    pub count: i64,
    digest: DocumentsDigest,
}

impl Stored {
    /// Takes in a document.
    fn push(&mut self, document: &RecordedDocument) {
        self.count += 1;
        self.digest.push(document);
        // One without an address cannot be named.
        if self.documents.len() < MAX_RECORDED_DOCUMENTS && !document.index.is_empty() {
            self.documents.push(document.clone());
        }
    }

    /// The digest over all of them.
    #[must_use]
    pub fn digest(&self) -> String {
        self.digest.clone().finish()
    }
}

impl Placed {
    /// Takes in what became of some more documents; `rejected` is told of those that were refused.
    pub fn take_in(
        &mut self,
        head: KeyHead,
        documents: &[AddressedDocument],
        fates: Vec<DocumentFate>,
        mut rejected: impl FnMut(&RecordedDocument, &Fault),
    ) {
        let Self::Current { key, stored } = self else { return };
        *key = Some(head);
        for (document, fate) in documents.iter().zip(fates) {
            match fate {
                DocumentFate::Stored => stored.push(&document.recorded),
                DocumentFate::Rejected(fault) => rejected(&document.recorded, &fault),
            }
        }
    }
}

impl Placer {
    /// Claims and stores the documents of units, each of which is there once. Doing it again changes nothing.
    pub async fn place(
        &self,
        units: &[ToPlace<'_>],
        stop: &CancellationToken,
    ) -> Result<Vec<Fate>, ClaimError> {
        let addresses: Vec<Vec<DocumentAddress>> = units.iter().map(|unit| addresses(unit)).collect();
        let requests: Vec<_> = units
            .iter()
            .zip(&addresses)
            .map(|(unit, addresses)| {
                // Without an index, documents have no places that could be claimed.
                let addresses = addresses.iter().filter(|_| self.articles.is_some()).collect();
                Request { unit: unit.unit, addresses, renew: unit.renew }
            })
            .collect();
        let claims = self.heads.claim(&requests, PATIENCE, stop).await?;
        let Some(articles) = &self.articles else { return Ok(kept(units, claims)) };
        self.take_back_of_lost(units, &claims, stop).await?;
        let stale = stale(&articles.elastic, &claims).await?;
        articles
            .ensure_template_before(
                addresses.iter().flatten().map(|address| address.index.as_str()).collect(),
            )
            .await?;
        let (body, sent) = body(units, &claims, &stale);
        let outcomes = articles.elastic.bulk_all(body, PATIENCE, stop).await?;
        self.delete(&self.overtaken(&claims).await?, stop).await?;
        Ok(fates(claims, sent, outcomes))
    }

    /// Deletes what an earlier attempt stored of units that have lost their keys since.
    async fn take_back_of_lost(
        &self,
        units: &[ToPlace<'_>],
        claims: &[Claimed],
        stop: &CancellationToken,
    ) -> Result<(), ClaimError> {
        if self.on_delete == OnDelete::Keep {
            return Ok(());
        }
        for (unit, claim) in units.iter().zip(claims) {
            if let Claimed::Lost(head) = claim {
                self.take_back(&unit.unit.id.key, head.version, &ids(unit.documents), stop).await?;
            }
        }
        Ok(())
    }

    /// Takes back and deletes documents of a key, by their ids, that no unit claimed which took the key with the version
    /// `below` or a later one. Gives how many places were theirs.
    pub async fn take_back(
        &self,
        key: &str,
        below: u64,
        ids: &[&str],
        stop: &CancellationToken,
    ) -> Result<usize, ClaimError> {
        let retired = self.heads.retire(key, below, ids, stop).await?;
        self.delete(&retired, stop).await?;
        Ok(retired.len())
    }

    /// Documents that were given another place between their claim and now. Whoever did that deletes what it finds in
    /// the old place, but an index that was made only now was not there to be looked into.
    async fn overtaken(&self, claims: &[Claimed]) -> Result<Vec<(DocumentAddress, u64)>, ClaimError> {
        let claimed: Vec<&DocumentHead> = claims.iter().flat_map(Claimed::documents).collect();
        let now = self.heads.documents(claimed.iter().map(|head| head.address.id.as_str())).await?;
        let moved = claimed.into_iter().zip(now).filter_map(|(claimed, now)| {
            let now = now.filter(|now| now.gone || now.address.index != claimed.address.index)?;
            Some((claimed.address.clone(), now.version))
        });
        Ok(moved.collect())
    }

    /// Deletes documents, by their versions.
    async fn delete(
        &self,
        documents: &[(DocumentAddress, u64)],
        stop: &CancellationToken,
    ) -> Result<(), ClaimError> {
        let Some(articles) = &self.articles else { return Ok(()) };
        let existing =
            existing(&articles.elastic, documents.iter().map(|(address, _)| &address.index)).await?;
        let documents: Vec<_> =
            documents.iter().filter(|(address, _)| existing.contains(&address.index)).collect();
        let mut body = BulkBody::default();
        for (DocumentAddress { index, id }, version) in &documents {
            body.push_delete(Address { index, id }, Some(*version));
        }
        let outcomes = articles.elastic.bulk_all(body, PATIENCE, stop).await?;
        for (outcome, (DocumentAddress { index, id }, _)) in outcomes.into_iter().zip(documents) {
            ClaimError::written(outcome, index, id)?;
        }
        Ok(())
    }
}

/// Indices that hold earlier versions, as far as they exist.
async fn stale(elastic: &Elastic, claims: &[Claimed]) -> Result<BTreeSet<String>, ClaimError> {
    existing(elastic, claims.iter().flat_map(Claimed::documents).flat_map(|head| &head.stale)).await
}

/// Those of the indices that exist: a versioned delete would make one that does not.
async fn existing(
    elastic: &Elastic,
    named: impl Iterator<Item = &String>,
) -> Result<BTreeSet<String>, ClaimError> {
    let mut existing = BTreeSet::new();
    for index in named.collect::<BTreeSet<_>>() {
        if elastic.exists(index).await? {
            existing.insert(index.clone());
        }
    }
    Ok(existing)
}

/// Without an index: what the snapshots hold is where it belongs.
fn kept(units: &[ToPlace<'_>], claims: Vec<Claimed>) -> Vec<Fate> {
    let fate = |(unit, claim): (&ToPlace<'_>, Claimed)| match claim {
        Claimed::Lost(head) => Fate::Superseded(head),
        Claimed::Held(key, _) => {
            Fate::Current { key, documents: vec![DocumentFate::Stored; unit.documents.len()] }
        }
    };
    units.iter().zip(claims).map(fate).collect()
}

/// The ids of documents.
pub(super) fn ids(documents: &[AddressedDocument]) -> Vec<&str> {
    documents.iter().map(|document| document.recorded.id.as_str()).collect()
}

fn addresses(unit: &ToPlace<'_>) -> Vec<DocumentAddress> {
    let recorded = unit.documents.iter().map(|document| &document.recorded);
    recorded
        .map(|recorded| DocumentAddress { index: recorded.index.clone(), id: recorded.id.clone() })
        .collect()
}

/// The bulk of all documents whose places are their units', and of the deletion of what they leave behind. Also which
/// documents of each unit are in it; the deletions come after all of them.
fn body(
    units: &[ToPlace<'_>],
    claims: &[Claimed],
    existing: &BTreeSet<String>,
) -> (BulkBody, Vec<Vec<bool>>) {
    let indexed_time = clock::rfc3339(clock::now_millis());
    let mut body = BulkBody::default();
    let documents = units.iter().flat_map(|unit| unit.documents);
    body.reserve(documents.map(|document| document.line.len() + ITEM_BYTES).sum());
    let mut sent = Vec::with_capacity(units.len());
    for (unit, claim) in units.iter().zip(claims) {
        let Claimed::Held(_, heads) = claim else {
            sent.push(Vec::new());
            continue;
        };
        let digest = unit.unit.id.digest();
        let own = unit.documents.iter().zip(heads).map(|(document, head)| {
            let own = is_own(&digest, document, head);
            if own {
                let source = indexed_source(&document.line, &indexed_time);
                let DocumentAddress { index, id } = &head.address;
                body.push_index_pieces(Address { index, id }, Some(head.version), &source);
            }
            own
        });
        sent.push(own.collect());
    }
    for head in claims.iter().flat_map(Claimed::documents) {
        for index in head.stale.iter().filter(|index| existing.contains(*index)) {
            body.push_delete(Address { index, id: &head.address.id }, Some(head.version));
        }
    }
    (body, sent)
}

fn is_own(digest: &str, document: &AddressedDocument, head: &DocumentHead) -> bool {
    head.unit == digest && head.address.index == document.recorded.index
}

fn fates(claims: Vec<Claimed>, sent: Vec<Vec<bool>>, outcomes: Vec<Outcome>) -> Vec<Fate> {
    let mut outcomes = outcomes.into_iter();
    let mut fate = |own: bool| match own.then(|| outcomes.next()).flatten() {
        Some(Outcome::Rejected(fault)) => DocumentFate::Rejected(fault),
        _ => DocumentFate::Stored,
    };
    let units = claims.into_iter().zip(sent);
    units
        .map(|(claim, sent)| match claim {
            Claimed::Lost(head) => Fate::Superseded(head),
            Claimed::Held(key, _) => {
                Fate::Current { key, documents: sent.into_iter().map(&mut fate).collect() }
            }
        })
        .collect()
}
