//! Stores documents where they belong: claims their places, and writes them with the versions that the claims
//! gave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody};
use docmill_crds::api::storage::OnDelete;
use docmill_crds::records::heads::DocumentHead;
use docmill_crds::records::units::DocumentAddress;
use tokio_util::sync::CancellationToken;

use super::articles::{Articles, UncreatableIndices};
use super::bulk_policy::{IndexHealthPolicy, SendMode};
use super::heads::{ClaimRequest, Claimed, CommitError, Heads, unless_held};
use super::outcomes::BulkDocuments;
use super::write_window::WriteWindow;
use crate::ingest::snapshot::provenance::indexed_source;
use crate::ingest::unit::document::AddressedDocument;
use crate::ingest::unit::indexing::{DocumentOutcome, HeldByIndex, IndexOutcome, IndexRequest, PATIENCE};

/// Bytes that a bulk item has beside its document: the action and the time.
const ITEM_BYTES: usize = 512;

/// Stores documents in a cluster, or only claims their keys if there is none.
#[derive(Clone, Debug)]
pub struct Indexer {
    /// Where the documents go; `None` if they end as snapshots.
    pub articles: Option<Arc<Articles>>,
    /// Who holds which place.
    pub heads: Heads,
    /// What happens to documents that the current version of their key does not have.
    pub on_delete: OnDelete,
}

impl Indexer {
    /// Claims and stores the documents of units; each unit appears once. Idempotent.
    pub async fn place(
        &self,
        units: &[IndexRequest<'_>],
        mode: SendMode,
        stop: &CancellationToken,
    ) -> Result<Vec<IndexOutcome>, CommitError> {
        let addresses: Vec<Vec<DocumentAddress>> = units.iter().map(|unit| addresses(unit)).collect();
        let indices: BTreeSet<&str> =
            addresses.iter().flatten().map(|address| address.index.as_str()).collect();
        let open = |articles: &Arc<Articles>| WriteWindow::open(&articles.allocations, &indices);
        let window = self.articles.as_ref().map(open);
        let requests: Vec<_> = units
            .iter()
            .zip(&addresses)
            .map(|(unit, addresses)| {
                // Without an index, documents have no places that could be claimed.
                let addresses = addresses.iter().filter(|_| self.articles.is_some()).collect();
                ClaimRequest { unit: unit.unit, addresses, renew: unit.renew }
            })
            .collect();
        let claims = self.heads.claim(&requests, PATIENCE, stop).await?;
        let (Some(articles), Some(window)) = (&self.articles, window) else {
            return Ok(outcomes_without_index(units, claims));
        };
        let held_by_position = self.take_back_of_lost(units, &claims, stop).await?;
        let stale = stale(articles, &claims).await?;
        let uncreatable = articles.ensure_template_before(&indices).await?;
        let (body, mut bulk_documents) = body(units, &claims, &stale, &uncreatable);
        let policy = IndexHealthPolicy { index_health: &articles.index_health, mode };
        bulk_documents.take_in(articles.elastic.bulk_watched(body, &policy, mode.patience(), stop).await?);
        hold_uncreated(articles, &mut bulk_documents).await?;
        let steady = window.close(&articles.allocations, &articles.elastic).await;
        for (address, held) in self.delete(&self.overtaken(&claims, &steady).await?, stop).await? {
            bulk_documents.hold(&address.id, &held);
        }
        let documents = bulk_documents.into_outcomes();
        for held in documents.iter().filter_map(DocumentOutcome::held) {
            articles.index_health.refused(&held.index);
        }
        Ok(outcomes(units, claims, documents, held_by_position))
    }

    /// Deletes what an earlier attempt stored for units that have lost their keys since. Returns the index
    /// that keeps some of it, by the position of the unit.
    async fn take_back_of_lost(
        &self,
        units: &[IndexRequest<'_>],
        claims: &[Claimed],
        stop: &CancellationToken,
    ) -> Result<BTreeMap<usize, HeldByIndex>, CommitError> {
        let mut held_by_position = BTreeMap::new();
        if self.on_delete == OnDelete::Keep {
            return Ok(held_by_position);
        }
        for (position, (unit, claim)) in units.iter().zip(claims).enumerate() {
            if let Claimed::Lost(head) = claim {
                let result =
                    self.take_back(&unit.unit.id.key, head.version, &ids(unit.documents), stop).await;
                held_by_position.extend(unless_held(result)?.map(|held| (position, held)));
            }
        }
        Ok(held_by_position)
    }

    /// Takes back and deletes documents of a key, by their ids, except those claimed by a unit that took the
    /// key with the version `below` or a later one. Returns how many places belonged to the key.
    pub async fn take_back(
        &self,
        key: &str,
        below: u64,
        ids: &[&str],
        stop: &CancellationToken,
    ) -> Result<usize, CommitError> {
        let retired = self.heads.retire(key, below, ids, stop).await?;
        match self.delete(&retired, stop).await?.pop() {
            None => Ok(retired.len()),
            Some((_, held)) => Err(CommitError::Held(held)),
        }
    }

    /// Documents that were given another place between their claim and now, outside of the `steady` indices. Whoever
    /// did that deletes what it finds in the old place, but there that may not have kept the write out.
    async fn overtaken(
        &self,
        claims: &[Claimed],
        steady: &BTreeSet<String>,
    ) -> Result<Vec<(DocumentAddress, u64)>, CommitError> {
        let claimed = claims.iter().flat_map(Claimed::documents);
        let claimed: Vec<&DocumentHead> =
            claimed.filter(|head| !steady.contains(&head.address.index)).collect();
        let current = self.heads.documents(claimed.iter().map(|head| head.address.id.as_str())).await?;
        let moved = claimed.into_iter().zip(current).filter_map(|(claimed, current)| {
            let current =
                current.filter(|current| current.gone || current.address.index != claimed.address.index)?;
            Some((claimed.address.clone(), current.version))
        });
        Ok(moved.collect())
    }

    /// Deletes documents, by their versions. Returns those that are still there because their indices have
    /// trouble of their own.
    async fn delete(
        &self,
        documents: &[(DocumentAddress, u64)],
        stop: &CancellationToken,
    ) -> Result<Vec<(DocumentAddress, HeldByIndex)>, CommitError> {
        let Some(articles) = self.articles.as_ref().filter(|_| !documents.is_empty()) else {
            return Ok(Vec::new());
        };
        let existing = existing(articles, documents.iter().map(|(address, _)| &address.index)).await?;
        let documents: Vec<_> =
            documents.iter().filter(|(address, _)| existing.contains(&address.index)).collect();
        let mut body = BulkBody::default();
        for (DocumentAddress { index, id }, version) in &documents {
            body.push_delete(Address { index, id }, Some(*version));
        }
        let policy = IndexHealthPolicy { index_health: &articles.index_health, mode: SendMode::untimed() };
        let outcomes = articles.elastic.bulk_watched(body, &policy, PATIENCE, stop).await?;
        let mut not_deleted = Vec::new();
        for (outcome, (address, _)) in outcomes.into_iter().zip(documents) {
            match CommitError::written(outcome, &address.index, &address.id) {
                Ok(_) => {}
                Err(CommitError::Held(held)) => not_deleted.push((address.clone(), held)),
                Err(error) => return Err(error),
            }
        }
        Ok(not_deleted)
    }
}

/// Handles documents that were rejected because their index could not be created: an error caused by a
/// template looks like one of the document; only the missing index tells them apart.
async fn hold_uncreated(
    articles: &Articles,
    bulk_documents: &mut BulkDocuments<'_>,
) -> Result<(), CommitError> {
    for index in bulk_documents.doubtful() {
        if !articles.exists(&index).await? {
            articles.forget(&index);
            bulk_documents.hold_rejected_of(&index);
        }
    }
    Ok(())
}

/// Existing indices that hold earlier versions.
async fn stale(articles: &Articles, claims: &[Claimed]) -> Result<BTreeSet<String>, CommitError> {
    existing(articles, claims.iter().flat_map(Claimed::documents).flat_map(|head| &head.stale)).await
}

/// Returns the indices that exist: a versioned delete would create one that does not.
async fn existing(
    articles: &Articles,
    names: impl Iterator<Item = &String>,
) -> Result<BTreeSet<String>, CommitError> {
    let mut existing = BTreeSet::new();
    for index in names.collect::<BTreeSet<_>>() {
        if articles.exists(index).await? {
            existing.insert(index.clone());
        }
    }
    Ok(existing)
}

/// Without an index, what the snapshots hold is where it belongs.
fn outcomes_without_index(units: &[IndexRequest<'_>], claims: Vec<Claimed>) -> Vec<IndexOutcome> {
    let outcome = |(unit, claim): (&IndexRequest<'_>, Claimed)| match claim {
        Claimed::Lost(head) => IndexOutcome::Superseded(head, None),
        Claimed::Held(key, _) => {
            IndexOutcome::Current { key, documents: vec![DocumentOutcome::Stored; unit.documents.len()] }
        }
    };
    units.iter().zip(claims).map(outcome).collect()
}

/// The ids of documents.
pub(crate) fn ids(documents: &[AddressedDocument]) -> Vec<&str> {
    documents.iter().map(|document| document.recorded.id.as_str()).collect()
}

fn addresses(unit: &IndexRequest<'_>) -> Vec<DocumentAddress> {
    let recorded = unit.documents.iter().map(|document| &document.recorded);
    recorded
        .map(|recorded| DocumentAddress { index: recorded.index.clone(), id: recorded.id.clone() })
        .collect()
}

/// The bulk of all documents whose places belong to their units, and of the deletions of what they leave
/// behind. The deletions come after all documents.
fn body<'a>(
    units: &[IndexRequest<'_>],
    claims: &'a [Claimed],
    existing: &BTreeSet<String>,
    uncreatable: &UncreatableIndices,
) -> (BulkBody, BulkDocuments<'a>) {
    let indexed_time = clock::rfc3339(clock::now_millis());
    let (mut body, mut bulk_documents) = (BulkBody::default(), BulkDocuments::default());
    let documents = units.iter().flat_map(|unit| unit.documents);
    body.reserve(documents.map(|document| document.line.len() + ITEM_BYTES).sum());
    for (unit, claim) in units.iter().zip(claims) {
        let digest = unit.unit.id.digest();
        for (document, head) in unit.documents.iter().zip(claim.documents()) {
            let DocumentAddress { index, id } = &head.address;
            if !is_own(&digest, document, head) {
                bulk_documents.lost(&head.address);
            } else if let Some(fault) =
                uncreatable.fault.as_ref().filter(|_| uncreatable.indices.contains(index))
            {
                bulk_documents.barred(&head.address, fault);
            } else {
                let source = indexed_source(&document.line, &indexed_time);
                body.push_index_pieces(Address { index, id }, Some(head.version), &source);
                bulk_documents.sent(&head.address);
            }
        }
    }
    for head in claims.iter().flat_map(Claimed::documents) {
        for index in head.stale.iter().filter(|index| existing.contains(*index)) {
            body.push_delete(Address { index, id: &head.address.id }, Some(head.version));
            bulk_documents.deleted(index, &head.address.id);
        }
    }
    (body, bulk_documents)
}

fn is_own(digest: &str, document: &AddressedDocument, head: &DocumentHead) -> bool {
    head.unit == digest && head.address.index == document.recorded.index
}

fn outcomes(
    units: &[IndexRequest<'_>],
    claims: Vec<Claimed>,
    documents: Vec<DocumentOutcome>,
    mut held_by_position: BTreeMap<usize, HeldByIndex>,
) -> Vec<IndexOutcome> {
    let mut documents = documents.into_iter();
    let outcome = |(position, (unit, claim)): (usize, (&IndexRequest<'_>, Claimed))| match claim {
        Claimed::Lost(head) => IndexOutcome::Superseded(head, held_by_position.remove(&position)),
        Claimed::Held(key, _) => {
            IndexOutcome::Current { key, documents: documents.by_ref().take(unit.documents.len()).collect() }
        }
    };
    units.iter().zip(claims).enumerate().map(outcome).collect()
}
