//! Keeps the evidence of refusals in the errors bucket, and removes what an earlier refusal left there.

use docmill_clients::aws::StoreError;
use docmill_crds::records::units::{UnitId, UnitState};
use tokio_util::sync::CancellationToken;

use super::commit_request::CommitRequest;
use super::committer::Committer;
use super::ledger_update::{LedgerUpdate, RecordOutcome};
use crate::ingest::ledger::errors_bucket::{self, ErrorRecord};
use crate::ingest::ledger::member_evidence;
use crate::ingest::retry::retry_step;
use crate::ingest::unit::prepared::{Converted, Prepared};

impl Committer {
    /// Keeps the evidence of a refusal, or removes what an earlier one left. Returns whether that is done.
    pub(super) async fn settle_evidence(
        &self,
        request: &CommitRequest,
        update: &LedgerUpdate,
        stop: &CancellationToken,
    ) -> bool {
        let Prepared::Converted(converted) = &request.prepared else { return true };
        if let Some(record) = &update.evidence.keep {
            tracing::warn!(unit = ?converted.unit.id, reason = record.reason, told = record.message, "a unit is refused");
            let keep = || self.keep_evidence(converted, record);
            if retry_step("refuse", stop, keep).await.is_err() {
                return false;
            }
        }
        for unit in &update.evidence.remove {
            let remove = || self.remove_evidence(unit);
            if retry_step("remove what is refused no more", stop, remove).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Keeps the object, or by themselves the refused members of an archive, and the record that says why.
    async fn keep_evidence(&self, converted: &Converted, record: &ErrorRecord) -> Result<(), StoreError> {
        let (unit, refusals) = (&converted.unit, converted.refusals.as_slice());
        let is_kept = match &self.archives {
            // On the heap, since it is large.
            Some(archives) => {
                Box::pin(archives.keep(&self.s3, &self.errors, (unit, refusals), record)).await?
            }
            None => false,
        };
        if !is_kept {
            return errors_bucket::refuse(&self.s3, &self.errors, unit, record).await;
        }
        let because = Some("its refused members are kept by themselves".to_owned());
        let without_copy = ErrorRecord { copied: false, not_copied_because: because, ..record.clone() };
        errors_bucket::refuse(&self.s3, &self.errors, unit, &without_copy).await
    }

    /// Removes the evidence of a unit that is no longer refused, the members of archives included.
    pub(super) async fn remove_evidence(&self, unit: &UnitId) -> Result<(), StoreError> {
        if self.archives.is_some() {
            member_evidence::remove(&self.s3, &self.errors, unit).await?;
        }
        errors_bucket::remove(&self.s3, &self.errors, unit).await
    }

    /// Removes the evidence of a unit whose failure was not recorded because another version of its key has
    /// replaced it meanwhile. Leftover evidence is not held against the unit; an audit finds it.
    pub(super) async fn drop_evidence(
        &self,
        request: &CommitRequest,
        update: &LedgerUpdate,
        record_outcome: RecordOutcome,
        stop: &CancellationToken,
    ) {
        let (Prepared::Converted(converted), Some(_), RecordOutcome::Superseded) =
            (&request.prepared, &update.evidence.keep, record_outcome)
        else {
            return;
        };
        let unit = &converted.unit.id;
        let attempt = || async { self.clusters.ledger.get(&self.ledger_index, &unit.digest()).await };
        let Ok(stored) = retry_step("look up", stop, attempt).await else { return };
        // Another worker may have recorded the same failure, with the same evidence.
        if stored.is_some_and(|stored| stored.source.get("state") != Some(&UnitState::Failed.as_str().into()))
        {
            let remove = || self.remove_evidence(unit);
            // If the evidence stays, the log says so.
            let _ = retry_step("remove what is refused no more", stop, remove).await;
        }
    }
}
