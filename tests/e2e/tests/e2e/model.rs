//! A model of the user's own, for documents that are no XML: lines of JSON, of which one is at fault.

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::evidence::error_record;
use e2e::world::{self, World};
use serde_json::{Value, json};

const GOOD: &str = r#"{"id": "a-1", "sent": "Fri, 02 Jan 2026 10:11:12 +0100", "desk": "front", "tags": ["bank", "rates"], "words": 12, "lead": "<p>Rates <b>rise</b> &amp; fall</p>"}
{"id": "a-2", "sent": "2026-01-03", "desk": "sport", "tags": [], "words": 7, "more": {"new": true}}
"#;
const BAD: &str = r#"{"id": "b-1", "sent": "2026-01-04T10:00:00Z", "desk": "front"}
{"id": "b-2", "sent": "9999-12-31T23:59:59Z", "desk": "weather", "words": 0}
{"id": "b-3", "sent": "2026-01-04T10:00:00Z", "desk"
{"id": "b-4", "sent": "2026-01-04T10:00:00Z", "desk": "sport"}
"#;

#[tokio::test]
async fn lines_of_json_become_documents_by_a_model_of_ones_own() -> Result<()> {
    world::run("model", async |world| {
        let mut source = world.ingest_source(Form::NewsMlG2);
        source["spec"]["raw"]["suffixes"] = json!([".ndjson"]);
        source["spec"]["conversion"] = json!({
            "format": "Json",
            "record": "$",
            "timeZone": "Europe/Berlin",
            "fields": [
                {"name": "guid", "path": ["id"], "required": true, "pattern": "^[a-z]-[0-9]+$"},
                {"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true, "latest": "now+7d"},
                {"name": "lead", "path": ["lead"], "type": "text", "html": "Text"},
                {"name": "desk", "path": ["desk"], "enum": ["front", "sport"]},
                {"name": "keywords", "path": ["tags[*]"], "repeated": true},
                {"name": "words", "path": ["words"], "type": "integer", "minimum": 1},
            ],
        });
        world.apply(&source).await?;
        for (key, lines) in [("wire/good.ndjson", GOOD), ("wire/bad.ndjson", BAD)] {
            world.s3.put(&world.raw_bucket(), key, lines.into()).await?;
        }
        world.counted(1, 1).await?;
        world.no_workers().await?;
        are_indexed(world).await?;
        says_what_is_wrong(world).await
    })
    .await
}

async fn are_indexed(world: &World) -> Result<()> {
    world.articles.refresh(&world.articles_pattern()).await?;
    let hits = world.articles.search(&world.articles_pattern(), json!({})).await?;
    let mut documents: Vec<_> =
        hits.into_iter().map(|mut hit| without_provenance(hit["_source"].take())).collect();
    documents.sort_by_key(|document| document["guid"].to_string());
    let expected = [
        json!({"guid": "a-1", "publishedAt": "2026-01-02T09:11:12Z", "lead": "Rates rise & fall", "desk": "front", "keywords": ["bank", "rates"], "words": 12}),
        json!({"guid": "a-2", "publishedAt": "2026-01-02T23:00:00Z", "desk": "sport", "words": 7}),
        json!({"guid": "b-1", "publishedAt": "2026-01-04T10:00:00Z", "desk": "front"}),
        json!({"guid": "b-4", "publishedAt": "2026-01-04T10:00:00Z", "desk": "sport"}),
    ];
    ensure!(documents == expected, "{documents:#?}");
    Ok(())
}

fn without_provenance(mut document: Value) -> Value {
    if let Some(fields) = document.as_object_mut() {
        fields.shift_remove("_docmill");
    }
    document
}

async fn says_what_is_wrong(world: &World) -> Result<()> {
    let (_, record) = error_record(&world.s3, &world.errors_bucket(), "wire/bad.ndjson").await?;
    let faults =
        |index: usize| record.pointer(&format!("/refusals/{index}/faults")).cloned().unwrap_or_default();
    let reasons: Vec<_> =
        (0..2).flat_map(|index| faults(index).as_array().cloned().unwrap_or_default()).collect();
    let reasons: Vec<_> =
        reasons.iter().map(|fault| (fault["reason"].clone(), fault["line"].clone())).collect();
    // The date, the desk, the words; and a line that is no JSON.
    let expected = [("OutOfRange", 2), ("NotInEnum", 2), ("OutOfRange", 2), ("MalformedJson", 3)]
        .map(|(reason, line)| (json!(reason), json!(line)));
    ensure!(reasons == expected, "{record:#}");
    Ok(())
}
