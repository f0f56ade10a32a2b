//! Against an API server that has one source, and a Secret for each of its stores.

use clap::Parser as _;
use serde_json::{Value, json};

use super::Sources;
use crate::args::Args;
use crate::testing::{Asked, api, connections, refusal};

const SOURCE: &str = "/apis/docmill.io/v1beta1/namespaces/news/ingestsources/wire";
const SECRETS: &str = "/api/v1/namespaces/news/secrets/";

fn source() -> Value {
    let cluster = json!({"urls": ["http://es:9200"], "secretRef": {"name": "es"}});
    json!({
        "apiVersion": "docmill.io/v1beta1", "kind": "IngestSource",
        "metadata": {"name": "wire", "namespace": "news"},
        "spec": {
            "storage": {
                "region": "eu-west-1", "bucket": "news", "endpoint": "http://s3:9000",
                "credentialsSecretRef": {"name": "s3"},
            },
            "trigger": {"poll": {"intervalSeconds": 60}}, "conversion": {"preset": "nitf"},
            "index": {"elasticsearch": cluster, "name": "articles-{date:%Y}", "id": "{id}"},
        },
    })
}

/// The values are `a` and `b`.
fn secret(name: &str, keys: [&str; 2]) -> Value {
    let [first, second] = keys;
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": "news", "labels": {"docmill.io/use": "true"}},
        "data": {(first): "YQ==", (second): "Yg=="},
    })
}

fn answer(asked: &Asked) -> (u16, Value) {
    match asked.path.strip_prefix(SECRETS) {
        Some("s3") => (200, secret("s3", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])),
        Some("es") => (200, secret("es", ["username", "password"])),
        None if asked.path == SOURCE => (200, source()),
        _ => refusal(404, "NotFound"),
    }
}

#[tokio::test]
async fn requests_share_secrets_and_clients_and_each_sees_the_source_as_it_is() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (client, log) = api(answer);
    let args = Args::try_parse_from(["operator", "--worker-image", "w"]).unwrap();
    let sources = Sources::new(&args, client, connections());
    for _ in 0..3 {
        let opened = sources.open("news", Some("wire")).await.map_err(|failure| failure.message).unwrap();
        assert!(opened.s3().is_ok() && opened.index.is_some());
    }
    let count = |path: &str| {
        let asked = log.lock().unwrap();
        asked.iter().filter(|asked| asked.path.starts_with(path)).count()
    };
    assert_eq!(count(SECRETS), 2, "each Secret is read once");
    assert_eq!(count(SOURCE), 3, "its spec may have changed");
    sources.doubt("news");
    for _ in 0..2 {
        assert!(sources.open("news", Some("wire")).await.is_ok());
    }
    assert_eq!(count(SECRETS), 4, "once more, since a store could not be used");
}
