//! Handles an object that was removed from the bucket: its documents are deleted too, if the source says so.
//!
//! The bucket defines what a removal means. If it holds nothing under the key, a tombstone is written into
//! the head of the key, whether or not the key was met before, by compare-and-set; so a put that is processed
//! concurrently either finds the tombstone, or is found by the removal. Only then are documents taken back.
//! If the bucket holds an object, either the removed version was not the current one, or another version is
//! the current one now.

use docmill_clients::clock;
use docmill_clients::elastic::{Address, StoredDocument};
use docmill_clients::retry::RetryPolicy;
use docmill_crds::api::storage::OnDelete;
use docmill_crds::reason::SkipReason;
use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::{UnitId, UnitRecord, UnitState};
use tokio_util::sync::CancellationToken;

use super::committer::Committer;
use super::ledger_update;
use super::removed_documents::{self, DocumentsToDelete};
use crate::ingest::index::claim;
use crate::ingest::index::heads::CommitError;
use crate::ingest::retry::retry_step;
use crate::ingest::source::current;
use crate::ingest::unit::indexing::HeldByIndex;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::task::UnitOutcome;

/// The result of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It has this outcome, which may be unfinished for now.
    Ended(UnitOutcome),
    /// The bucket holds an object under the key that is not the one processed last, and that has to be
    /// processed now. If an earlier version came back, nothing else may report it.
    Holds(ObjectRef),
}

/// Processes a removal to completion.
pub async fn remove(committer: &Committer, object: &ObjectRef, stop: &CancellationToken) -> Removal {
    if committer.on_delete == OnDelete::Keep {
        return Removal::Ended(UnitOutcome::Nothing);
    }
    let attempt = || async {
        match Box::pin(attempt(committer, object, stop)).await {
            Err(CommitError::Held(HeldByIndex { index, trouble, fault })) => {
                tracing::warn!(
                    index,
                    fault = fault.for_records(),
                    key = object.key,
                    "the documents of a removed object cannot be deleted yet"
                );
                Ok(Removal::Ended(UnitOutcome::Held(trouble)))
            }
            result => result,
        }
    };
    let removal = retry_step("remove", stop, attempt).await;
    removal.unwrap_or(Removal::Ended(UnitOutcome::Unfinished))
}

async fn attempt(
    committer: &Committer,
    object: &ObjectRef,
    stop: &CancellationToken,
) -> Result<Removal, CommitError> {
    let heads = &committer.indexer.heads;
    let ObjectRef { bucket, key, .. } = object;
    // The head is read first: a unit that claims the key after the bucket was asked then invalidates the
    // tombstone.
    let (head, if_unchanged) = heads.key(bucket, key).await?.unzip();
    if let Some(present) = current::present(&committer.s3, bucket, key).await? {
        let is_another = head.is_some_and(|head| head.gone || !present.is_version(&head.unit.version));
        return Ok(if is_another {
            Removal::Holds(present.landed(bucket, key))
        } else {
            Removal::Ended(UnitOutcome::Nothing)
        });
    }
    let tombstone = claim::tombstone(head.as_ref(), bucket, key, clock::now_millis());
    heads.set_key(&tombstone, if_unchanged, stop).await?;
    Box::pin(take_back_all(committer, &tombstone, stop)).await.map(Removal::Ended)
}

/// Takes back what the units of a removed key have stored, and records it: the last unit, and earlier ones
/// whose replacement was never completed, for example because their successor failed.
async fn take_back_all(
    committer: &Committer,
    tombstone: &KeyHead,
    stop: &CancellationToken,
) -> Result<UnitOutcome, CommitError> {
    let versions = std::iter::once(&tombstone.unit.version).chain(&tombstone.earlier);
    let units: Vec<UnitId> = versions
        .filter(|version| !version.is_empty())
        .map(|version| UnitId { version: version.clone(), ..tombstone.unit.clone() })
        .collect();
    let digests: Vec<String> = units.iter().map(UnitId::digest).collect();
    let addresses: Vec<_> = digests.iter().map(|id| Address { index: &committer.ledger_index, id }).collect();
    let stored = committer.clusters.ledger.mget(&addresses, &[]).await?;
    let mut outcome = UnitOutcome::Nothing;
    for (unit, stored) in units.iter().zip(stored) {
        if Box::pin(take_back(committer, tombstone, unit, stored, stop)).await? {
            let reason = Some(SkipReason::ObjectRemoved.as_str().to_owned());
            outcome = UnitOutcome::Final { state: UnitState::Skipped, reason, changed: true };
        }
    }
    Ok(outcome)
}

/// Takes back what one unit has stored, and records it. Returns whether anything had to be done.
async fn take_back(
    committer: &Committer,
    tombstone: &KeyHead,
    unit: &UnitId,
    stored: Option<StoredDocument>,
    stop: &CancellationToken,
) -> Result<bool, CommitError> {
    let if_unchanged = stored.as_ref().map(|stored| stored.state);
    // A record that cannot be read was written by another version of Docmill.
    let record: Option<UnitRecord> =
        stored.and_then(|stored| serde_json::from_value(stored.source.into()).ok());
    if record.as_ref().is_some_and(removed_documents::is_withdrawn) {
        return Ok(false);
    }
    let to_delete = DocumentsToDelete::of(unit, record.as_ref());
    let is_recorded = !matches!(to_delete, Some(DocumentsToDelete::Unrecorded(_)));
    if let Some(to_delete) = &to_delete {
        committer.take_back(to_delete, tombstone, tombstone.version, stop).await?;
    }
    if removed_documents::may_have_evidence(record.as_ref()) {
        committer.remove_evidence(unit).await?;
    }
    let now = clock::now_millis();
    let record = match record {
        Some(record) => committer.recorder.removed(record, now),
        None => committer.recorder.of_skipped(unit.clone(), SkipReason::ObjectRemoved, 0, now),
    };
    if let (true, Some(if_unchanged)) = (is_recorded, if_unchanged) {
        // A record that was written since then names documents that were not taken back.
        committer.replace_record(&record, if_unchanged, stop).await?;
    }
    committer
        .write_record(&record, Some(ledger_update::own_record_version(tombstone)), RetryPolicy::once(), stop)
        .await?;
    Ok(true)
}
