//! Writes records to the ledger: those of a batch, a single one, or a newer one in place of one that was read.

use docmill_clients::elastic::{Address, BulkBody, ConcurrencyToken, ItemOutcome};
use docmill_clients::retry::RetryPolicy;
use docmill_clients::store_health;
use docmill_crds::error_class::Classify as _;
use docmill_crds::records::units::UnitRecord;
use tokio_util::sync::CancellationToken;

use super::committer::{Committer, UnitCommit};
use super::ledger_update::RecordOutcome;
use crate::ingest::index::heads::CommitError;
use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::indexing::PATIENCE;

impl Committer {
    /// Writes the records, and returns what became of each unit's own record.
    pub(super) async fn record(
        &self,
        units: &[UnitCommit],
        stop: &CancellationToken,
    ) -> Result<Vec<RecordOutcome>, Unfinished> {
        let records = || {
            let records = units.iter().flat_map(|(_, update)| &update.records);
            records.map(|(record, version)| (record, Some(*version)))
        };
        let send = || self.clusters.ledger.bulk_all(self.ledger_body(records()), PATIENCE, stop);
        let mut outcomes = retry_step("record", stop, send).await?.into_iter();
        let outcome_of_record = |(_, update): &UnitCommit| {
            let own: Vec<ItemOutcome> = outcomes.by_ref().take(update.records.len()).collect();
            let id = update.records.first().map(|(record, _)| record.unit.digest()).unwrap_or_default();
            self.outcome_of_record(&id, &own)
        };
        Ok(units.iter().map(outcome_of_record).collect())
    }

    fn outcome_of_record(&self, id: &str, outcomes: &[ItemOutcome]) -> RecordOutcome {
        let refused = outcomes.iter().find_map(|outcome| match outcome {
            ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault) => Some(fault),
            ItemOutcome::Done | ItemOutcome::Superseded => None,
        });
        if let Some(fault) = refused {
            let (index, id) = (self.ledger_index.clone(), id.to_owned());
            let error = CommitError::Refused { index, id, fault: fault.clone() };
            // The problem stays reported for a while, and this worker goes on.
            store_health::global().held_up().set(error.store_problem(), &error.to_string());
            tracing::error!(%error, "the ledger refuses a record; its unit will be retried later");
            return RecordOutcome::Unfinished;
        }
        match outcomes.first() {
            Some(ItemOutcome::Superseded) => RecordOutcome::Superseded,
            _ => RecordOutcome::Stored,
        }
    }

    /// Writes one record by itself. With a version, a record that is older than the stored one is dropped.
    pub async fn write_record(
        &self,
        record: &UnitRecord,
        version: Option<u64>,
        patience: RetryPolicy,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let body = self.ledger_body(std::iter::once((record, version)));
        for outcome in self.clusters.ledger.bulk_all(body, patience, stop).await? {
            CommitError::written(outcome, &self.ledger_index, &record.unit.digest())?;
        }
        Ok(())
    }

    /// Replaces a record that was read. Returns an error if it was written since.
    pub(crate) async fn replace_record(
        &self,
        record: &UnitRecord,
        if_unchanged: ConcurrencyToken,
        stop: &CancellationToken,
    ) -> Result<(), CommitError> {
        let (index, id) = (&self.ledger_index, &record.unit.digest());
        let mut body = BulkBody::default();
        let source = serde_json::to_vec(record).unwrap_or_default();
        body.push_compare_and_set(Address { index, id }, Some(if_unchanged), &source);
        for outcome in self.clusters.ledger.bulk_all(body, RetryPolicy::once(), stop).await? {
            if !CommitError::written(outcome, index, id)? {
                return Err(CommitError::Contended { index: index.clone() });
            }
        }
        Ok(())
    }

    fn ledger_body<'a>(&self, records: impl Iterator<Item = (&'a UnitRecord, Option<u64>)>) -> BulkBody {
        let mut body = BulkBody::default();
        for (record, version) in records {
            let id = record.unit.digest();
            let source = serde_json::to_vec(record).unwrap_or_default();
            body.push_index(Address { index: &self.ledger_index, id: &id }, version, &source);
        }
        body
    }
}
