//! Whole reconciles against an API server.

use std::sync::Arc;

use docmill_crds::{ClusterConnection, Connection};
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{AnyConnection, reconcile};
use crate::testing::{self, Asked, api};

fn resource(kind: &str, metadata: &Value, spec: &Value) -> Value {
    json!({"apiVersion": "docmill.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec})
}

fn namespaced(spec: &Value) -> Value {
    resource("Connection", &json!({"name": "one", "namespace": "news", "uid": "u", "generation": 2}), spec)
}

fn cluster(spec: &Value) -> Value {
    resource("ClusterConnection", &json!({"name": "one", "uid": "u", "generation": 2}), spec)
}

/// Secrets of a namespace in which there is one, with the keys of an object store.
fn secret(asked: &Asked) -> (u16, Value) {
    if !asked.path.ends_with("/namespaces/news/secrets/s3") {
        return testing::refusal(404, "NotFound");
    }
    let metadata = json!({"name": "s3", "namespace": "news", "labels": {"docmill.io/use": "true"}});
    let data = json!({"AWS_ACCESS_KEY_ID": "YQ==", "AWS_SECRET_ACCESS_KEY": "Yg=="});
    (200, json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}))
}

/// Path and body of the status that a reconcile writes, and the reads before it.
async fn written<K>(connection: Value) -> (String, Value, usize)
where
    K: AnyConnection + DeserializeOwned + Send + 'static,
{
    let stored = connection.clone();
    let (client, log) = api(move |asked| match asked.method.as_str() {
        "GET" => secret(asked),
        "PATCH" => (200, stored.clone()),
        _ => (200, asked.body.clone()),
    });
    let guard = DeserializeGuard(Ok(serde_json::from_value::<K>(connection).unwrap()));
    let action = reconcile(Arc::new(guard), Arc::new(testing::context(&client, true))).await.unwrap();
    assert_ne!(action, Action::await_change(), "it is checked again some time");
    let log = log.lock().unwrap().clone();
    let patch = log.iter().find(|asked| asked.method == "PATCH").expect("a status");
    let reads = log.iter().filter(|asked| asked.method == "GET").count();
    (patch.path.clone(), patch.body["status"].clone(), reads)
}

fn ready(status: &Value) -> (&str, &str) {
    let ready = &status["conditions"][0];
    assert_eq!(ready["type"], "Ready");
    (ready["status"].as_str().unwrap(), ready["reason"].as_str().unwrap())
}

#[tokio::test]
async fn the_credentials_of_an_object_store_are_looked_up() {
    let store = |secret: &str| {
        let store = json!({"region": "r", "endpoint": "http://s3.example:9000", "credentialsSecretRef": {"name": secret}});
        namespaced(&json!({"objectStore": store}))
    };
    let (path, status, _) = written::<Connection>(store("s3")).await;
    assert_eq!(path, "/apis/docmill.io/v1beta1/namespaces/news/connections/one/status");
    assert_eq!(ready(&status), ("True", "CredentialsFound"));
    assert_eq!((&status["type"], &status["observedGeneration"]), (&json!("ObjectStore"), &json!(2)));
    let (_, status, _) = written::<Connection>(store("other")).await;
    assert_eq!(ready(&status), ("False", "SecretNotFound"));
}

#[tokio::test]
async fn nothing_is_read_for_a_cluster_connection_whose_secrets_are_those_of_its_users() {
    let spec = json!({"elasticsearch": {"urls": ["http://es.example:9200"], "secretRef": {"name": "es"}}});
    let (path, status, reads) = written::<ClusterConnection>(cluster(&spec)).await;
    assert_eq!(path, "/apis/docmill.io/v1beta1/clusterconnections/one/status");
    assert_eq!((ready(&status), reads), (("True", "NotChecked"), 0));
}

#[tokio::test]
async fn a_selector_that_cannot_be_read_is_a_fault() {
    // Without its provider, a TLS client cannot be made.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let selector = json!({"matchExpressions": [{"key": "team", "operator": "Like", "values": ["a"]}]});
    let spec = json!({"model": {"url": "http://models.example:8080"}, "namespaceSelector": selector});
    let (_, status, _) = written::<ClusterConnection>(cluster(&spec)).await;
    assert_eq!(ready(&status), ("False", "InvalidNamespaceSelector"));
    let spec = json!({"model": {"url": "http://models.example:8080"}});
    let (_, status, _) = written::<ClusterConnection>(cluster(&spec)).await;
    assert_eq!(ready(&status), ("True", "CredentialsFound"));
}

#[tokio::test]
async fn a_queue_without_credentials_of_its_own_is_checked_for_its_users() {
    let spec = json!({"queue": {"queueURL": "http://sqs.example:9324/1/wire"}});
    let (_, status, reads) = written::<Connection>(namespaced(&spec)).await;
    assert_eq!((ready(&status), reads), (("True", "NotChecked"), 0));
}
