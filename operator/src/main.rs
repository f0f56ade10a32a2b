//! The Docmill operator: turns `IngestSource`, `IngestRun` and `EnrichmentRun` resources into worker Jobs,
//! creates the runs of `IngestSchedule`s and `EnrichmentSchedule`s, checks `Connection`s, and reports progress in their
//! status.
//!
//! - `controllers`: one folder per kind, and one for schedules; each reconcile has the steps observe, plan, apply, status;
//! - `context`: what every reconcile needs; `conditions`, `not_ready`, `requeue`: conditions and requeue
//!   times;
//! - `connections`: makes resources as they work of resources as they are written: with the addresses that connections
//!   state, and every location spelled out;
//! - `workers`: the spec of a worker pod, its work order, and the status it reports;
//! - `stores`: reaches what a resource names; `circuit_breaker`: keeps unresponsive endpoints from blocking others;
//! - `k8s`: the API server, and which of several operators writes to it;
//! - `records_api`: what became of objects and documents, for users of kubectl;
//! - `telemetry`: metrics and probes; `tls_listener`: HTTPS for the servers.

mod args;
mod connections;
mod context;
mod controllers;
mod index;
mod k8s;
mod outcome;
mod records_api;
mod shutdown;
mod stores;
mod telemetry;
#[cfg(test)]
mod testing;
mod tls_listener;
mod workers;

use std::sync::Arc;

use anyhow::{anyhow, bail};
use docmill_clients::outbound::{self, Gates, Limits, Outbound};
use docmill_clients::telemetry::build_info;
use docmill_clients::telemetry::logs;
use kube::Client;

use args::{Args, CheckArgs, Command};
use k8s::leader::check::renewing_leader;
use k8s::leader::{Candidate, Leadership};
use shutdown::Shutdown;
use telemetry::metrics::Metrics;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Command::parse() {
        // On the heap, since it is large.
        Command::Run(args) => Box::pin(run(&args)).await,
        Command::Check(args) => check(&args).await,
        Command::Completions(args) => Ok(args.print()?),
    }
}

async fn run(args: &Args) -> anyhow::Result<()> {
    logs::init(args.log_format, &args.log_level)?;
    tracing::info!(version = build_info::version(), "the operator starts");
    install_tls_provider()?;
    outbound::install(Outbound {
        policy: args.endpoints()?,
        limits: Limits::operator(),
        gates: Gates::default(),
    });
    let metrics = Arc::new(Metrics::default());
    let client = telemetry::api_client::connect(metrics.clone()).await?;
    let stop = Shutdown::on_signal()?;
    tokio::select! {
        led = lead(args, client.clone(), metrics.clone(), stop) => led,
        served = telemetry::server::run(&args.server, client.clone(), metrics.clone()) => served,
        served = records_api::run(args, client, metrics) => served,
    }
}

/// Says which operator leads, or fails.
async fn check(args: &CheckArgs) -> anyhow::Result<()> {
    install_tls_provider()?;
    let client = telemetry::api_client::connect(Arc::default()).await?;
    let leader = renewing_leader(client, &args.lease, args.timeout()).await?;
    println!("{leader} leads: it renews the Lease {} in {}", args.lease.name, args.lease.namespace);
    Ok(())
}

fn install_tls_provider() -> anyhow::Result<()> {
    let installed = rustls::crypto::ring::default_provider().install_default();
    installed.map_err(|_| anyhow!("another TLS provider is installed already"))
}

/// Waits for the Lease, works while it is held, and releases it at the end.
async fn lead(args: &Args, client: Client, metrics: Arc<Metrics>, stop: Shutdown) -> anyhow::Result<()> {
    let me = args.identity();
    let leadership = Leadership::default();
    let lease = &args.lease;
    let mut candidate =
        Candidate::new(client.clone(), &lease.namespace, &lease.name, me.clone(), leadership.clone());
    tracing::info!(me, lease = lease.name, "waiting for the Lease");
    tokio::select! {
        () = candidate.acquire() => {}
        () = stop.clone().requested() => return Ok(()),
    }
    tracing::info!(me, "leading");
    metrics.set_leader(true);
    let keeping_certificate = records_api::keep_certificate(args, client.clone(), leadership.clone());
    let lost = tokio::select! {
        // Returns after a signal, once the reconciles in flight are done.
        result = controllers::start::run(args, client, metrics.clone(), leadership, stop) => {
            result?;
            false
        }
        () = candidate.keep() => true,
        never = keeping_certificate => match never {},
    };
    metrics.set_leader(false);
    if lost {
        // Whatever is in flight ends here; the new process starts as a candidate.
        bail!("the Lease was lost to another operator or could not be renewed");
    }
    candidate.release().await;
    tracing::info!(me, "stopped");
    Ok(())
}
