//! What an idle source costs: whole reconciles against an API server and stores that note each request.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use docmill_crds::{Connection, IngestSource};
use kube::core::DeserializeGuard;
use serde_json::{Value, json};

use super::source;
use crate::context::Context;
use crate::controllers::ingest_source::context::SourceContext;
use crate::controllers::ingest_source::reconcile;
use crate::testing::{self, Asked, Log, api};

/// Method and path of each request to the stores.
type StoreLog = Arc<Mutex<Vec<String>>>;

/// A bucket, a queue and a cluster in one server; all are empty.
async fn stores() -> (String, StoreLog) {
    let log = StoreLog::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = axum::Router::new().fallback(answer).with_state(log.clone());
    tokio::spawn(async move { axum::serve(listener, answers).await });
    (url, log)
}

async fn answer(State(log): State<StoreLog>, request: Request) -> Response {
    let (method, path) = (request.method().as_str(), request.uri().path());
    log.lock().unwrap().push(format!("{method} {path}"));
    let text = match (method, path) {
        ("GET", "/") => json!({"version": {"number": "9.1.4"}}).to_string(),
        ("POST", "/") => json!({"Attributes": {"ApproximateNumberOfMessages": "0"}}).to_string(),
        ("HEAD", _) => String::new(),
        _ => json!({}).to_string(),
    };
    Response::new(Body::from(text))
}

/// The API server: it has the Secret, and takes every write.
fn api_server(asked: &Asked) -> (u16, Value) {
    match asked.method.as_str() {
        "GET" => {
            let metadata = json!({"name": "s3", "namespace": "news", "labels": {"docmill.io/use": "true"}});
            let data = json!({"AWS_ACCESS_KEY_ID": "YQ==", "AWS_SECRET_ACCESS_KEY": "YQ=="});
            (200, json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}))
        }
        "PATCH" => (200, json!(source())),
        _ => (200, asked.body.clone()),
    }
}

/// An operator that has just started.
fn operator() -> (Arc<SourceContext>, Log) {
    let (client, log) = api(api_server);
    (Arc::new(of(testing::context(&client, true))), log)
}

/// The same, with the Connection `es`, which states this cluster.
fn operator_with(cluster: &Value) -> (Arc<SourceContext>, Log) {
    let connection: Connection = serde_json::from_value(json!({
        "metadata": {"name": "es", "namespace": "news"},
        "spec": {"elasticsearch": cluster},
    }))
    .unwrap();
    let (client, log) = api(api_server);
    let mut context = testing::context(&client, true);
    context.connections.namespaced = [testing::view_of(connection)].into_iter().collect();
    (Arc::new(of(context)), log)
}

fn of(context: Context) -> SourceContext {
    SourceContext::new(Arc::new(context), 4)
}

fn source_of(url: &str) -> IngestSource {
    let mut source = source();
    source.spec.storage.endpoint = Some(url.to_owned());
    source.spec.storage.force_path_style = true;
    source.spec.trigger =
        serde_json::from_value(json!({"sqs": {"queueURL": format!("{url}/000000000000/wire")}})).unwrap();
    source.spec.index.as_mut().unwrap().elasticsearch.urls = vec![url.to_owned()];
    source
}

async fn pass(source: &IngestSource, context: &Arc<SourceContext>) {
    reconcile(Arc::new(DeserializeGuard(Ok(source.clone()))), context.clone()).await.unwrap();
}

/// Takes what was noted so far.
fn taken<T>(log: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *log.lock().unwrap())
}

/// The status that a reconcile wrote.
fn written(asked: &[Asked]) -> Value {
    let patch = asked.iter().find(|asked| asked.method == "PATCH" && asked.path.ends_with("/status"));
    patch.expect("a status").body["status"].clone()
}

#[tokio::test]
async fn an_idle_source_costs_one_request_to_its_queue_and_after_a_restart_little_more() {
    // Without its provider, a TLS client cannot be made.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (url, asked) = stores().await;
    let mut source = source_of(&url);
    let (context, api_log) = operator();
    pass(&source, &context).await;
    let first = taken(&asked);
    let expected = [("HEAD /", 3), ("GET /docmill-", 3), ("GET /", 7), ("POST /docmill-", 1), ("POST /", 2)];
    for (start, times) in expected {
        let count = first.iter().filter(|one| one.starts_with(start)).count();
        assert_eq!(count, times, "{start} in {first:?}");
    }
    source.status = serde_json::from_value(written(&taken(&api_log))).unwrap();

    pass(&source, &context).await;
    assert_eq!(taken(&asked), ["POST /"], "the second pass asks the queue");
    assert_eq!(taken(&api_log), [], "and neither reads nor writes anything in the cluster");

    let (restarted, api_log) = operator();
    pass(&source, &restarted).await;
    let mut after = taken(&asked);
    after.sort();
    assert_eq!(after.len(), 3, "{after:?}");
    assert!(after[0].starts_with("GET /_index_template/"), "the mapping that was applied last: {after:?}");
    assert!(after[1] == "POST /" && after[2].ends_with("/_search"), "queue and ledger: {after:?}");
    let asked_of_api: Vec<_> = taken(&api_log).into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked_of_api, ["/api/v1/namespaces/news/secrets/s3"]);
}

#[tokio::test]
async fn after_a_restart_the_stores_are_checked_if_a_connection_states_others() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (url, asked) = stores().await;
    let mut source = source_of(&url);
    source.spec.index.as_mut().unwrap().elasticsearch =
        serde_json::from_value(json!({"connectionRef": {"name": "es"}})).unwrap();
    let (context, api_log) = operator_with(&json!({"urls": [url]}));
    pass(&source, &context).await;
    source.status = serde_json::from_value(written(&taken(&api_log))).unwrap();
    taken(&asked);

    let (same, _) = operator_with(&json!({"urls": [url]}));
    pass(&source, &same).await;
    assert_eq!(taken(&asked).len(), 3, "queue, ledger and the mapping that was applied last");

    let (other, _) = operator_with(&json!({"urls": [format!("{url}/")]}));
    pass(&source, &other).await;
    let buckets = taken(&asked).into_iter().filter(|one| one.starts_with("HEAD /")).count();
    assert_eq!(buckets, 3, "all is checked as if the source was new");
}
