//! A rehearsal of another conversion foretells exactly what it then changes, and changes nothing itself.

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::{ingest_runs, world};
use serde_json::{Value, json};

/// Lines of an object each: unchanged, changed, newly failing, newly passing, failing as before.
const OBJECTS: [(&str, &str); 5] = [
    ("same", r#"{"id": "same", "sent": "2026-01-03T00:00:00Z", "words": 70}"#),
    ("changed", r#"{"id": "changed", "sent": "2026-01-03T00:00:00Z", "words": 70, "desk": "front"}"#),
    ("short", r#"{"id": "short", "sent": "2026-01-03T00:00:00Z", "words": 7}"#),
    ("word", r#"{"id": "word", "sent": "2026-01-03T00:00:00Z", "words": 70, "pages": "many"}"#),
    ("bad", r#"{"id": "bad", "words": 70}"#),
];

fn conversion(fields: &[Value]) -> Value {
    let mut all = vec![
        json!({"name": "guid", "path": ["id"], "required": true}),
        json!({"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true}),
    ];
    all.extend_from_slice(fields);
    json!({"format": "Json", "record": "$", "fields": all})
}

#[tokio::test]
async fn a_rehearsal_foretells_what_reconverting_changes() -> Result<()> {
    world::run("shadow", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["raw"]["suffixes"] = json!([".json"]);
        source["spec"]["conversion"] = conversion(&[
            json!({"name": "words", "path": ["words"], "type": "integer"}),
            json!({"name": "pages", "path": ["pages"], "type": "integer"}),
        ]);
        world.apply(&source).await?;
        for (name, line) in OBJECTS {
            world.s3.put(&world.raw_bucket(), &format!("wire/{name}.json"), line.into()).await?;
        }
        world.counted(3, 2).await?;
        world.no_workers().await?;
        let before = world.articles.all(&world.articles_pattern()).await?;

        let proposed = conversion(&[
            json!({"name": "words", "path": ["words"], "type": "integer", "minimum": 10}),
            json!({"name": "desk", "path": ["desk"]}),
        ]);
        let spec = json!({"mode": "Shadow", "conversion": proposed});
        let foretold = ingest_runs::complete(world, "foretell", spec).await?;
        tells_what_changes(&foretold.details)?;
        let after = world.articles.all(&world.articles_pattern()).await?;
        ensure!(same(&before, &after), "a rehearsal changed documents");

        source["spec"]["conversion"] = proposed;
        world.apply(&source).await?;
        let done = ingest_runs::complete(world, "reconvert", json!({"mode": "Reconvert"})).await?;
        for count in ["selected", "done", "changed", "unchanged", "failed", "skipped"] {
            let (told, is) = (&foretold.status[count], &done.status[count]);
            ensure!(
                told == is,
                "{count}: {told} foretold, {is} found: {} and {}",
                foretold.status,
                done.status
            );
        }
        let again = ingest_runs::complete(
            world,
            "again",
            json!({"mode": "Shadow", "conversion": source["spec"]["conversion"]}),
        )
        .await?;
        ensure!(again.status["changed"] == 0 && again.details["fields"] == json!({}), "{:#}", again.details);
        Ok(())
    })
    .await
}

fn tells_what_changes(details: &Value) -> Result<()> {
    let is = |pointer: &str, expected: Value| {
        ensure!(details.pointer(pointer) == Some(&expected), "{pointer} is not {expected}: {details:#}");
        Ok(())
    };
    is("/units/compared", json!(5))?;
    is("/units/unchanged", json!(2))?;
    is("/fields/desk/added", json!(1))?;
    is("/fields/desk/examples/0", json!({"document": "changed", "after": "front"}))?;
    is("/newlyFailing/OutOfRange/count", json!(1))?;
    is("/newlyFailing/OutOfRange/examples/0/key", json!("wire/short.json"))?;
    is("/newlyFailing/OutOfRange/examples/0/line", json!(1))?;
    is("/newlyPassing/WrongType/count", json!(1))
}

fn same(before: &[e2e::elastic::Stored], after: &[e2e::elastic::Stored]) -> bool {
    let mut texts = [before, after]
        .map(|all| all.iter().map(|it| format!("{} {} {}", it.index, it.id, it.source)).collect::<Vec<_>>());
    for texts in &mut texts {
        texts.sort();
    }
    texts[0] == texts[1]
}
