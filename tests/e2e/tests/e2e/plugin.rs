//! `kubectl docmill`, as kubectl calls it: where a document is, what failed, and runs that are followed to their end.

mod refused_objects;
mod reproduce;
mod revisions;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::command::{self, Finished};
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use serde_json::{Value, json};

/// Within how long the operator follows a change.
const SOON: Duration = Duration::from_secs(30);
/// The key of the object that is refused at first.
const REFUSED: &str = "wire/0.json";

#[tokio::test]
async fn a_user_finds_documents_and_failures_and_replays_them() -> Result<()> {
    world::run("plugin", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["raw"]["suffixes"] = json!([".json"]);
        source["spec"]["conversion"] = conversion(true);
        world.apply(&source).await?;
        for number in 0..3 {
            let desk = if number == 0 { "" } else { r#", "desk": "front""# };
            let line = format!(r#"{{"id": "a{number}", "sent": "2026-01-03T00:00:00Z"{desk}}}"#);
            world.s3.put(&world.raw_bucket(), &format!("wire/{number}.json"), line.into()).await?;
        }
        world.counted(2, 1).await?;

        traces(world).await?;
        suspends_and_resumes(world).await?;

        let again = docmill(world, &["replay", SOURCE]).await?;
        ensure!(again.code == Some(3) && again.stdout.contains("1 failed"), "{again:?}");
        source["spec"]["conversion"] = conversion(false);
        world.apply(&source).await?;
        let replay =
            docmill(world, &["replay", SOURCE, "--reason", "MissingField", "--key", REFUSED]).await?;
        ensure!(replay.code == Some(0), "{replay:?}");
        ensure!(replay.stdout.contains("Complete") && replay.stdout.contains("1 done"), "{replay:?}");
        world.counted(3, 0).await?;
        let found = docmill(world, &["trace", REFUSED, "-o", "json"]).await?;
        ensure!(found.code == Some(0) && json_of(&found)?["units"][0]["state"] == "Indexed", "{found:?}");
        let clean = docmill(world, &["failures", SOURCE]).await?;
        ensure!(clean.code == Some(0), "{clean:?}");
        Ok(())
    })
    .await
}

/// A model that requires a desk, or does not.
fn conversion(required: bool) -> Value {
    json!({"format": "Json", "record": "$", "fields": [
        {"name": "guid", "path": ["id"], "required": true},
        {"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true},
        {"name": "desk", "path": ["desk"], "required": required}]})
}

/// `kubectl docmill` in the namespace of the world.
pub async fn docmill(world: &World, arguments: &[&str]) -> Result<Finished> {
    let context = world.env.context.iter().flat_map(|context| ["--context", context]);
    let all = ["docmill"].into_iter().chain(arguments.iter().copied()).chain(["-n", &world.name]);
    let all: Vec<String> = all.chain(context).map(str::to_owned).collect();
    command::run("kubectl", &all, None).await
}

fn json_of(finished: &Finished) -> Result<Value> {
    serde_json::from_str(&finished.stdout).with_context(|| format!("{finished:?}"))
}

async fn traces(world: &World) -> Result<()> {
    let indexed = docmill(world, &["trace", "a1", "-o", "json"]).await?;
    let found = json_of(&indexed)?;
    let document = &found["documents"][0];
    ensure!(indexed.code == Some(0) && document["state"] == "Indexed", "{indexed:?}");
    ensure!(document["unit"]["raw"]["key"] == "wire/1.json", "{document}");

    let refused = docmill(world, &["trace", REFUSED, "--source", SOURCE]).await?;
    ensure!(refused.code == Some(3), "{refused:?}");
    for words in ["MissingField", "desk", &format!("kubectl docmill replay {SOURCE} --key {REFUSED}")] {
        ensure!(refused.stdout.contains(words), "no {words} in\n{}", refused.stdout);
    }
    let unknown = docmill(world, &["trace", "urn:nobody:knows:it"]).await?;
    ensure!(unknown.code == Some(3) && unknown.stdout.contains("Nothing is known"), "{unknown:?}");

    let failures = docmill(world, &["failures", SOURCE, "-o", "json"]).await?;
    let found = json_of(&failures)?;
    let group = &found["groups"][0];
    ensure!(failures.code == Some(3) && group["reason"] == "MissingField" && group["count"] == 1, "{group}");
    ensure!(group["examples"][0]["key"] == REFUSED, "{group}");

    let same = docmill(world, &["diff", "a1"]).await?;
    ensure!(same.code == Some(0) && same.stdout.contains("are the same"), "{same:?}");
    let snapshot = docmill(world, &["cat", "a1", "--stage", "snapshot"]).await?;
    ensure!(json_of(&snapshot)?["guid"] == "a1", "{snapshot:?}");
    Ok(())
}

async fn suspends_and_resumes(world: &World) -> Result<()> {
    for (verb, status) in [("suspend", "True"), ("resume", "False")] {
        let done = docmill(world, &[verb, "source", SOURCE]).await?;
        ensure!(done.code == Some(0), "{done:?}");
        world.condition((Kind::IngestSource, SOURCE), "Suspended", (status, ""), SOON).await?;
    }
    let top = json_of(&docmill(world, &["top", SOURCE, "-o", "json"]).await?)?;
    ensure!(top["sources"][0]["stored"] == 2 && top["sources"][0]["failed"] == 1, "{top}");
    let missing = docmill(world, &["suspend", "source", "nobody"]).await?;
    ensure!(missing.code == Some(1) && missing.stderr.contains("next: "), "{missing:?}");
    Ok(())
}
