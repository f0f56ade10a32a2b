//! A source that states no address and one bucket: it refers to connections, of its own namespace and of the cluster.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::resources::{SECRET, SOURCE};
use e2e::world::{self, World};
use serde_json::{Value, json};

/// A namespace in which the connection is of no use to the source.
const ELSEWHERE: &str = "default";
/// Within how long the operator has seen a change.
const SEEN: Duration = Duration::from_secs(30);
const ARTICLES: usize = 5;

#[tokio::test]
async fn a_source_works_with_the_connections_that_it_may_use() -> Result<()> {
    world::run("connections", async |world| {
        let result = works(world).await;
        // What is not in the namespace of the world does not go with it.
        let name = world.name.as_str();
        for kind in ["connection", "clusterconnection"] {
            let delete = ["delete", kind, name, "--namespace", ELSEWHERE, "--ignore-not-found"];
            world.cluster.kubectl(&delete).await?;
        }
        result
    })
    .await
}

async fn works(world: &World) -> Result<()> {
    let name = world.name.as_str();
    let text = source(world);
    ensure!(text.lines().count() <= 12, "a source takes more than a few lines:\n{text}");
    let source: Value = serde_saphyr::from_str(&text)?;
    world.cluster.apply(ELSEWHERE, &connection(world)).await?;
    world.apply(&articles(world, "another-namespace")).await?;
    world.apply(&source).await?;
    unready(world, "ConnectionNotFound").await?;

    world.apply(&connection(world)).await?;
    unready(world, "ConnectionNotAllowed").await?;

    let mut corpus = Corpus::default();
    for number in 0..ARTICLES {
        corpus.add(format!("raw/{number}.xml"), &Article::generated(name, number), Form::NewsMlG2);
    }
    world.put(&corpus).await?;
    world.apply(&articles(world, name)).await?;
    world.counted(ARTICLES, 0).await?;
    let found = ("True", "CredentialsFound");
    world.condition((Kind::Connection, name), "Ready", found, SEEN).await.map(drop)
}

async fn unready(world: &World, reason: &str) -> Result<()> {
    let ready = ("False", reason);
    world.condition((Kind::IngestSource, SOURCE), "Ready", ready, SEEN).await.map(drop)
}

/// A source with nothing but what it needs. Its snapshots and errors lie beside its raw objects.
fn source(world: &World) -> String {
    let (name, bucket, queue) = (&world.name, world.raw_bucket(), &world.queue_url);
    format!(
        r#"apiVersion: docmill.io/v1beta1
kind: IngestSource
metadata: {{name: {SOURCE}}}
spec:
  storage: {{connectionRef: {{name: {name}}}, bucket: {bucket}}}
  trigger: {{sqs: {{queueURL: "{queue}"}}}}
  conversion: {{preset: newsml-g2}}
  index:
    elasticsearch: {{connectionRef: {{name: {name}, kind: ClusterConnection}}}}
    name: "articles-{name}-{{publishedAt:%Y.%m}}"
    id: "{{guid}}"
"#
    )
}

/// The object store, as a `Connection` with the name of the world.
fn connection(world: &World) -> Value {
    let store = json!({
        "region": world.env.region,
        "endpoint": world.env.s3.inside,
        "forcePathStyle": true,
        "credentialsSecretRef": {"name": SECRET},
    });
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "Connection",
        "metadata": {"name": world.name},
        "spec": {"objectStore": store},
    })
}

/// The cluster for articles, as a `ClusterConnection` with the name of the world, for one namespace.
fn articles(world: &World, namespace: &str) -> Value {
    let selector = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "ClusterConnection",
        "metadata": {"name": world.name},
        "spec": {"elasticsearch": {"urls": [world.env.es_raw.inside]}, "namespaceSelector": selector},
    })
}
