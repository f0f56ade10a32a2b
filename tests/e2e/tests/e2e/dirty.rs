//! Objects that are not well-formed, as a model allows them: small and large ones become documents, and what was mended is
//! told in them, in the records of their units and in the status.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use serde_json::{Value, json};

/// Two XML documents, of which the first has more than one fault, and the rest of a block.
const SMALL: &str = "\n<?xml version='1.0'?><!DOCTYPE item [<!ENTITY agency 'Example &mdash; News'>]>\n\
    <item id='d-1' id='x'><sent>2026-01-02T00:00:00Z</sent><t>AT&T of &agency;</t></item>\n\
    <?xml version='1.0'?><item id='d-2'><sent>2026-01-02T00:00:00Z</sent><t>Sound</t></item>\0\0";

/// More than is held in memory, with a byte at its end that UTF-8 does not have.
fn large() -> Vec<u8> {
    let filling = format!("<l><x>{}</x>", "filling ".repeat(600_000));
    let item = b"<item id='d-3'><sent>2026-01-02T00:00:00Z</sent><t>caf\xe9</t></item></l>";
    [filling.as_bytes(), item].concat()
}

#[tokio::test]
async fn objects_that_are_not_well_formed_are_mended_as_their_model_says() -> Result<()> {
    world::run("dirty", async |world| {
        let mut source = world.ingest_source(Form::NewsMlG2);
        source["spec"]["conversion"] = json!({
            "record": "//item",
            "entities": "Declared",
            "repairs": ["LeadingSpace", "TrailingData", "BareAmpersand", "DuplicateAttributes", "Encoding"],
            "concatenated": true,
            "fields": [
                {"name": "guid", "path": ["@id"], "required": true},
                {"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true},
                {"name": "title", "path": ["t"]},
            ],
        });
        world.apply(&source).await?;
        for (key, bytes) in [("wire/small.xml", SMALL.as_bytes().to_vec()), ("wire/large.xml", large())] {
            world.s3.put(&world.raw_bucket(), key, bytes).await?;
        }
        the_status_says_what_was_mended(&world.counted(2, 0).await?)?;
        documents_say_what_was_mended(world).await?;
        records_say_what_was_mended(world).await
    })
    .await
}

fn the_status_says_what_was_mended(source: &Value) -> Result<()> {
    let repairs = source["status"]["repairs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = |repair: &Value| (repair["repair"].to_string(), repair["count"].clone());
    let told: BTreeMap<_, _> = repairs.iter().map(count).collect();
    let names = ["BareAmpersand", "DuplicateAttributes", "Encoding", "LeadingSpace", "TrailingData"];
    let expected = names.map(|name| (json!(name).to_string(), json!(1)));
    ensure!(told == BTreeMap::from(expected), "{repairs:?}");
    Ok(())
}

async fn documents_say_what_was_mended(world: &World) -> Result<()> {
    world.articles.refresh(&world.articles_pattern()).await?;
    let hits = world.articles.search(&world.articles_pattern(), json!({})).await?;
    let told = |source: &Value| (source["title"].clone(), source["_docmill"]["repairs"].clone());
    let found: BTreeMap<_, _> =
        hits.iter().map(|hit| (hit["_id"].to_string(), told(&hit["_source"]))).collect();
    let first = json!({"LeadingSpace": 1, "BareAmpersand": 1, "DuplicateAttributes": 1});
    let expected = [
        (json!("AT&T of Example — News"), first),
        (json!("Sound"), Value::Null),
        (json!("café"), json!({"Encoding": 1})),
    ];
    ensure!(found.values().eq(&expected), "{found:#?}");
    Ok(())
}

async fn records_say_what_was_mended(world: &World) -> Result<()> {
    let records = world.articles.all(&format!("docmill-units-{}.{SOURCE}", world.name)).await?;
    let repairs: BTreeMap<_, _> = records
        .iter()
        .map(|record| (record.source["unit"]["key"].to_string(), record.source["repairs"].clone()))
        .collect();
    let small = json!({"LeadingSpace": 1, "TrailingData": 1, "BareAmpersand": 1, "DuplicateAttributes": 1});
    ensure!(repairs.values().eq(&[json!({"Encoding": 1}), small]), "{repairs:#?}");
    Ok(())
}
