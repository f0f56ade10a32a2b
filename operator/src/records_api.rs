//! The Records API, `records.docmill.io`: what became of objects and documents, served below the API server as
//! metrics-server serves `metrics.k8s.io`. Every replica serves it; nothing in it writes to a store.
//!
//! - `server`, `tls_settings`, `certificate`: HTTPS, with a certificate that all replicas share, for the API server alone;
//! - `handler`: one request: `authentication` (for whom it is), `route` (what it is for), `authorization` (whether that user
//!   may), `in_flight` and `content_turns` (whether it is its turn), `answer` (the answer, or why there is none);
//! - `sources`: the source that it is about, and clients for its stores; `units`, `documents`, `content`, `manifests`: what is read
//!   there;
//! - `discovery`: what clients need to know of the API.

mod answer;
mod authentication;
mod authorization;
mod certificate;
mod content;
mod content_turns;
mod discovery;
mod documents;
mod handler;
mod in_flight;
mod manifests;
mod route;
mod server;
mod sources;
mod tls_settings;
mod units;

use std::sync::Arc;

use docmill_crds::Connection;
use futures::future::{OptionFuture, join, join_all};
use kube::Client;
use kube::core::DeserializeGuard;

use crate::args::Args;
use crate::connections::{ClusterViews, Connections};
use crate::k8s::scope::Scope;
use crate::k8s::view::watched;
use crate::telemetry::metrics::Metrics;
use authorization::Authorizer;
pub use certificate::keep::keep as keep_certificate;
use handler::Handler;
use sources::Sources;
use tls_settings::TlsSettings;

/// Serves as long as the process lives, if it is to serve at all.
pub async fn run(args: &Args, client: Client, metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let Some(address) = args.records.address else { return std::future::pending().await };
    let scopes = Scope::all(&args.scope, &client);
    let watches =
        scopes.iter().map(|scope| watched(scope.api::<DeserializeGuard<Connection>>(), scope.everything()));
    let (namespaced, watching): (Vec<_>, Vec<_>) = watches.unzip();
    let is_cluster_wide = args.scope.watch_namespaces.is_empty();
    let (cluster, watching_cluster) = is_cluster_wide.then(|| ClusterViews::of(&client)).unzip();
    let connections = Connections {
        namespaced: namespaced.into_iter().collect(),
        cluster,
        required: args.rules.require_connections,
    };
    let tls = TlsSettings::default();
    let sources = Sources::new(args, client.clone(), connections);
    let handler = Handler::new(tls.clone(), Authorizer::new(client.clone()), sources, metrics);
    let follow_proxy = authentication::follow::follow(client.clone(), |proxy| tls.set_front_proxy(proxy));
    let follow_certificate = certificate::follow::follow(args, client, |found| tls.set_certificate(found));
    tokio::select! {
        served = server::serve(address, tls.clone(), handler) => served,
        never = follow_proxy => match never {},
        never = follow_certificate => match never {},
        _ = join(join_all(watching), OptionFuture::from(watching_cluster)) => Ok(()),
    }
}
