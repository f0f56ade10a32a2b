//! The client of the API server. Every request is counted, because requests are most of an idle operator's
//! cost.

use std::sync::Arc;

use anyhow::Context as _;
use http::Request;
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tower::util::MapRequestLayer;

use super::metrics::{Metrics, Target};

/// Creates a client for the API server of this cluster, or of the kubeconfig.
pub async fn connect(metrics: Arc<Metrics>) -> anyhow::Result<Client> {
    let config = Config::infer().await.context("failed to find the API server's address")?;
    let builder = ClientBuilder::try_from(config).context("failed to create a client for the API server")?;
    let count = MapRequestLayer::new(move |request: Request<Body>| {
        let reads = request.method().is_safe();
        metrics.request(if reads { Target::ApiServerRead } else { Target::ApiServerWrite });
        request
    });
    Ok(builder.with_layer(&count).build())
}
