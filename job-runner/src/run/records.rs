//! The records of a run beside the ledger, where the operator reads them.

use docmill_clients::elastic::{Address, ItemOutcome, StoredDocument};
use docmill_clients::{clock, retry};
use docmill_crds::records::runs::{KeyBoundRecord, PartRecord, PlanRecord, RunRecord};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::context::RunContext;
use super::error::RunError;
use super::manifest::RunPlan;
use super::retry_policy::PATIENCE;
use crate::record_version;

/// How often the last record of a part is written, should another pod of the part write at the same time.
const WRITES: usize = 8;

impl RunContext {
    /// Creates the indices of the ledger and of the records of runs if they do not exist. They have to belong
    /// to this source.
    pub(crate) async fn ensure_records(&self) -> Result<(), RunError> {
        let order = &self.order.ingest;
        let (owner, adopt) = (order.owner(), order.spec.adopts());
        for index in order.own_indices() {
            let claim = async || self.clusters.ledger.claim(&index, &owner, adopt).await;
            retry::retry_transient(PATIENCE, &self.stop.abort, claim).await?;
        }
        Ok(())
    }

    /// Records that this run exists, and where its files are.
    pub(crate) async fn record_run(&self) -> Result<(), RunError> {
        let now = clock::now_millis();
        let snapshots = &self.source().snapshots;
        let record = RunRecord {
            kind: "run".to_owned(),
            run: self.order.run_uid.clone(),
            bucket: snapshots.bucket.clone(),
            prefix: snapshots.prefix.clone(),
            updated_time: clock::rfc3339(now),
        };
        self.record(&RunRecord::id(&self.order.run_uid), &record, now).await
    }

    /// Records what was selected.
    pub(crate) async fn record_plan(&self, plan: &RunPlan) -> Result<(), RunError> {
        let now = clock::now_millis();
        let record = PlanRecord {
            kind: "plan".to_owned(),
            run: self.order.run_uid.clone(),
            files: plan.files,
            selected: plan.selected,
            passed_over: plan.passed_over,
            manifest: plan.manifest.clone(),
            updated_time: clock::rfc3339(now),
        };
        self.record(&PlanRecord::id(&self.order.run_uid), &record, now).await
    }

    /// Records the progress of a part. The time is the version, so that a pod that was thought dead
    /// overwrites nothing newer. That a part is finished is recorded in any case: the pod before may have had a clock
    /// that is ahead.
    pub(crate) async fn record_part(&self, record: &PartRecord) -> Result<(), RunError> {
        let id = PartRecord::id(&self.order.run_uid, record.part);
        let mut stored = 0;
        for _ in 0..WRITES {
            let version = record_version::next(clock::now_millis(), stored);
            if self.write(&id, record, Some(version)).await? || !record.finished {
                break;
            }
            stored = self.stored(&id).await?.map_or(0, |stored| stored.version);
        }
        Ok(())
    }

    /// Whether all parts are finished.
    pub(crate) async fn all_finished(&self, parts: i32) -> Result<bool, RunError> {
        let index = self.runs_index();
        let ids: Vec<String> = (0..parts).map(|part| PartRecord::id(&self.order.run_uid, part)).collect();
        let addresses: Vec<_> = ids.iter().map(|id| Address { index: &index, id }).collect();
        let fields = ["finished".to_owned()];
        let read = async || self.clusters.ledger.mget(&addresses, &fields).await;
        let records = retry::retry_transient(PATIENCE, &self.stop.abort, read).await?;
        let finished =
            |record: &StoredDocument| record.source.get("finished").and_then(Value::as_bool) == Some(true);
        Ok(records.iter().all(|record| record.as_ref().is_some_and(finished)))
    }

    /// The key up to which an earlier run of the poll trigger has done everything.
    pub(crate) async fn key_bound(&self) -> Result<Option<String>, RunError> {
        let record: Option<KeyBoundRecord> = self.recorded(&self.key_bound_id()).await?;
        Ok(record.map(|record| record.key))
    }

    /// Records the key up to which everything is done. The key of a run that was created later stays.
    pub(crate) async fn record_key_bound(&self, key: &str) -> Result<(), RunError> {
        let record = KeyBoundRecord {
            kind: "bound".to_owned(),
            run: self.order.run_uid.clone(),
            key: key.to_owned(),
            updated_time: clock::rfc3339(clock::now_millis()),
        };
        self.record(&self.key_bound_id(), &record, self.order.created_millis).await
    }

    fn key_bound_id(&self) -> String {
        KeyBoundRecord::id(&self.source_name(), &self.source().raw)
    }

    async fn recorded<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>, RunError> {
        let stored = self.stored(id).await?;
        Ok(stored.and_then(|stored| serde_json::from_value(Value::Object(stored.source)).ok()))
    }

    async fn stored(&self, id: &str) -> Result<Option<StoredDocument>, RunError> {
        let index = self.runs_index();
        let read = async || self.clusters.ledger.get(&index, id).await;
        Ok(retry::retry_transient(PATIENCE, &self.stop.abort, read).await?)
    }

    /// Writes a record, unless a newer one is stored.
    async fn record(&self, id: &str, record: &impl Serialize, version: i64) -> Result<(), RunError> {
        self.write(id, record, u64::try_from(version).ok()).await.map(drop)
    }

    /// The same; returns whether it is stored.
    async fn write(&self, id: &str, record: &impl Serialize, version: Option<u64>) -> Result<bool, RunError> {
        let (index, record) = (self.runs_index(), json!(record));
        let address = Address { index: &index, id };
        let write = async || self.clusters.ledger.index_doc(address, &record, version).await;
        match retry::retry_transient(PATIENCE, &self.stop.abort, write).await? {
            ItemOutcome::Done => Ok(true),
            ItemOutcome::Superseded => Ok(false),
            ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault) => {
                Err(RunError::RecordRefused(fault.to_string()))
            }
        }
    }
}
