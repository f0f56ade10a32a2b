//! An object was removed from the bucket: its documents go with it, where the source says so.
//!
//! The bucket says what a removal means. If it holds nothing under the key, a tombstone is written into the head of the
//! key, whatever was met of the key before, and by compare-and-set, so that of a put that is worked on at the same time
//! either finds the tombstone, or is found by the removal. Only then are documents taken back. If the bucket holds
//! an object, a version was removed that was not the present one, or another one is the present one now.

use docmill_clients::clock;
use docmill_clients::elastic::{Address, StoredDocument};
use docmill_clients::retry::Patience;
use docmill_crds::api::storage::OnDelete;
use docmill_crds::reason::SkipReason;
use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::{UnitId, UnitRecord, UnitState};
use tokio_util::sync::CancellationToken;

use super::committer::Finish;
use super::departed::{self, Departed};
use super::ledger_update;
use crate::ingest::index::claim;
use crate::ingest::index::heads::ClaimError;
use crate::ingest::ledger::errors_bucket;
use crate::ingest::persist::persist;
use crate::ingest::source::current;
use crate::ingest::unit::object_ref::Landed;
use crate::ingest::unit::placement::Held;
use crate::ingest::unit::task::Ended;

/// What came of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It has its end, or has not for now.
    Ended(Ended),
    /// The bucket holds another object under the key than was seen to its end last, which is to be seen to its end now.
    /// Nothing else may tell of it, where an earlier version came back.
    Holds(Landed),
}

/// Sees a removal to its end.
pub async fn remove(finish: &Finish, object: &Landed, stop: &CancellationToken) -> Removal {
    if finish.on_delete == OnDelete::Keep {
        return Removal::Ended(Ended::Nothing);
    }
    let attempt = || async {
        match Box::pin(attempt(finish, object, stop)).await {
            Err(ClaimError::Held(Held { index, trouble, fault })) => {
                tracing::warn!(
                    index,
                    fault = fault.for_records(),
                    key = object.key,
                    "a removed document cannot be deleted yet"
                );
                Ok(Removal::Ended(Ended::Held(trouble)))
            }
            result => result,
        }
    };
    let removal = persist("remove", stop, attempt).await;
    removal.unwrap_or(Removal::Ended(Ended::Unfinished))
}

async fn attempt(finish: &Finish, object: &Landed, stop: &CancellationToken) -> Result<Removal, ClaimError> {
    let heads = &finish.placer.heads;
    let Landed { bucket, key, .. } = object;
    // The head first: whoever takes the key after the bucket was asked makes the tombstone come too late.
    let (head, read) = heads.key(bucket, key).await?.unzip();
    if let Some(present) = current::present(&finish.s3, bucket, key).await? {
        let is_another = head.is_some_and(|head| head.gone || !present.is_version(&head.unit.version));
        return Ok(if is_another {
            Removal::Holds(present.landed(bucket, key))
        } else {
            Removal::Ended(Ended::Nothing)
        });
    }
    let tombstone = claim::tombstone(head.as_ref(), bucket, key, clock::now_millis());
    heads.set_key(&tombstone, read, stop).await?;
    Box::pin(take_back_all(finish, &tombstone, stop)).await.map(Removal::Ended)
}

/// Takes back what the units of a removed key have stored, and records it: the last one, and those before it that were not
/// seen to be replaced, since their successor failed for example.
async fn take_back_all(
    finish: &Finish,
    tombstone: &KeyHead,
    stop: &CancellationToken,
) -> Result<Ended, ClaimError> {
    let versions = std::iter::once(&tombstone.unit.version).chain(&tombstone.earlier);
    let units: Vec<UnitId> = versions
        .filter(|version| !version.is_empty())
        .map(|version| UnitId { version: version.clone(), ..tombstone.unit.clone() })
        .collect();
    let digests: Vec<String> = units.iter().map(UnitId::digest).collect();
    let addresses: Vec<_> = digests.iter().map(|id| Address { index: &finish.ledger, id }).collect();
    let stored = finish.clusters.ledger.mget(&addresses, &[]).await?;
    let mut ended = Ended::Nothing;
    for (unit, stored) in units.iter().zip(stored) {
        if Box::pin(take_back(finish, tombstone, unit, stored, stop)).await? {
            let reason = Some(SkipReason::ObjectRemoved.as_str().to_owned());
            ended = Ended::Final { state: UnitState::Skipped, reason, changed: true };
        }
    }
    Ok(ended)
}

/// Takes back what one unit has stored, and records it. Whether anything was to be done.
async fn take_back(
    finish: &Finish,
    tombstone: &KeyHead,
    unit: &UnitId,
    stored: Option<StoredDocument>,
    stop: &CancellationToken,
) -> Result<bool, ClaimError> {
    let read = stored.as_ref().map(|stored| stored.state);
    // A record that cannot be read was written by another version of Docmill.
    let record: Option<UnitRecord> =
        stored.and_then(|stored| serde_json::from_value(stored.source.into()).ok());
    if record.as_ref().is_some_and(departed::is_withdrawn) {
        return Ok(false);
    }
    let departed = Departed::of(unit, record.as_ref());
    let is_recorded = !matches!(departed, Some(Departed::Unrecorded(_)));
    if let Some(departed) = &departed {
        finish.take_back(departed, tombstone, tombstone.version, stop).await?;
    }
    if departed::may_have_evidence(record.as_ref()) {
        errors_bucket::remove(&finish.s3, &finish.errors, unit).await?;
    }
    let now = clock::now_millis();
    let record = match record {
        Some(record) => finish.recorder.removed(record, now),
        None => finish.recorder.of_skipped(unit.clone(), SkipReason::ObjectRemoved, 0, now),
    };
    if let (true, Some(read)) = (is_recorded, read) {
        // A record that was written since names documents that were not taken back.
        finish.replace_record(&record, read, stop).await?;
    }
    finish.write_record(&record, Some(ledger_update::own(tombstone)), Patience::once(), stop).await?;
    Ok(true)
}
