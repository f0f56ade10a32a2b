//! Articles go through real models into the second cluster, each once.

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::auditor::without_handling;
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::elastic::Stored;
use e2e::resources;
use e2e::world::{self, World, number};
use serde_json::Value;

const ARTICLES: usize = 60;
/// Length of the embedding model's vectors.
const DIMENSIONS: usize = 384;

#[tokio::test]
async fn every_article_gets_the_fields_of_both_models_and_a_second_run_selects_none() -> Result<()> {
    world::run("enrichment", async |world| {
        let corpus = Corpus::generated(&world.name, Form::NewsMlG2, ARTICLES, 0);
        world.apply(&world.ingest_source(Form::NewsMlG2)).await?;
        world.put(&corpus).await?;
        world.counted(ARTICLES, 0).await?;

        let first = complete(world, "first").await?;
        ensure!(counts(&first)? == (60, 60, 0), "the first run: {}", first["status"]);
        ensure!(number(&first, "/status/calls")? > 0, "no call to a model: {}", first["status"]);
        all_are_enriched(world).await?;

        let second = complete(world, "second").await?;
        ensure!(counts(&second)? == (0, 0, 0), "the second run: {}", second["status"]);
        all_are_enriched(world).await
    })
    .await
}

/// Creates a run, waits for it as a script would, and gives it back.
async fn complete(world: &World, name: &str) -> Result<Value> {
    world.apply(&resources::enrichment_run(&world.env, &world.name, name)).await?;
    let run = format!("erun/{name}");
    let wait = ["wait", "--for=condition=Complete", &run, "--namespace", &world.name, "--timeout=180s"];
    world.cluster.kubectl(&wait).await?;
    let run = world.cluster.get(Kind::EnrichmentRun, &world.name, name).await?;
    ensure!(run["status"]["phase"] == "Complete", "{name} waited for, and: {}", run["status"]);
    Ok(run)
}

/// Selected, done and failed.
fn counts(run: &Value) -> Result<(i64, i64, i64)> {
    Ok((number(run, "/status/selected")?, number(run, "/status/done")?, number(run, "/status/failed")?))
}

async fn all_are_enriched(world: &World) -> Result<()> {
    let articles = world.articles.all(&world.articles_pattern()).await?;
    let enriched = world.enriched.all(&world.enriched_pattern()).await?;
    ensure!(
        articles.len() == ARTICLES && enriched.len() == ARTICLES,
        "{} of {}",
        enriched.len(),
        articles.len()
    );
    for article in &articles {
        let same = enriched.iter().find(|one| one.id == article.id);
        is_enriched(article, same.with_context(|| format!("{} is not enriched", article.id))?)?;
    }
    Ok(())
}

fn is_enriched(article: &Stored, enriched: &Stored) -> Result<()> {
    let document = &enriched.source;
    let vector = document["embedding"].as_array().context("no embedding")?;
    ensure!(
        vector.len() == DIMENSIONS && vector.iter().all(Value::is_number),
        "a vector of {}",
        vector.len()
    );
    let sentiment = document["sentiment"].as_f64().context("no sentiment")?;
    ensure!((-1.0..=1.0).contains(&sentiment), "sentiment {sentiment}");
    ensure!(document["detectedLanguage"] == "en", "language {}", document["detectedLanguage"]);
    for (enricher, model) in [("embedding", "minilm"), ("sentiment", "sentiment")] {
        let provenance = &document["_docmill"]["enrichment"][enricher];
        ensure!(provenance["model"] == model && provenance["version"] == "v1", "{enricher}: {provenance}");
    }
    carries_the_article(&article.source, document)
}

/// The enriched document is the article and the new fields.
fn carries_the_article(article: &Value, enriched: &Value) -> Result<()> {
    let mut rest = without_handling(enriched);
    let fields = rest.as_object_mut().context("no object")?;
    for added in ["embedding", "sentiment", "detectedLanguage"] {
        fields.remove(added);
    }
    if let Some(docmill) = fields.get_mut("_docmill").and_then(Value::as_object_mut) {
        docmill.remove("enrichment");
        docmill.remove("enrichmentRun");
    }
    ensure!(rest == without_handling(article), "{rest}\nis not\n{article}");
    Ok(())
}
