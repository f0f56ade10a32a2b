//! Articles are forgotten: after that, no store has a byte of them, and they stay out.

use anyhow::{Result, ensure};
use e2e::articles::{Article, Form};
use e2e::corpus::Corpus;
use e2e::world::{self, World};
use e2e::{ingest_runs, resources};
use serde_json::{Value, json};

use crate::plugin::docmill;

/// The number of a sound article, and of one that is refused.
const SOUND: usize = 0;
const REFUSED: usize = 2;

#[tokio::test]
async fn no_store_has_a_byte_of_a_forgotten_article() -> Result<()> {
    world::run("forget", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["snapshots"]["packing"] = json!("Packed");
        world.apply(&source).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, 6, 3);
        world.put(&corpus).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        let mut run = resources::enrichment_run(&world.env, &world.name, "tone");
        run["spec"]["enrichers"] = json!([resources::tone(&world.env, "v1")]);
        world.enrich(&run).await?;

        let [sound, refused] = [SOUND, REFUSED].map(|number| Article::generated(&world.name, number).guid);
        let before = found(world, &sound).await?;
        for place in ["-json/", "articles-", "enriched-", "docmill-units-", "docmill-heads-"] {
            ensure!(before.iter().any(|found| found.contains(place)), "{place} is not among {before:?}");
        }
        ensure!(!found(world, &refused).await?.is_empty(), "no evidence of {refused}");

        let key = format!("wire/2026/01/{REFUSED:05}.xml");
        let forgotten = docmill(world, &["forget", &sound, &key, "--yes"]).await?;
        ensure!(forgotten.code == Some(0), "{forgotten:?}");
        for line in ["Erasure report", "1 documents of the index", "1 enriched copies", "1 snapshots"] {
            ensure!(forgotten.stdout.contains(line), "no {line} in\n{}", forgotten.stdout);
        }
        for guid in [&sound, &refused] {
            let left = found(world, guid).await?;
            ensure!(left.is_empty(), "{guid} is still in {left:?}");
        }
        let traced = docmill(world, &["trace", &sound, "-o", "json"]).await?;
        let traced: Value = serde_json::from_str(&traced.stdout)?;
        ensure!(traced["documents"][0]["state"] == "Forgotten", "{traced}");
        let others = Article::generated(&world.name, 1).guid;
        ensure!(!found(world, &others).await?.is_empty(), "{others} was not to be forgotten");
        world.counted(corpus.sound() - 1, corpus.faulty() - 1).await?;

        let forget = json!({"mode": "Forget", "forget": {"keys": [key], "raw": true}});
        let again = ingest_runs::complete(world, "again", forget).await?;
        let only_raw =
            json!({"documents": 0, "enriched": 0, "snapshots": 0, "errors": 0, "records": 0, "raw": 1});
        ensure!(again.status["forgotten"] == only_raw, "{}", again.status);
        let raw = world.s3.list(&world.raw_bucket()).await?;
        ensure!(raw.iter().all(|object| object.key != key), "the raw object is still there");
        Ok(())
    })
    .await
}

/// Where a text is: objects of the buckets of snapshots and errors, and documents of both clusters.
async fn found(world: &World, text: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for bucket in [world.snapshots_bucket(), world.errors_bucket()] {
        for (key, mut bytes) in world.s3.get_all(&bucket).await? {
            // Snapshots in packs are compressed.
            if let Ok(content) = zstd::decode_all(&bytes[..]) {
                bytes.extend(content);
            }
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(format!("{bucket}/{key}"));
            }
        }
    }
    let indices = format!("*{}*", world.name);
    for elastic in [&world.articles, &world.enriched] {
        for stored in elastic.all(&indices).await? {
            if stored.id.contains(text) || stored.source.to_string().contains(text) {
                found.push(format!("{}/{}", stored.index, stored.id));
            }
        }
    }
    Ok(found)
}
