//! Removes what nobody needs any more. First, what deleted runs leave behind: their records next to the ledger or the
//! enriched documents, and their files in the snapshot bucket; then, records of units that have expired.
//!
//! Periodically, the operator asks the stores of each recently reached source, and each cluster that an
//! enrichment writes to, of which runs they have records, and removes those of runs that no longer exist. The
//! sweep starts from the stored records and not from deletions, so nothing is missed while no operator runs,
//! and no finalizer blocks the deletion of a run or of a namespace whose stores are unavailable. Of many sources, each
//! sweep takes a part.
//!
//! - `records`: the records of runs in one index; `files`: the files of a run;
//! - `ingest`, `enrichment`: the sweep for each kind of run;
//! - `expiry`: the records of units that `spec.ledger.retention` lets go.

mod enrichment;
mod expiry;
mod files;
mod ingest;
mod records;
mod sweep;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use docmill_clients::cause::with_causes;
use docmill_crds::IngestSource;
use futures::{FutureExt as _, StreamExt as _, stream};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use tokio::time::MissedTickBehavior;

use super::ingest_source::context::SourceContext;
use crate::shutdown::Shutdown;
use enrichment::SweepTarget;
use sweep::SweepError;

/// Concurrent sweeps.
const AT_A_TIME: usize = 4;
/// Sources of one sweep: each costs a few requests to its ledger, at rest too.
const SOURCES_AT_A_TIME: usize = 100;
/// Time limit for the sweep of one place; the next sweep continues with the rest.
const TIMEOUT: Duration = Duration::from_mins(1);

/// When leftovers are removed.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The interval between sweeps.
    pub every: Duration,
    /// How long nothing must have been written for a run before its leftovers are removed: its pods may still
    /// be terminating.
    pub grace: Duration,
}

/// Sweeps periodically until the process is asked to shut down.
pub async fn run(context: Arc<SourceContext>, retention: Retention, stop: Shutdown) {
    let sweeping = async {
        let mut tick = tokio::time::interval(retention.every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for turn in 0_usize.. {
            tick.tick().await;
            // On the heap, since it is large.
            alone("all of them", Box::pin(sweep(&context, retention.grace, turn))).await;
        }
    };
    tokio::select! {
        () = stop.requested() => {}
        () = sweeping => {}
    }
}

async fn sweep(context: &SourceContext, grace: Duration, turn: usize) {
    let before = Timestamp::now() - grace;
    let mut sources = context.metrics.resources.sources.state();
    sources.retain(|source| source.uid().is_some_and(|uid| context.clients.known(&uid).is_some()));
    sources.sort_by_key(|source| source.uid());
    stream::iter(of_turn(sources, turn))
        .for_each_concurrent(AT_A_TIME, async |guard| {
            if let Ok(source) = &guard.0 {
                let sweeping = Box::pin(sweep_source(source, context, before));
                alone(&source.name_any(), sweeping).await;
            }
        })
        .await;
    stream::iter(enrichment::targets(context))
        .for_each_concurrent(AT_A_TIME, async |target| {
            let sweeping = Box::pin(sweep_target(&target, context, before));
            alone(&target.namespace, sweeping).await;
        })
        .await;
}

async fn sweep_source(source: &IngestSource, context: &SourceContext, before: Timestamp) {
    let (source, _) = context.connections.try_resolve(source);
    let swept = tokio::time::timeout(TIMEOUT, ingest::sweep(&source, context, before)).await;
    report(&source.name_any(), swept);
    // On the heap, since it is large.
    let expiring = Box::pin(expiry::expire(&source, context));
    expiry::report(&source.name_any(), tokio::time::timeout(TIMEOUT, expiring).await);
}

async fn sweep_target(target: &SweepTarget, context: &SourceContext, before: Timestamp) {
    let swept = tokio::time::timeout(TIMEOUT, enrichment::sweep(target, context, before)).await;
    report(&target.namespace, swept);
}

/// Sweeps a place. One that panics ends by itself, and the next sweep asks it again: all places, and the controllers,
/// share the process.
async fn alone(place: &str, sweeping: impl Future<Output = ()>) {
    // What sweeps share is either replaced as a whole or may be lost.
    if AssertUnwindSafe(sweeping).catch_unwind().await.is_err() {
        tracing::error!(
            place,
            "the sweep panicked, which is a fault of Docmill: please report it, with what the log says before this"
        );
    }
}

/// The part of a turn: everything, or an equal part of what is too much for one sweep.
fn of_turn<T>(all: Vec<T>, turn: usize) -> impl Iterator<Item = T> {
    let parts = all.len().div_ceil(SOURCES_AT_A_TIME).max(1);
    all.into_iter().skip(turn % parts).step_by(parts)
}

fn report(place: &str, swept: Result<Result<usize, SweepError>, tokio::time::error::Elapsed>) {
    match swept {
        Ok(Ok(0)) => {}
        Ok(Ok(runs)) => tracing::info!(place, runs, "removed what deleted runs left behind"),
        Ok(Err(error)) => {
            let error = with_causes(&error);
            tracing::warn!(
                place,
                error,
                "failed to remove what deleted runs left behind; the next sweep retries"
            );
        }
        Err(_) => {
            tracing::warn!(
                place,
                "removing what deleted runs left behind timed out; the next sweep continues"
            );
        }
    }
}
