//! A source that states no address: it refers to connections, of its own namespace and of the cluster.

use std::time::Duration;

use anyhow::Result;
use e2e::articles::Form;
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
    let mut source = world.ingest_source(Form::NewsMlG2);
    source["spec"]["storage"] = json!({"connectionRef": {"name": name}});
    source["spec"]["index"]["elasticsearch"] =
        json!({"connectionRef": {"name": name, "kind": "ClusterConnection"}});
    world.cluster.apply(ELSEWHERE, &connection(world)).await?;
    world.apply(&articles(world, "another-namespace")).await?;
    world.apply(&source).await?;
    unready(world, "ConnectionNotFound").await?;

    world.apply(&connection(world)).await?;
    unready(world, "ConnectionNotAllowed").await?;

    world.put(&Corpus::generated(name, Form::NewsMlG2, ARTICLES, 0)).await?;
    world.apply(&articles(world, name)).await?;
    world.counted(ARTICLES, 0).await?;
    let found = ("True", "CredentialsFound");
    world.condition((Kind::Connection, name), "Ready", found, SEEN).await.map(drop)
}

async fn unready(world: &World, reason: &str) -> Result<()> {
    let ready = ("False", reason);
    world.condition((Kind::IngestSource, SOURCE), "Ready", ready, SEEN).await.map(drop)
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
