//! What a server answers that a resource names reaches neither the resource's status nor an Event.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::faults::{Action, Answer, Match, Proxy};
use e2e::resources;
use e2e::world::{self, World};
use serde_json::{Value, json};

/// What is not to be found anywhere.
const MARKER: &str = "hunter2-7f3a";
/// Within how long each resource has been judged.
const JUDGED: Duration = Duration::from_secs(30);

/// The forms in which a server can say it.
fn answers() -> Vec<(&'static str, Answer)> {
    let said = format!("the token is {MARKER} <b>");
    let error = json!({"type": said, "reason": said, "caused_by": {"type": MARKER, "reason": said}});
    vec![
        ("page", Answer::text(404, said.clone())),
        ("reason", Answer::json(400, &json!({"error": error, "status": 400}))),
        ("gateway", Answer::json(403, &json!({"message": said, "Message": said, "detail": said}))),
        ("bucket", Answer::s3(403, &said)),
        ("unavailable", Answer::text(503, said.clone())),
        ("welcome", Answer::json(200, &json!({"name": said, "version": said, "versions": [said]}))),
    ]
}

#[tokio::test]
async fn what_a_foreign_server_says_is_shown_nowhere() -> Result<()> {
    world::run("foreign", async |world| {
        let mut proxies = Vec::new();
        let mut resources = Vec::new();
        for (name, answer) in answers() {
            let proxy = Proxy::start(&world.env.host_address, &world.env.s3.outside).await?;
            proxy.rule(Match::any(), Action::Answer(answer));
            let url = proxy.url();
            resources.extend([
                store(world, &format!("{name}-s3"), "/spec/storage/endpoint", json!(url)),
                store(world, &format!("{name}-es"), "/spec/index/elasticsearch/urls/0", json!(url)),
                store(
                    world,
                    &format!("{name}-sqs"),
                    "/spec/trigger/sqs/queueURL",
                    json!(format!("{url}/1/q")),
                ),
                model(world, &format!("{name}-model"), &url),
            ]);
            proxies.push(proxy);
        }
        // One that runs of models read.
        world.apply(&world.ingest_source(Form::NewsMlG2)).await?;
        for resource in &resources {
            world.apply(resource).await?;
        }
        for resource in &resources {
            judged(world, resource).await?;
        }
        for kinds in ["ingestsources,enrichmentruns,jobs", "events", "events.events.k8s.io"] {
            let all = world
                .cluster
                .kubectl(&["get", kinds, "--namespace", &world.name, "--output", "json"])
                .await?;
            ensure!(!all.contains(MARKER), "among {kinds}: {}", around(&all));
        }
        Ok(())
    })
    .await
}

fn store(world: &World, name: &str, field: &str, value: Value) -> Value {
    let mut source = world.ingest_source(Form::NewsMlG2);
    source["metadata"]["name"] = name.into();
    if let Some(place) = source.pointer_mut(field) {
        *place = value;
    }
    source
}

fn model(world: &World, name: &str, url: &str) -> Value {
    let mut run = resources::enrichment_run(&world.env, &world.name, name);
    run["spec"]["to"]["index"]["name"] = format!("enriched-{}-{name}", world.name).into();
    for enricher in run["spec"]["enrichers"].as_array_mut().into_iter().flatten() {
        enricher["openInference"]["url"] = url.into();
    }
    run
}

/// Waits until the operator has said something of a resource.
async fn judged(world: &World, resource: &Value) -> Result<()> {
    let kind = resource["kind"].as_str().context("no kind")?.to_lowercase();
    let name = format!("{kind}/{}", resource["metadata"]["name"].as_str().unwrap_or_default());
    let limit = format!("--timeout={}s", JUDGED.as_secs());
    let said = "--for=jsonpath={.status.conditions[0].type}=Ready";
    world.cluster.kubectl(&["wait", &name, "--namespace", &world.name, said, &limit]).await.map(drop)
}

/// The place in a text where the marker is.
fn around(text: &str) -> &str {
    let at = text.find(MARKER).unwrap_or_default();
    let (from, to) = (at.saturating_sub(200), (at + 100).min(text.len()));
    text.get(from..to).unwrap_or(text)
}
