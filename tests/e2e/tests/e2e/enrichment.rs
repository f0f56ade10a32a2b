//! Articles go through real models into the second cluster, each once.

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::auditor::without_handling;
use e2e::bytes::{corpus, samples};
use e2e::elastic::Stored;
use e2e::enrichments::Outcome;
use e2e::install;
use e2e::resources::{self, binary_source};
use e2e::world::{self, World, find_condition, number};
use serde_json::{Value, json};

const ARTICLES: usize = 60;
/// Length of the embedding model's vectors.
const DIMENSIONS: usize = 384;

#[tokio::test]
async fn every_article_gets_the_fields_of_both_models_and_a_second_run_selects_none() -> Result<()> {
    world::run("enrichment", async |world| {
        world.ingest(Form::NewsMlG2, ARTICLES).await?;

        // It matches no pattern of indices.
        let alias = format!("all-{}", world.name);
        let run = |name: &str| {
            let mut run = resources::enrichment_run(&world.env, &world.name, name);
            run["spec"]["to"]["index"]["aliases"] = json!([alias]);
            run
        };
        let first = Outcome::of(&world.enrich(&run("first")).await?)?;
        ensure!((first.selected, first.done, first.failed) == (60, 60, 0), "the first run: {first:?}");
        ensure!(first.calls == 8, "60 articles in batches of 16, for two models: {first:?}");
        all_are_enriched(world).await?;
        let found = world.enriched.all(&alias).await?;
        ensure!(found.len() == ARTICLES, "{} of the new indices have the alias", found.len());

        let second = Outcome::of(&world.enrich(&run("second")).await?)?;
        ensure!((second.selected, second.calls) == (0, 0), "the second run: {second:?}");
        all_are_enriched(world).await?;
        let metrics = install::leader_metrics(&world.cluster).await?;
        let series = format!(
            "docmill_enrichment_run_documents{{namespace=\"{}\",run=\"first\",state=\"Done\"}} 60",
            world.name
        );
        ensure!(metrics.contains(&series), "{series} is missing in:\n{metrics}");
        Ok(())
    })
    .await
}

/// A run of the model that tells tones, and what is different about it.
fn toned(world: &World, name: &str, change: &Value) -> Value {
    let mut run = resources::enrichment_run(&world.env, &world.name, name);
    run["spec"]["enrichers"] = json!([resources::tone(&world.env, "v1")]);
    for (field, value) in change.as_object().into_iter().flatten() {
        run["spec"][field] = value.clone();
    }
    run
}

#[tokio::test]
async fn a_run_rests_at_its_budget_or_when_asked_to_and_goes_on() -> Result<()> {
    world::run("budget", async |world| {
        world.ingest(Form::NewsMlG2, 30).await?;
        let mut run = toned(world, "rests", &json!({"budget": {"calls": 4}}));
        run["spec"]["enrichers"][0]["batchSize"] = 3.into();
        world.apply(&run).await?;
        let rests = world.run_says("rests", "Suspended", "BudgetReached").await?;
        ensure!(rests["status"]["phase"] == "Suspended", "{}", rests["status"]);
        world.no_workers().await?;
        let stored = world.enriched.count(&world.enriched_pattern()).await?;
        ensure!(stored == 12, "{stored} copies by 4 calls for 3 each");

        // Resumed with more, while it is also asked to rest: then it rests.
        world.patch_run("rests", &json!({"spec": {"suspend": true, "budget": {"calls": 6}}})).await?;
        world.run_says("rests", "Suspended", "Suspended").await?;
        world.patch_run("rests", &json!({"spec": {"suspend": false}})).await?;
        world.run_says("rests", "Suspended", "BudgetReached").await?;
        let stored = world.enriched.count(&world.enriched_pattern()).await?;
        ensure!(stored == 18, "{stored} copies by 6 calls for 3 each");

        world.patch_run("rests", &json!({"spec": {"budget": {"calls": 1000}}})).await?;
        let done = Outcome::of(&world.enriched_by("rests").await?)?;
        ensure!(done == Outcome { selected: 30, done: 30, cached: 0, failed: 0, calls: 10 }, "{done:?}");
        let refused = world.patch_run("rests", &json!({"spec": {"backoffLimit": 3}})).await.err();
        let refused = format!("{:#}", refused.context("the spec could be changed")?);
        ensure!(
            refused.contains("immutable but for suspend, budget, parallelism and ttlSecondsAfterFinished"),
            "{refused}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_run_ends_at_its_deadline_and_the_next_one_asks_for_the_rest_alone() -> Result<()> {
    world::run("deadline", async |world| {
        world.ingest(Form::NewsMlG2, 40).await?;
        let mut run = toned(world, "late", &json!({"activeDeadlineSeconds": 12}));
        run["spec"]["enrichers"][0]["batchSize"] = 1.into();
        run["spec"]["enrichers"][0]["requestsPerSecond"] = 1.into();
        world.apply(&run).await?;
        let ended = world.run_says("late", "Failed", "DeadlineExceeded").await?;
        ensure!(ended["status"]["phase"] == "Failed", "{}", ended["status"]);
        world.no_workers().await?;
        world.enriched.refresh(&world.enriched_pattern()).await?;
        let stored = i64::try_from(world.enriched.count(&world.enriched_pattern()).await?)?;
        let told = Outcome::of(&ended)?;
        ensure!((1..40).contains(&stored) && told.calls <= 12, "{stored} copies of 40, and {told:?}");

        let mut rest = toned(world, "rest", &json!({}));
        rest["spec"]["enrichers"][0]["batchSize"] = 1.into();
        let rest = Outcome::of(&world.enrich(&rest).await?)?;
        let left = 40 - stored;
        ensure!(
            (rest.selected, rest.done, rest.calls) == (left, left, left),
            "{rest:?} after {stored} copies"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn runs_started_together_work_one_after_the_other_and_a_rehearsal_is_right() -> Result<()> {
    world::run("together", async |world| {
        world.ingest(Form::NewsMlG2, 40).await?;
        let told = Outcome::of(&world.enrich(&toned(world, "rehearsal", &json!({"dryRun": true}))).await?)?;
        ensure!(told == Outcome { selected: 40, done: 0, cached: 0, failed: 0, calls: 3 }, "{told:?}");
        for name in ["one", "two"] {
            world.apply(&toned(world, name, &json!({}))).await?;
        }
        let (one, two) = (world.enriched_by("one").await?, world.enriched_by("two").await?);
        let (one, two) = (Outcome::of(&one)?, Outcome::of(&two)?);
        ensure!(one.done + two.done == 40 && one.calls + two.calls == told.calls, "{one:?} and {two:?}");
        let all = json!({"select": {"state": "All"}});
        let again = Outcome::of(&world.enrich(&toned(world, "all", &all)).await?)?;
        ensure!(again == Outcome { selected: 40, done: 40, cached: 40, failed: 0, calls: 0 }, "{again:?}");
        let compare = json!({"mode": "Compare", "compare": {}});
        let compared = world.enrich(&toned(world, "compared", &compare)).await?;
        let fields = compared["status"]["comparison"].as_array().context("no comparison")?;
        for field in fields {
            let added = ["tone", "toneLabel"].iter().any(|added| field["field"] == *added);
            let (agreed, differing) = if added { (0, 40) } else { (40, 0) };
            ensure!(field["agreed"] == agreed && field["differing"] == differing, "{field}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_failed_is_told_of_and_taken_up_when_that_is_asked_for() -> Result<()> {
    world::run("refused", async |world| {
        world.ingest(Form::NewsMlG2, 20).await?;
        // No label is allowed that the model gives.
        let mut wrong = toned(world, "wrong", &json!({}));
        wrong["spec"]["enrichers"][0]["outputs"][1]["values"] = json!(["neutral"]);
        let told = world.enrich(&wrong).await?;
        let failed = number(&told, "/status/failed")?;
        ensure!(failed > 0, "none failed: {}", told["status"]);
        let said = find_condition(&told, "DocumentsFailed");
        // What the model gave is somebody else's text: it is in the records, and not in the status.
        ensure!(said["message"].as_str().is_some_and(|text| !text.contains("neutral")), "{said}");
        let records = world.enriched.all(&format!("docmill-enrichments-{}", world.name)).await?;
        let told =
            |record: &Value| record["message"].as_str().is_some_and(|text| text.contains("one of neutral"));
        ensure!(records.iter().any(|record| told(&record.source)), "no record says why");
        let retry = json!({"select": {"state": "Failed"}});
        let again = Outcome::of(&world.enrich(&toned(world, "failed", &retry)).await?)?;
        ensure!((again.selected, again.done, again.failed) == (failed, failed, 0), "{again:?} of {failed}");
        let left = Outcome::of(&world.enrich(&toned(world, "left", &retry)).await?)?;
        ensure!(left.selected == 0, "{left:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_model_is_given_the_objects_themselves() -> Result<()> {
    world::run("objects", async |world| {
        let samples = samples()?;
        world.apply(&binary_source(&world.env, &world.name, &world.queue_url)).await?;
        world.put(&corpus(&samples)).await?;
        world.counted(samples.len(), 0).await?;
        let mut run = resources::enrichment_run(&world.env, &world.name, "types");
        run["spec"]["to"]["index"]["name"] = format!("enriched-{}-{{lastModified:%Y.%m}}", world.name).into();
        run["spec"]["enrichers"] = json!([{
            "name": "type",
            "openInference": {"url": world.env.models.inside, "model": "magika"},
            "inputs": [{"name": "content", "object": {"as": "Base64"}}],
            "outputs": [{"from": "label", "field": "type", "type": "Keyword"},
                        {"from": "score", "field": "typeScore", "type": "Number"}],
        }]);
        let done = Outcome::of(&world.enrich(&run).await?)?;
        ensure!(usize::try_from(done.done)? == samples.len() && done.failed == 0, "{done:?}");
        let copies = world.enriched.all(&world.enriched_pattern()).await?;
        let pdfs = copies.iter().filter(|copy| copy.source["contentType"] == "application/pdf");
        let labels: Vec<&Value> = pdfs.map(|copy| &copy.source["type"]).collect();
        ensure!(!labels.is_empty() && labels.iter().all(|label| **label == "pdf"), "{labels:?}");
        Ok(())
    })
    .await
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
