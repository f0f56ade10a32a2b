//! The Records API does not answer for a while: its Service has no endpoints. Other APIs, controllers and workers go on, and
//! who asks for records learns in words what is wrong. A deleted namespace is emptied and stays until the API answers, as
//! with every aggregated API; then it goes by itself.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use docmill_crds::records_api::{API_VERSION, GROUP};
use e2e::articles::{Article, Form};
use e2e::install::{NAMESPACE, RELEASE};
use e2e::resources::SOURCE;
use e2e::viewer::Viewer;
use e2e::wait::{Look, until};
use e2e::world::{self, World, find_condition};
use serde_json::{Value, json};

const ARTICLES: usize = 20;
/// A label that no pod has.
const AWAY: &str = "docmill.io/away";
/// Within how long the API server says that the API is down, or is there: it looks at endpoints at once, at an API that
/// answered each half minute, and at what that serves each minute.
const TOLD: Duration = Duration::from_mins(2);
/// Within how long the plugin gives up.
const GIVEN_UP: Duration = Duration::from_secs(30);
/// Within how long what goes on has happened.
const GOES_ON: Duration = Duration::from_mins(1);
/// Within how long a namespace goes once the API answers: Kubernetes tries again at least each minute.
const GONE: Duration = Duration::from_mins(2);

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn all_else_goes_on_while_the_records_api_is_down() -> Result<()> {
    world::run_alone("records-down", async |world| {
        let viewer = Viewer::create(world, "viewer", &["view"]).await?;
        let deleted = format!("{}-deleted", world.name);
        endpoints(world, false).await?;
        let meanwhile = goes_on(world, &viewer, &deleted).await;
        let delete = ["delete", "namespace", &deleted, "--ignore-not-found", "--wait=false"];
        let asked = world.cluster.kubectl(&delete).await.map(drop);
        let back = endpoints(world, true).await;
        meanwhile.and(asked).and(back)?;
        is_back(world, &viewer, &deleted).await
    })
    .await
}

/// Takes the endpoints of the API's Service away, or gives them back.
async fn endpoints(world: &World, are_there: bool) -> Result<()> {
    let label = if are_there { Value::Null } else { "true".into() };
    let patch = json!({"spec": {"selector": {AWAY: label}}}).to_string();
    let service = format!("service/{RELEASE}-records");
    let call = ["patch", &service, "--namespace", NAMESPACE, "--type=merge", "--patch", &patch];
    world.cluster.kubectl(&call).await.map(drop)
}

async fn goes_on(world: &World, viewer: &Viewer, deleted: &str) -> Result<()> {
    is_down(world).await?;
    is_told_in_words(viewer).await?;
    for kind in ["isrc", "pods", "events", "apiservices"] {
        let listed = world.cluster.try_kubectl(&["get", kind, "--namespace", &world.name], None).await?;
        ensure!(listed.ok, "{kind}: {listed:?}");
    }
    world.ingest(Form::Nitf, ARTICLES).await?;
    garbage_is_collected(world).await?;
    a_namespace_is_emptied_and_waits(world, deleted).await
}

async fn is_down(world: &World) -> Result<()> {
    let path = format!("/apis/{API_VERSION}");
    until("the API server to answer for an API that is down", TOLD, async || {
        let answer = world.cluster.try_kubectl(&["get", "--raw", &path], None).await?;
        let is_unavailable = !answer.ok && answer.stderr.contains("ServiceUnavailable");
        Ok(Look::holds(is_unavailable, format!("{answer:?}")))
    })
    .await?;
    until("a list of resources without those of the API", TOLD, async || {
        let listed = world.cluster.try_kubectl(&["api-resources", "--api-group", GROUP], None).await?;
        let is_missing = !listed.stdout.contains(API_VERSION);
        Ok(Look::holds(is_missing, format!("{listed:?}")))
    })
    .await
}

/// The plugin does not wait for long, and says what is wrong and what to look at.
async fn is_told_in_words(viewer: &Viewer) -> Result<()> {
    let began = Instant::now();
    let trace = viewer.docmill(&["trace", "urn:nobody:knows:it", "--source", SOURCE]).await?;
    ensure!(trace.code == Some(1), "{trace:?}");
    for words in ["the records API does not answer", &format!("kubectl get apiservice v1alpha1.{GROUP}")] {
        ensure!(trace.stderr.contains(words), "no {words:?} in {trace:?}");
    }
    let took = began.elapsed();
    println!("the plugin gave up after {:.1} s", took.as_secs_f32());
    ensure!(took < GIVEN_UP, "the plugin took {took:?}");
    Ok(())
}

/// What belongs to something that is deleted is deleted.
async fn garbage_is_collected(world: &World) -> Result<()> {
    world.apply(&config_map("owner", &json!([]))).await?;
    let get = ["get", "configmap", "owner", "--namespace", &world.name, "--output=jsonpath={.metadata.uid}"];
    let uid = world.cluster.kubectl(&get).await?;
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]);
    world.apply(&config_map("owned", &owner)).await?;
    world.cluster.kubectl(&["delete", "configmap", "owner", "--namespace", &world.name]).await?;
    until("what belongs to a deleted owner to go", GOES_ON, async || {
        let find = ["get", "configmap", "owned", "--namespace", &world.name, "--ignore-not-found"];
        let found = world.cluster.kubectl(&find).await?;
        Ok(Look::holds(found.is_empty(), found))
    })
    .await
}

/// Kubernetes cannot know that the API has nothing in the namespace.
async fn a_namespace_is_emptied_and_waits(world: &World, name: &str) -> Result<()> {
    world.cluster.kubectl(&["create", "namespace", name]).await?;
    world.cluster.apply(name, &config_map("content", &json!([]))).await?;
    world.cluster.kubectl(&["delete", "namespace", name, "--wait=false"]).await?;
    until("a namespace that is empty and waits for the API", GOES_ON, async || {
        let text = world.cluster.kubectl(&["get", "namespace", name, "--output=json"]).await?;
        let namespace: Value = serde_json::from_str(&text)?;
        let failure = find_condition(&namespace, "NamespaceDeletionDiscoveryFailure");
        let waits = failure["status"] == "True" && failure["message"].to_string().contains(API_VERSION);
        let is_empty = find_condition(&namespace, "NamespaceContentRemaining")["status"] == "False";
        Ok(Look::holds(waits && is_empty, namespace["status"].to_string()))
    })
    .await
}

fn config_map(name: &str, owners: &Value) -> Value {
    let metadata = json!({"name": name, "ownerReferences": owners});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
}

async fn is_back(world: &World, viewer: &Viewer, deleted: &str) -> Result<()> {
    let guid = Article::generated(&world.name, 0).guid;
    until("an answer of the Records API", TOLD, async || {
        let trace = viewer.docmill(&["trace", &guid, "--source", SOURCE]).await?;
        Ok(Look::holds(trace.code == Some(0), format!("{trace:?}")))
    })
    .await?;
    let began = Instant::now();
    until("the deleted namespace to go", GONE, async || {
        let find = ["get", "namespace", deleted, "--ignore-not-found"];
        let found = world.cluster.kubectl(&find).await?;
        Ok(Look::holds(found.is_empty(), found))
    })
    .await?;
    println!("the namespace was gone {:.1} s after the first answer", began.elapsed().as_secs_f32());
    Ok(())
}
