//! The measurements.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use e2e::install::{self, NAMESPACE};
use e2e::operator_metrics::{CPU_SECONDS, RESIDENT_MEMORY, requests, source_reconciles, value};
use e2e::wait::{Look, until};

use crate::fleet::Fleet;

/// For a while after something happened, the operator looks more often.
const SETTLING: Duration = Duration::from_mins(1);
/// For how long the operator is watched at rest.
const MEASURED: Duration = Duration::from_mins(1);
/// How long an operator that was restarted may take.
const RESTART_LIMIT: Duration = Duration::from_mins(5);
/// How long a new source may take.
const READY_LIMIT: Duration = Duration::from_mins(2);

/// What the operator costs.
pub struct Cost {
    /// The number of sources.
    pub sources: u32,
    /// CPU time at rest, in percent of a core.
    pub cpu_percent: f64,
    /// Resident memory at rest, in MiB.
    pub memory_mebibytes: f64,
    /// Requests a second at rest, by target.
    pub requests: BTreeMap<String, f64>,
    /// Seconds from the deletion of the operator's pod until the next one has reconciled every source.
    pub restart_seconds: f64,
    /// Seconds from the creation of a source until it is ready.
    pub ready_seconds: f64,
}

impl Cost {
    /// Requests a second in total.
    pub fn all_requests(&self) -> f64 {
        self.requests.values().sum()
    }
}

/// Measures all of it.
pub async fn cost(fleet: &Fleet) -> Result<Cost> {
    println!("waiting for {} s until the operator is at rest", SETTLING.as_secs());
    tokio::time::sleep(SETTLING).await;
    let before = install::leader_metrics(&fleet.cluster).await?;
    let began = Instant::now();
    tokio::time::sleep(MEASURED).await;
    let seconds = began.elapsed().as_secs_f64();
    let after = install::leader_metrics(&fleet.cluster).await?;
    let cpu_seconds = value(&after, CPU_SECONDS)? - value(&before, CPU_SECONDS)?;
    let earlier = requests(&before)?;
    let requests = requests(&after)?.into_iter().map(|(target, now)| {
        let made = now - earlier.get(&target).copied().unwrap_or(0.0);
        (target, made / seconds)
    });
    Ok(Cost {
        sources: fleet.count,
        cpu_percent: cpu_seconds / seconds * 100.0,
        memory_mebibytes: value(&after, RESIDENT_MEMORY)? / 1024.0 / 1024.0,
        requests: requests.collect(),
        ready_seconds: new_source(fleet).await?,
        restart_seconds: restart(fleet).await?,
    })
}

async fn new_source(fleet: &Fleet) -> Result<f64> {
    let number = fleet.next_idle();
    let began = Instant::now();
    fleet.create(number).await?;
    tokio::time::timeout(READY_LIMIT, fleet.ready(number)).await??;
    Ok(began.elapsed().as_secs_f64())
}

async fn restart(fleet: &Fleet) -> Result<f64> {
    let cluster = &fleet.cluster;
    let old = install::leader(cluster).await?;
    let began = Instant::now();
    cluster.kubectl(&["delete", "pod", &old, "--namespace", NAMESPACE, "--wait=false"]).await?;
    until("a first look of the next operator at every source", RESTART_LIMIT, async || {
        let leader = install::leader(cluster).await?;
        if leader.is_empty() || leader == old {
            return Ok(Look::NotYet("the old operator leads, or none".to_owned()));
        }
        let reconciles = source_reconciles(&install::leader_metrics(cluster).await?);
        Ok(Look::holds(reconciles >= f64::from(fleet.count), format!("{reconciles} reconciles")))
    })
    .await?;
    Ok(began.elapsed().as_secs_f64())
}
