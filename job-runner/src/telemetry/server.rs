//! The HTTP endpoints of a worker: `/metrics` for Prometheus, `/status` for the operator, `/healthz` for any
//! health check.
//!
//! They show numbers and messages of stores, but no documents and no credentials, and are read-only.

use std::net::{Ipv6Addr, SocketAddr};

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use docmill_clients::listener::listen;
use docmill_crds::contract::WORKER_PORT;

use super::{WorkerActivity, worker};

/// Serves for as long as the process lives. A worker without its endpoints still works: problems are logged.
pub async fn run() {
    let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, WORKER_PORT));
    let result = match listen(address).await {
        Ok(listener) => axum::serve(listener, routes(worker())).await,
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        tracing::warn!(%error, port = WORKER_PORT, "failed to serve metrics and status");
    }
}

fn routes(worker: &'static WorkerActivity) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/status", get(move || async { Json(worker.status()) }))
        .route("/metrics", get(move || async { metrics(worker) }))
}

fn metrics(worker: &WorkerActivity) -> axum::response::Response {
    match worker.metrics.encode() {
        Ok(text) => {
            let form = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
            (form, text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::contract::WorkerStatus;

    use super::{WorkerActivity, routes};
    use crate::ingest::unit::task::UnitOutcome;

    #[tokio::test]
    async fn status_and_metrics_are_served() {
        let worker: &'static WorkerActivity = Box::leak(Box::new(WorkerActivity::new("news", "wire")));
        worker.unit_ended(&UnitOutcome::Nothing);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes(worker)).await });
        let read = async |path: &str| {
            reqwest::get(format!("http://{address}{path}")).await.unwrap().text().await.unwrap()
        };
        let status: WorkerStatus = serde_json::from_str(&read("/status").await).unwrap();
        assert_eq!(status.done, 1);
        assert!(read("/metrics").await.ends_with("# EOF\n"));
        assert_eq!(read("/healthz").await, "ok\n");
    }
}
