//! Another conversion model: what a rehearsal foretells, a reconversion does, and the diff of its two revisions shows.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::ingest_runs;
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use serde_json::{Value, json};

use super::{docmill, json_of};

/// The name of the rehearsal.
const SHADOW: &str = "foretell";

#[tokio::test]
async fn rehearsal_reconversion_and_diff_agree_on_the_fields_that_a_model_changes() -> Result<()> {
    world::run("revisions", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["raw"]["suffixes"] = json!([".json"]);
        source["spec"]["conversion"] = conversion(&json!([
            {"name": "words", "path": ["words"], "type": "integer"},
            {"name": "pages", "path": ["pages"], "type": "integer"},
        ]));
        world.apply(&source).await?;
        for (id, rest) in [
            ("touched", r#""words": 70, "total": 71, "pages": 3, "desk": "front""#),
            ("untouched", r#""words": 70, "total": 70"#),
        ] {
            let object = format!(r#"{{"id": "{id}", "sent": "2026-01-03T00:00:00Z", {rest}}}"#);
            world.s3.put(&world.raw_bucket(), &format!("wire/{id}.json"), object.into()).await?;
        }
        world.counted(2, 0).await?;
        let before = revision(world).await?;

        let proposed = conversion(&json!([
            {"name": "words", "path": ["total"], "type": "integer"},
            {"name": "desk", "path": ["desk"]},
        ]));
        let foretold = foretell(world, &proposed).await?;
        source["spec"]["conversion"] = proposed;
        world.apply(&source).await?;
        let done = docmill(world, &["reconvert", SOURCE]).await?;
        ensure!(done.code == Some(0) && done.stdout.contains("Complete"), "{done:?}");
        ensure!(revision(world).await? != before, "the revision is still {before}");

        let from = format!("snapshot@{before}");
        let touched = edits(world, "touched", &from).await?;
        let expected =
            [("desk", json!([null, "front"])), ("pages", json!([3, null])), ("words", json!([70, 71]))];
        let expected: BTreeMap<String, Value> =
            expected.into_iter().map(|(field, values)| (field.to_owned(), values)).collect();
        ensure!(touched == expected, "{touched:?}");
        let touched: Vec<&String> = touched.keys().collect();
        ensure!(foretold.iter().collect::<Vec<_>>() == touched, "{foretold:?} foretold, {touched:?} changed");
        ensure!(edits(world, "untouched", &from).await?.is_empty(), "the other document differs");
        Ok(())
    })
    .await
}

fn conversion(fields: &Value) -> Value {
    let mut all = vec![
        json!({"name": "guid", "path": ["id"], "required": true}),
        json!({"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true}),
    ];
    all.extend(fields.as_array().into_iter().flatten().cloned());
    json!({"format": "Json", "record": "$", "fields": all})
}

/// The revision by which the touched document was converted.
async fn revision(world: &World) -> Result<String> {
    let history = json_of(&docmill(world, &["history", "touched", "-o", "json"]).await?)?;
    let revision = history["entries"][0]["revision"].as_str().map(str::to_owned);
    revision.with_context(|| format!("no revision in {history}"))
}

/// The fields that a rehearsal says would change, in alphabetical order.
async fn foretell(world: &World, proposed: &Value) -> Result<Vec<String>> {
    let file = std::env::temp_dir().join(format!("docmill-proposed-{}.json", world.name));
    std::fs::write(&file, proposed.to_string())?;
    let path = file.display().to_string();
    let shadow = docmill(world, &["shadow", SOURCE, "-f", &path, "--name", SHADOW]).await;
    std::fs::remove_file(&file)?;
    let shadow = shadow?;
    ensure!(shadow.stdout.contains("Complete"), "{shadow:?}");
    let report = ingest_runs::ended(world, SHADOW).await?.details;
    let fields = report["fields"].as_object().with_context(|| format!("no fields in {report}"))?;
    let mut fields: Vec<String> = fields.keys().cloned().collect();
    fields.sort();
    Ok(fields)
}

/// What differs between the snapshot of the revision before and that of now, by field: the value before, and after.
async fn edits(world: &World, id: &str, from: &str) -> Result<BTreeMap<String, Value>> {
    let diff = docmill(world, &["diff", id, "--from", from, "--to", "snapshot", "-o", "json"]).await?;
    let found = json_of(&diff)?;
    let edits = found["edits"].as_array().with_context(|| format!("no edits in {found}"))?;
    let code = if edits.is_empty() { 0 } else { 3 };
    ensure!(diff.code == Some(code), "{diff:?}");
    let values = |edit: &Value| json!([edit["before"], edit["after"]]);
    Ok(edits
        .iter()
        .map(|edit| (edit["path"].as_str().unwrap_or_default().to_owned(), values(edit)))
        .collect())
}
