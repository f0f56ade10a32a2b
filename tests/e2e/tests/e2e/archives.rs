//! Archives as objects: their members become documents that name them, and a member that is refused is kept by itself while
//! the others are indexed.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use e2e::archives::{TarGz, Zip};
use e2e::articles::Form;
use e2e::evidence::error_record;
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use serde_json::{Value, json};

const BAD: &[u8] = b"<r><item id='bad'>";

fn item(id: &str) -> Vec<u8> {
    format!("<r><item id='{id}'><sent>2026-01-02T00:00:00Z</sent><t>Title</t></item></r>").into_bytes()
}

fn zip() -> Vec<u8> {
    let mut zip = Zip::default();
    let files = [
        zip.add("2026/a.xml", &item("z-1")),
        zip.add("README", b"Hello"),
        zip.add("2026/bad.xml", BAD),
        zip.add("b.xml", &item("z-2")),
    ];
    [files.concat(), zip.end()].concat()
}

fn tar_gz() -> Result<Vec<u8>> {
    let mut tar = TarGz::new();
    tar.add("./a.xml", &item("t-1"))?;
    tar.add("b.xml", &item("t-2"))?;
    tar.end()
}

#[tokio::test]
async fn members_of_archives_become_documents_and_a_bad_one_is_kept_by_itself() -> Result<()> {
    world::run("archives", async |world| {
        let mut source = world.ingest_source(Form::NewsMlG2);
        source["spec"]["raw"]["suffixes"] = json!([".zip", ".tar.gz"]);
        source["spec"]["conversion"] = json!({
            "record": "//item",
            "archive": {"members": ["*.xml"]},
            "fields": [
                {"name": "guid", "path": ["@id"], "required": true},
                {"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true},
                {"name": "title", "path": ["t"]},
            ],
        });
        world.apply(&source).await?;
        for (key, bytes) in [("wire/a.zip", zip()), ("wire/b.tar.gz", tar_gz()?)] {
            world.s3.put(&world.raw_bucket(), key, bytes).await?;
        }
        world.counted(1, 1).await?;
        documents_name_their_members(world).await?;
        the_bad_member_is_kept_by_itself(world).await
    })
    .await
}

async fn documents_name_their_members(world: &World) -> Result<()> {
    world.articles.refresh(&world.articles_pattern()).await?;
    let hits = world.articles.search(&world.articles_pattern(), json!({})).await?;
    let named = |hit: &Value| (hit["_id"].clone(), hit["_source"]["_docmill"]["unit"]["member"].clone());
    let found: BTreeMap<_, _> = hits.iter().map(named).map(|(id, name)| (id.to_string(), name)).collect();
    let expected = json!(["a.xml", "b.xml", "2026/a.xml", "b.xml"]);
    ensure!(json!(found.values().collect::<Vec<_>>()) == expected, "{found:#?}");
    Ok(())
}

async fn the_bad_member_is_kept_by_itself(world: &World) -> Result<()> {
    let (key, record) = error_record(&world.s3, &world.errors_bucket(), "wire/a.zip").await?;
    ensure!(record["copied"] == false && record["refusals"][0]["member"] == "2026/bad.xml", "{record:#}");
    let message = record["message"].as_str().unwrap_or_default();
    ensure!(message.starts_with("member \"2026/bad.xml\": expected "), "{record:#}");
    let unit = key.strip_suffix(".error.json").context("a record without its suffix")?;
    let copy = format!("{unit}.members/00002-2026_bad.xml");
    ensure!(world.s3.get(&world.errors_bucket(), &copy).await? == BAD, "{copy} is not the member");
    let beside = world.s3.get(&world.errors_bucket(), &format!("{copy}.error.json")).await?;
    let beside: Value = serde_json::from_slice(&beside)?;
    ensure!(beside["member"] == "2026/bad.xml" && beside["reason"] == "MalformedXml", "{beside:#}");
    let records = world.articles.all(&format!("docmill-units-{}.{SOURCE}", world.name)).await?;
    let failed =
        records.iter().find(|record| record.source["state"] == "Failed").context("no failed unit")?;
    ensure!(failed.source["documentCount"] == 2, "{:#}", failed.source);
    Ok(())
}
