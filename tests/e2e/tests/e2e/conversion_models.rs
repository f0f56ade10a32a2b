//! A model as a resource of its own: a source waits for it, ingests by it, and follows it; a rehearsal compares two.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::ingest_runs;
use e2e::resources::{SOURCE, conversion_model};
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use serde_json::{Value, json};

/// Within how long a change is told.
const TOLD: Duration = Duration::from_secs(20);

fn model(fields: &[Value]) -> Value {
    let mut all = vec![
        json!({"name": "guid", "path": ["id"], "required": true}),
        json!({"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true}),
    ];
    all.extend_from_slice(fields);
    json!({"format": "Json", "record": "$", "fields": all})
}

#[tokio::test]
async fn a_source_waits_for_its_model_and_follows_it() -> Result<()> {
    world::run("cmodel", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["raw"]["suffixes"] = json!([".json"]);
        source["spec"]["conversion"] = json!({"modelRef": {"name": "wire"}});
        world.apply(&source).await?;
        let wire = (Kind::IngestSource, SOURCE);
        world.condition(wire, "Ready", ("False", "ConversionModelNotFound"), TOLD).await?;

        let (old, new) = (model(&[]), model(&[json!({"name": "desk", "path": ["desk"]})]));
        world.apply(&conversion_model("wire", &old)).await?;
        world.condition(wire, "Ready", ("True", ""), TOLD).await?;
        let line = r#"{"id": "a", "sent": "2026-01-03T00:00:00Z", "desk": "front"}"#;
        world.s3.put(&world.raw_bucket(), "wire/a.json", line.into()).await?;
        let counted = world.counted(1, 0).await?;
        let revision = revision(world, "wire").await?;
        ensure!(counted["status"]["revision"] == revision, "{revision} is not in {}", counted["status"]);
        world.no_workers().await?;

        world.apply(&conversion_model("proposed", &new)).await?;
        let spec = json!({"mode": "Shadow", "conversion": {"modelRef": {"name": "proposed"}}});
        let foretold = ingest_runs::complete(world, "foretell", spec).await?;
        ensure!(foretold.details["fields"]["desk"]["added"] == 1, "{:#}", foretold.details);
        ensure!(foretold.status["changed"] == 1, "{}", foretold.status);

        world.apply(&conversion_model("wire", &new)).await?;
        until("the source to have the revision of the changed model", TOLD, async || {
            let found = world.cluster.get(Kind::IngestSource, &world.name, SOURCE).await?;
            let same = found["status"]["revision"] == foretold.status["revision"];
            Ok(Look::holds(same, found["status"].to_string()))
        })
        .await
    })
    .await
}

/// The revision of a valid model.
async fn revision(world: &World, name: &str) -> Result<Value> {
    world.condition((Kind::ConversionModel, name), "Ready", ("True", "Valid"), TOLD).await?;
    let mut model = world.cluster.get(Kind::ConversionModel, &world.name, name).await?;
    Ok(model["status"]["revision"].take())
}
