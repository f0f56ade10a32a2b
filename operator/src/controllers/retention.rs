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
mod sweep;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use tokio::time::MissedTickBehavior;

use crate::controllers::ingest_source::context::SourceContext;
use crate::shutdown::Shutdown;
use crate::stores::with_causes;
use sweep::SweepError;

/// Places that are swept at a time.
const AT_A_TIME: usize = 4;
/// How long one place may take; what is left of it is for the next time.
const TIMEOUT: Duration = Duration::from_mins(1);

/// When remains are removed.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How often they are looked for.
    pub every: Duration,
    /// How long nothing may have been written of a run before its remains are removed: its pods may still be ending.
    pub grace: Duration,
}

/// Sweeps again and again until the process is asked to end.
pub async fn run(context: Arc<SourceContext>, retention: Retention, stop: Shutdown) {
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

async fn sweep(context: &SourceContext, grace: Duration) {
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
