//! Stands where Amazon S3's own event notifications stand in production.
//!
//! The testbed's S3 server publishes an event for each change, to a NATS server. This service takes NATS's place,
//! rewrites the event into the record that S3 would send, and puts it on every queue whose route matches. Tests change
//! the routes at run time, and pause the service to lose events.

mod events;
mod record;
mod routes;
mod sender;
mod server;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use clap::Parser;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// The bridge's command line.
#[derive(Debug, Parser)]
#[command(about)]
struct Args {
    /// Address at which tests steer it, by HTTP.
    #[arg(long, env = "BRIDGE_LISTEN", default_value = "0.0.0.0:8088")]
    listen: SocketAddr,
    /// Address for the S3 server's events, by NATS's protocol.
    #[arg(long, env = "BRIDGE_LISTEN_EVENTS", default_value = "0.0.0.0:4222")]
    listen_events: SocketAddr,
    /// Base URL of the queue service, which speaks the SQS JSON protocol.
    #[arg(long, env = "BRIDGE_SQS_ENDPOINT")]
    sqs_endpoint: String,
    /// Routes from the start, as `PUT /routes` takes them.
    #[arg(long, env = "BRIDGE_ROUTES", default_value = "[]")]
    routes: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let args = Args::parse();
    let state = Arc::new(server::Bridge::new(sender::Sender::new(args.sqs_endpoint)));
    state.put(serde_json::from_str(&args.routes).context("failed to read the routes (BRIDGE_ROUTES)")?);
    let events = bind(args.listen_events).await?;
    let listener = bind(args.listen).await?;
    tokio::spawn(events::serve(events, Arc::clone(&state)));
    tracing::info!(address = %args.listen_events, "the bridge takes events");
    axum::serve(listener, server::router(state)).with_graceful_shutdown(stop_signal()).await?;
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("failed to listen on {address}"))
}

/// Ends when the pod is told to stop, so that the process does not wait for its grace period to be over.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(error) => tracing::warn!(%error, "failed to listen for SIGTERM"),
    }
}
