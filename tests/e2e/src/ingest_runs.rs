//! Runs of a world's source, from their creation to their report.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::cluster::Kind;
use super::resources::SOURCE;
use super::wait::{Look, until};
use super::world::World;

/// How long a run may take.
const LIMIT: Duration = Duration::from_mins(3);

/// A run that has ended well.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its status.
    pub status: Value,
    /// What its report tells of its mode.
    pub details: Value,
}

/// Makes a run of this world's source. `spec` is merged into one that names the source.
pub async fn create(world: &World, name: &str, spec: Value) -> Result<()> {
    let mut whole = json!({"sourceRef": {"name": SOURCE}});
    if let (Some(whole), Value::Object(spec)) = (whole.as_object_mut(), spec) {
        whole.extend(spec);
    }
    world
        .apply(&json!({"apiVersion": "docmill.io/v1beta1", "kind": "IngestRun", "metadata": {"name": name}, "spec": whole}))
        .await
}

/// `kubectl patch` of the spec of a run.
pub async fn patch(world: &World, name: &str, spec: &Value) -> Result<()> {
    let (run, change) = (format!("irun/{name}"), json!({"spec": spec}).to_string());
    let patch = ["patch", &run, "--namespace", &world.name, "--type=merge", "--patch", &change];
    world.cluster.kubectl(&patch).await.map(drop)
}

/// Makes a run of this world's source, as [`create`] does, and waits for its end.
pub async fn complete(world: &World, name: &str, spec: Value) -> Result<Ended> {
    create(world, name, spec).await?;
    ended(world, name).await
}

/// Waits for the end of a run.
pub async fn ended(world: &World, name: &str) -> Result<Ended> {
    let status = until(&format!("the run {name} to be complete"), LIMIT, async || {
        let run = world.cluster.get(Kind::IngestRun, &world.name, name).await?;
        let status = &run["status"];
        ensure!(status["phase"] != "Failed", "the run {name} failed: {status}");
        let complete = status["phase"] == "Complete";
        Ok(if complete { Look::Done(status.clone()) } else { Look::NotYet(status.to_string()) })
    })
    .await?;
    let details = details(world, &status).await?;
    Ok(Ended { status, details })
}

async fn details(world: &World, status: &Value) -> Result<Value> {
    let address = status["report"].as_str().context("the status names no report")?;
    let Some((bucket, key)) = address.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) else {
        bail!("{address} is no address of an object");
    };
    let mut report: Value = serde_json::from_slice(&world.s3.get(bucket, key).await?)?;
    Ok(report["details"].take())
}
