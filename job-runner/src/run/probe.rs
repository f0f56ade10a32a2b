//! Mode Probe: whether a worker of the source has what it needs, asked with the identity, the credentials and the network
//! of a worker.
//!
//! - [`buckets`]: permissions on the three buckets, and the clock; `region`: whether they are asked in their region;
//!   `notification`: whether the raw bucket announces its objects;
//! - [`queue`]: permissions on the queue, and its attributes; `attributes` reads those;
//! - [`clusters`]: reachability and privileges;
//! - `answer`: a request with a deadline, and what its answer says about a need.
//!
//! A probe leaves nothing behind: it deletes the two objects that it writes, and asks for what does not exist where the
//! refusal tells enough. A message that it happens to receive is visible again at once.

mod answer;
mod attributes;
mod buckets;
mod clusters;
mod notification;
mod queue;
mod region;

use std::time::Instant;

use docmill_clients::aws;
use docmill_clients::secrets::mounted;
use docmill_crds::api::ingest_run::probe::{Need, ProbeOutcome, ProbeResult};
use docmill_crds::contract::{Report, RunOrder, secret_mount};

use super::error::RunError;

/// Asks for every need of the source. The report is complete even if nothing can be reached.
pub(super) async fn probe(order: &RunOrder) -> Result<Report, RunError> {
    let started = Instant::now();
    let spec = &order.ingest.spec;
    let secrets = mounted(secret_mount::STORAGE)?;
    let (stores, clusters) = tokio::join!(
        async {
            match aws::s3_client(&spec.storage, &secrets).await {
                Ok(s3) => {
                    let mut results = vec![ProbeResult::passed(Need::ObjectStoreClient)];
                    // On the heap: they are large.
                    results.extend(Box::pin(buckets::probe(&s3, order)).await);
                    results.extend(Box::pin(queue::probe(spec, Some(&s3))).await);
                    results
                }
                Err(error) => {
                    let mut results = vec![answer::client(Need::ObjectStoreClient, &error)];
                    results.extend(Box::pin(queue::probe(spec, None)).await);
                    results
                }
            }
        },
        clusters::probe(spec),
    );
    let probes: Vec<ProbeResult> = stores.into_iter().chain(clusters).collect();
    for probe in probes.iter().filter(|probe| probe.outcome != ProbeOutcome::Passed) {
        let ProbeResult { need, outcome, detail } = probe;
        tracing::warn!(%need, %outcome, detail, "a need is not met, or unknown");
    }
    let count = |outcome: ProbeOutcome| {
        let number = probes.iter().filter(|probe| probe.outcome == outcome).count();
        u64::try_from(number).unwrap_or(u64::MAX)
    };
    Ok(Report {
        done: count(ProbeOutcome::Passed),
        failed: count(ProbeOutcome::Failed),
        skipped: count(ProbeOutcome::Unknown),
        busy_millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        ended: "every need was asked for".to_owned(),
        probes,
        ..Report::default()
    })
}
