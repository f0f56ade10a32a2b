//! What a deleted run leaves behind goes too: its records beside the ledger or the enriched documents, and its files in the
//! snapshot bucket.
//!
//! From time to time the operator asks the stores of each source that it has reached lately, and each cluster that an
//! enrichment writes to, which runs they have records of, and removes what is of runs that do not exist any more. That is
//! driven by what is there and not by deletions, so that nothing is missed while no operator runs, and no finalizer holds
//! up the deletion of a run or of a namespace whose stores are away.
//!
//! - `records`: the records of runs in one index; `files`: the files of a run;
//! - `ingest`, `enrichment`: those of each kind of run.

mod enrichment;
mod files;
mod ingest;
mod records;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use docmill_clients::aws::StoreError;
use docmill_clients::elastic::ElasticError;
use futures::StreamExt as _;
use futures::stream;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt as _};
use tokio::time::MissedTickBehavior;

use crate::context::Context;
use crate::metrics::{Shown, Shows};
use crate::not_ready::NotReady;
use crate::shutdown::Shutdown;
use crate::stores::with_causes;

/// Places that are swept at a time.
const AT_A_TIME: usize = 4;
/// How long one place may take; what is left of it is for the next time.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Runs whose remains are removed from one place at a time.
const RUNS_AT_A_TIME: usize = 50;

/// When remains are removed.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How often they are looked for.
    pub every: Duration,
    /// How long nothing may have been written of a run before its remains are removed: its pods may still be ending.
    pub grace: Duration,
}

/// Why a place could not be swept.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("failed to list the runs of the namespace: {0}")]
    Runs(#[from] kube::Error),
    #[error("{}: {}", .0.reason, .0.message)]
    Unreachable(NotReady),
}

/// Sweeps again and again until the process is asked to end.
pub async fn run(context: Arc<Context>, retention: Retention, stop: Shutdown) {
    let sweeping = async {
        let mut tick = tokio::time::interval(retention.every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            sweep(&context, retention.grace).await;
        }
    };
    tokio::select! {
        () = stop.asked() => {}
        () = sweeping => {}
    }
}

async fn sweep(context: &Context, grace: Duration) {
    let before = Timestamp::now() - grace;
    stream::iter(context.metrics.shown.sources.state())
        .for_each_concurrent(AT_A_TIME, async |guard| {
            if let Ok(source) = &guard.0 {
                let name = source.name_any();
                report(&name, tokio::time::timeout(TIMEOUT, ingest::sweep(source, context, before)).await);
            }
        })
        .await;
    stream::iter(enrichment::targets(context))
        .for_each_concurrent(AT_A_TIME, async |target| {
            let swept = tokio::time::timeout(TIMEOUT, enrichment::sweep(&target, context, before)).await;
            report(&target.namespace, swept);
        })
        .await;
}

fn report(place: &str, swept: Result<Result<usize, SweepError>, tokio::time::error::Elapsed>) {
    match swept {
        Ok(Ok(0)) => {}
        Ok(Ok(runs)) => tracing::info!(place, runs, "removed what deleted runs had left"),
        Ok(Err(error)) => {
            let error = with_causes(&error);
            tracing::warn!(place, error, "what deleted runs left could not be removed; it is tried again");
        }
        Err(_) => {
            tracing::warn!(place, "removing what deleted runs left takes long; it goes on the next time");
        }
    }
}

/// UIDs of the runs of a namespace, as a view has them: enough to leave them out of a search.
fn known<K: Shows>(shown: &Shown<K>, namespace: &str) -> Vec<String> {
    let runs = shown.state();
    let here = runs.iter().filter(|run| run.namespace().as_deref() == Some(namespace));
    here.filter_map(|run| run.uid()).collect()
}

/// Those of some runs that do not exist, as the API server says now. A run that exists after its records were read is
/// among those that it lists, so that nothing of it is ever removed.
async fn deleted<K>(client: &Client, namespace: &str, runs: Vec<String>) -> Result<Vec<String>, SweepError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    if runs.is_empty() {
        return Ok(runs);
    }
    let listed =
        Api::<K>::namespaced(client.clone(), namespace).list_metadata(&ListParams::default()).await?;
    let existing: HashSet<String> = listed.items.iter().filter_map(kube::ResourceExt::uid).collect();
    Ok(of_deleted(runs, &existing))
}

fn of_deleted(runs: Vec<String>, existing: &HashSet<String>) -> Vec<String> {
    let gone = runs.into_iter().filter(|run| is_uid(run) && !existing.contains(run));
    gone.take(RUNS_AT_A_TIME).collect()
}

/// Whether a text can be the UID of a resource. Keys are made from it, and anybody may have written it into a record.
fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
