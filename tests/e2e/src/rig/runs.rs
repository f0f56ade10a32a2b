//! Runs on demand, worked as their pods would: one process selects, another works what it selected.

use std::process::ExitStatus;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{RECOVERED, Rig, Worker};
use crate::resources::SOURCE;

impl Rig {
    /// Works a run over the source to its end. Gives the record of its only part, or that of its selection where nothing
    /// was selected. `run` is what its spec has beside the source.
    pub async fn run_to_end(&self, name: &str, run: &Value) -> Result<Value> {
        self.run_for(name, run, &self.spec()).await
    }

    /// The same for another spec of the source than [`Self::spec`].
    pub async fn run_for(&self, name: &str, run: &Value, source: &Value) -> Result<Value> {
        let mut order = self.run_order(name, run, source)?;
        self.step(&format!("{name}-plan"), &order).await?;
        let plan = self.run_record(&format!("plan-{}-{name}", self.name)).await?;
        if plan["files"] == 0 {
            return Ok(plan);
        }
        order["step"] = json!({"work": {"files": plan["files"], "parts": 1}});
        self.step(&format!("{name}-work"), &order).await?;
        self.run_record(&format!("part-{}-{name}-0", self.name)).await
    }

    /// Selects for an audit with an order like that of [`Self::ingest_order`]. How that ended.
    pub async fn audit_order(&self, name: &str, ingest: &Value) -> Result<ExitStatus> {
        let mut order = self.run_order(name, &json!({"mode": "Audit"}), &self.spec())?;
        order["ingest"] = ingest.clone();
        self.start(name, &json!({"run": order}), &[])?.ended(RECOVERED).await
    }

    /// Starts the worker that selects the units of a run. [`Self::plan`] is what it writes.
    pub fn planner(&self, name: &str, run: &Value) -> Result<Worker> {
        let order = self.run_order(name, run, &self.spec())?;
        self.start(&format!("{name}-plan"), &json!({"run": order}), &[])
    }

    /// What the worker that selected the units of a run wrote down.
    pub async fn plan(&self, name: &str) -> Result<Value> {
        Ok(serde_json::from_slice(&self.run_file(name, "plan.json").await?)?)
    }

    /// A file of a run: `plan.json`, `report.json`.
    pub async fn run_file(&self, name: &str, file: &str) -> Result<Vec<u8>> {
        let key = format!("json/.docmill/runs/{}-{name}/{file}", self.name);
        self.s3.get(&self.snapshots_bucket(), &key).await
    }

    /// The order for the selection of a run.
    fn run_order(&self, name: &str, run: &Value, source: &Value) -> Result<Value> {
        let mut order = json!({
            "ingest": self.ingest_order(source),
            "run": name,
            "runUid": format!("{}-{name}", self.name),
            "createdMillis": u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?,
            "spec": run,
            "step": "plan",
        });
        order["spec"]["sourceRef"] = json!({"name": SOURCE});
        Ok(order)
    }

    async fn step(&self, name: &str, order: &Value) -> Result<()> {
        let mut worker = self.start(name, &json!({"run": order}), &[])?;
        let status = worker.ended(RECOVERED).await?;
        ensure!(status.success(), "{name} ended with {status}");
        Ok(())
    }

    async fn run_record(&self, id: &str) -> Result<Value> {
        let records = self.records.all(&format!("docmill-runs-{}.{SOURCE}", self.name)).await?;
        let record = records.into_iter().find(|record| record.id == id);
        Ok(record.with_context(|| format!("there is no record {id}"))?.source)
    }
}
