//! A source whose objects are not read as anything, in the cluster: each becomes a document about it.

use anyhow::{Context as _, Result, ensure};
use e2e::bytes::{corpus, samples};
use e2e::resources::binary_source;
use e2e::world;
use serde_json::json;

#[tokio::test]
async fn objects_of_any_kind_are_found_by_what_they_are() -> Result<()> {
    world::run("binary", async |world| {
        let samples = samples()?;
        let corpus = corpus(&samples);
        world.apply(&binary_source(&world.env, &world.name, &world.queue_url)).await?;
        world.put(&corpus).await?;
        world.counted(samples.len(), 0).await?;
        world.no_workers().await?;
        world.audit_all(&corpus).await?;
        let documents = world.articles.all(&world.articles_pattern()).await?;
        for sample in &samples {
            let found = documents.iter().find(|document| document.id == sample.key);
            let document = &found.with_context(|| format!("{:?} is not in the index", sample.key))?.source;
            ensure!(document["contentType"] == sample.media_type, "{}: {document}", sample.key);
            ensure!(document["size"] == sample.bytes.len(), "{}: {document}", sample.key);
        }
        let query = json!({"query": {"term": {"contentType": "application/pdf"}}});
        let hits = world.articles.search(&world.articles_pattern(), query).await?;
        ensure!(hits.len() == 1, "{} PDFs", hits.len());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_for_other_formats_is_refused_at_once() -> Result<()> {
    world::run("binary-rules", async |world| {
        let mut source = binary_source(&world.env, &world.name, &world.queue_url);
        source["spec"]["conversion"] = json!({"format": "Binary", "preset": "nitf"});
        let refused = world.apply(&source).await.err().context("it was taken")?;
        ensure!(format!("{refused:#}").contains("leave out preset"), "{refused:#}");
        source["spec"]["conversion"] = json!({"format": "Binary", "limits": {"maxDepth": 5}});
        let refused = world.apply(&source).await.err().context("it was taken")?;
        ensure!(format!("{refused:#}").contains("only maxObjectBytes"), "{refused:#}");
        Ok(())
    })
    .await
}
