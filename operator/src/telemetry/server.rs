//! The HTTP servers of the operator: `/metrics` for Prometheus, and `/healthz` and `/readyz` for the kubelet
//! on a separate port.
//!
//! An operator that waits for the Lease is as ready as the leader: it takes over within seconds. With
//! `--metrics-secure`, metrics are served over TLS ([`tls`]) to authorized clients ([`access`]).

mod access;
mod scrape;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, middleware, serve};
use docmill_clients::listener;
use kube::Client;
use tokio::net::TcpListener;

use super::metrics::Metrics;
use crate::args::ServerArgs;
use access::Access;
use tls::Certificate;

/// Serves as long as the process lives.
pub async fn run(args: &ServerArgs, client: Client, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let health = listen(args.health_address, "--health-address").await?;
    let listener = listen(args.metrics_address, "--metrics-address").await?;
    let probe_server = async { serve(health, probes()).await.context("failed to serve probes") };
    let metrics_server = async {
        if args.metrics_secure {
            let certificate = Certificate::open(args.metrics_certificate_dir.as_deref())?;
            let routes = guarded(metrics, Arc::new(Access::new(client)));
            serve(certificate.listen(listener)?, routes).await.context("failed to serve HTTPS")
        } else {
            serve(listener, routes(metrics)).await.context("failed to serve HTTP")
        }
    };
    tokio::try_join!(probe_server, metrics_server).map(drop)
}

async fn listen(address: std::net::SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    listener::listen(address).await.with_context(|| format!("failed to listen on {address} ({flag})"))
}

fn probes() -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(|| async { "ok\n" }))
}

fn routes(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(serve_metrics)).with_state(metrics)
}

/// The same routes, for authorized clients only.
fn guarded(metrics: Arc<Metrics>, access: Arc<Access>) -> Router {
    routes(metrics).layer(middleware::from_fn_with_state(access, access::check))
}

async fn serve_metrics(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    let form = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (form, scrape::body(metrics))
}
