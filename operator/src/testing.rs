//! An API server for tests: answers from a function, and records what was asked; and views of resources.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use clap::Parser as _;
use http::{Request, Response};
use kube::client::Body;
use kube::core::DeserializeGuard;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::Event;
use kube::{Client, Resource};
use serde_json::Value;

use super::args::Args;
use super::connections::{ClusterViews, Connections};
use super::context::Context;
use super::k8s::apply::Writer;
use super::k8s::leader::Leadership;
use super::k8s::rules::Rules;
use super::k8s::view::View;
use super::stores::SecretReader;
use super::workers::worker_pod::WorkerImage;
use super::workers::worker_status;
use crate::stores::circuit_breaker::CircuitBreaker;

/// The UID of the cluster in [`context`].
pub const CLUSTER: &str = "cluster-1";

/// A context with empty views, for passes against an API server; of an operator that leads, or waits to.
pub fn context(client: &Client, leads: bool) -> Context {
    let leadership = Leadership::default();
    if leads {
        leadership.renewed(Instant::now());
    }
    let reporter = Reporter { controller: "docmill-operator".into(), instance: Some("test".into()) };
    Context {
        cluster_uid: CLUSTER.into(),
        client: client.clone(),
        reader: SecretReader::new(client.clone(), rules()),
        writer: Writer::new(client.clone(), leadership, Recorder::new(client.clone(), reporter)),
        image: WorkerImage {
            image: "docmill:1".into(),
            pull_policy: "Never".into(),
            env: vec![],
            user: None,
        },
        release: "docmill-system/docmill".into(),
        max_workers: 100,
        metrics: Arc::default(),
        jobs: View::default(),
        pods: View::default(),
        sources: View::default(),
        models: View::default(),
        ingest_runs: View::default(),
        scheduled_runs: View::default(),
        connections: connections(),
        worker_http: worker_status::client().unwrap(),
        lineage: None,
        circuit_breaker: CircuitBreaker::default(),
    }
}

/// No connections at all, and none that are required.
pub fn connections() -> Connections {
    let cluster = ClusterViews { connections: reflector::store().0, namespaces: reflector::store().0 };
    Connections { namespaced: View::default(), cluster: Some(cluster), required: false }
}

/// A view with one resource in it.
pub fn view_of<K>(resource: K) -> Store<DeserializeGuard<K>>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let (view, mut writer) = reflector::store();
    writer.apply_watcher_event(&Event::Apply(DeserializeGuard(Ok(resource))));
    view
}

/// The rules of an operator without flags of its own.
pub fn rules() -> Arc<Rules> {
    let args = Args::try_parse_from(["operator", "--worker-image", "w"]).unwrap();
    Arc::new(Rules::new(&args.rules))
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub body: Value,
}

impl Asked {
    /// Whether it is an apply of the operator's own field manager.
    pub fn is_applied_by_operator(&self) -> bool {
        self.query.split('&').any(|pair| pair == "fieldManager=docmill-operator")
    }
}

/// All requests so far.
pub type Log = Arc<Mutex<Vec<Asked>>>;

/// A client whose requests are answered by `answer` with a status and a body.
pub fn api(answer: impl Fn(&Asked) -> (u16, Value) + Clone + Send + 'static) -> (Client, Log) {
    let log = Log::default();
    let noted = log.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (answer, log) = (answer.clone(), noted.clone());
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect_bytes().await?;
            let asked = Asked {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().unwrap_or_default().to_owned(),
                body: serde_json::from_slice(&bytes).unwrap_or_default(),
            };
            let (status, body) = answer(&asked);
            log.lock().unwrap().push(asked);
            let bytes = serde_json::to_vec(&body).unwrap();
            Ok::<_, kube::Error>(Response::builder().status(status).body(Body::from(bytes)).unwrap())
        }
    });
    (Client::new(service, "default"), log)
}

/// What the API server says to a request that it refuses.
pub fn refusal(code: u16, reason: &str) -> (u16, Value) {
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "message": format!("refused: {reason}"), "reason": reason, "code": code,
    });
    (code, status)
}
