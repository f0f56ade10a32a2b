//! An object was removed from the bucket: its documents go with it, where the source says so.

use docmill_crds::ledger::{UnitRecord, UnitState};
use docmill_crds::reason::SkipReason;
use docmill_crds::storage::OnDelete;
use tokio_util::sync::CancellationToken;

use super::finish::Finish;
use super::heads::ClaimError;
use super::notification::Landed;
use super::persist::persist;
use super::present;
use super::refuse;
use super::task::Ended;
use super::unit::Unit;
use crate::clock;
use crate::retry::Patience;

/// Sees a removal to its end. That an object is there again, or never was ingested, makes it nothing.
pub async fn remove(finish: &Finish, object: &Landed, stop: &CancellationToken) -> Ended {
    if finish.on_delete == OnDelete::Keep {
        return Ended::Nothing;
    }
    persist("remove", stop, || attempt(finish, object, stop)).await.unwrap_or(Ended::Unfinished)
}

async fn attempt(finish: &Finish, object: &Landed, stop: &CancellationToken) -> Result<Ended, ClaimError> {
    let heads = &finish.placer.heads;
    let Some((head, read)) = heads.key(&object.bucket, &object.key).await? else { return Ok(Ended::Nothing) };
    if present::present(&finish.s3, &object.bucket, &object.key).await?.is_some() {
        return Ok(Ended::Nothing);
    }
    let digest = head.unit.digest();
    let Some(stored) = finish.clusters.ledger.get(&finish.ledger, &digest).await? else {
        return Ok(Ended::Nothing);
    };
    let Ok(record) = serde_json::from_value::<UnitRecord>(stored.source.into()) else {
        return Ok(Ended::Nothing);
    };
    let gone = docmill_crds::ledger::heads::KeyHead {
        version: if head.gone { head.version } else { head.version + 1 },
        gone: true,
        ..head.clone()
    };
    if !head.gone && !heads.set_key(&gone, read).await? {
        // Somebody else was faster; the message comes again.
        return Ok(Ended::Unfinished);
    }
    let unit = Unit { id: head.unit.clone(), version_id: None, last_modified_millis: head.last_modified };
    let retired = heads.retire(&unit, gone.version, &record.documents, Patience::once(), stop).await?;
    finish.placer.delete(&retired, stop).await?;
    if record.state == UnitState::Failed {
        refuse::remove(&finish.s3, &finish.errors, &head.unit).await?;
    }
    let record = finish.recorder.removed(record, clock::now_millis());
    finish.write_record(&record, Some(gone.version * 2), Patience::once(), stop).await?;
    let reason = Some(SkipReason::ObjectRemoved.as_str().to_owned());
    Ok(Ended::Final { state: UnitState::Skipped, reason, changed: true })
}
