//! The Docmill operator: turns `IngestSource`, `IngestRun` and `EnrichmentRun` resources into worker Jobs, makes the runs of
//! `EnrichmentSchedule`s, and says in their status how the work is going.
//!
//! - `ingest_source`, `ingest_run`, `enrichment_run`, `enrichment_schedule`: one folder a kind, each pass in steps: observe,
//!   plan, apply, status;
//! - `worker_pod`, `pod_view`: what a worker pod looks like, and what it tells; `run_view`: what runs of both kinds share;
//! - `presence`, `hindrances`: what running workers say of themselves, and what they wait for;
//! - `rules`: what it does on behalf of those who write resources, and what not;
//! - `stores`: reaching what a resource names; `endpoints`: without being held up by what does not answer;
//! - `apply`: writing to the API server;
//! - `retention`: what deleted runs have left goes;
//! - `leader`: which of several operators works; `controllers`: what starts a pass;
//! - `api_client`: the API server's client; `cluster`: which cluster it is of; `server`, `metrics`: what is seen of the operator and of its sources.

mod api_client;
mod apply;
mod args;
mod cluster;
mod conditions;
mod context;
mod controllers;
mod endpoints;
mod enrichment_run;
mod enrichment_schedule;
mod hindrances;
mod ingest_run;
mod ingest_source;
mod leader;
mod metrics;
mod not_ready;
mod pod_view;
mod presence;
mod retention;
mod rules;
mod run_view;
mod schedule;
mod server;
mod shutdown;
mod stores;
#[cfg(test)]
mod testing;
mod worker_pod;

use std::sync::Arc;

use anyhow::{anyhow, bail};
use clap::Parser as _;
use docmill_clients::outbound::{self, Limits, Outbound};
use docmill_clients::telemetry::logs;
use kube::Client;

use args::Args;
use leader::{Candidate, Leadership};
use metrics::Metrics;
use shutdown::Shutdown;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    logs::init(args.log_format, &args.log_level)?;
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow!("another TLS provider is installed already"))?;
    outbound::install(Outbound { policy: args.endpoints()?, limits: Limits::operator() });
    let metrics = Arc::new(Metrics::default());
    let client = api_client::connect(metrics.clone()).await?;
    let stop = Shutdown::on_signal()?;
    tokio::select! {
        led = lead(&args, client.clone(), metrics.clone(), stop) => led,
        served = server::run(&args.server, client, metrics) => served,
    }
}

/// Waits for the Lease, works while it is held, and hands it over at the end.
async fn lead(args: &Args, client: Client, metrics: Arc<Metrics>, stop: Shutdown) -> anyhow::Result<()> {
    let me = args.identity();
    let leadership = Leadership::default();
    let mut candidate =
        Candidate::new(client.clone(), &args.namespace, &args.lease_name, me.clone(), leadership.clone());
    tracing::info!(me, lease = args.lease_name, "waiting for the Lease");
    tokio::select! {
        () = candidate.acquire() => {}
        () = stop.clone().asked() => return Ok(()),
    }
    tracing::info!(me, "leading");
    metrics.leads(true);
    let lost = tokio::select! {
        // Ends when it was asked to, after the passes under way.
        done = controllers::run(args, client, metrics.clone(), leadership, stop) => {
            done?;
            false
        }
        () = candidate.keep() => true,
    };
    metrics.leads(false);
    if lost {
        // Whatever was under way ends here; a new process starts as one of those who wait.
        bail!("the Lease was lost to another operator or could not be renewed");
    }
    candidate.release().await;
    tracing::info!(me, "stopped");
    Ok(())
}
