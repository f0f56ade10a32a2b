//! Thousands of articles through a real model, each exactly once, as the model server itself counts.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::corpus::Corpus;
use e2e::elastic::Elastic;
use e2e::enrichments::{Outcome, answered};
use e2e::resources;
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

const ARTICLES: usize = 5_000;
const CHANGED: usize = 37;
const BATCH: u64 = 16;
const LIMIT: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn five_thousand_articles_are_enriched_exactly_once_into_another_cluster() -> Result<()> {
    world::run_alone("thousands", async |world| {
        let to = json!({"urls": [world.env.es_enriched.inside]});
        exactly_once(world, &to, &world.enriched).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn and_so_they_are_within_one_cluster() -> Result<()> {
    world::run_alone("thousands-one", async |world| {
        let source = world.ingest_source(Form::Nitf);
        let to = &source["spec"]["index"]["elasticsearch"];
        exactly_once(world, to, &world.articles).await
    })
    .await
}

async fn exactly_once(world: &World, to: &Value, target: &Elastic) -> Result<()> {
    let corpus = Corpus::generated(&world.name, Form::Nitf, ARTICLES, 0);
    world.apply(&world.ingest_source(Form::Nitf)).await?;
    world.put(&corpus).await?;
    world.counted(ARTICLES, 0).await?;
    let run = |name: &str, version: &str, batch: u64| {
        let mut run = resources::enrichment_run(&world.env, &world.name, name);
        run["spec"]["to"]["elasticsearch"] = to.clone();
        run["spec"]["parallelism"] = 2.into();
        run["spec"]["enrichers"] = json!([resources::tone(&world.env, version)]);
        run["spec"]["enrichers"][0]["batchSize"] = batch.into();
        run
    };
    let all = ARTICLES as u64;

    let first = counted(world, "v1", &run("first", "v1", BATCH)).await?;
    ensure!((first.selected, first.done, first.failed) == (all, all, 0), "{first:?}");
    // The last batch of each slice may have fewer.
    ensure!((all.div_ceil(BATCH)..all.div_ceil(BATCH) + 10).contains(&first.calls), "{first:?}");
    is_enriched(world, target, "v1").await?;
    let second = counted(world, "v1", &run("second", "v1", BATCH)).await?;
    ensure!((second.selected, second.calls) == (0, 0), "{second:?}");

    let mut changed = Corpus::default();
    for (number, key) in corpus.objects.keys().enumerate().take(CHANGED) {
        let mut article = Article::generated(&world.name, number);
        article.headline = format!("A wonderful success: {}", article.headline);
        changed.add(key.clone(), &article, Form::Nitf);
    }
    world.put(&changed).await?;
    let changed = json!({"query": {"match_phrase": {"headline": "A wonderful success"}}, "size": 100});
    until("the changed articles in the index", LIMIT, async || {
        world.articles.refresh(&world.articles_pattern()).await?;
        let found = world.articles.search(&world.articles_pattern(), changed.clone()).await?.len();
        Ok(Look::holds(found == CHANGED, format!("{found} of them")))
    })
    .await?;
    let third = counted(world, "v1", &run("third", "v1", 1)).await?;
    let few = CHANGED as u64;
    ensure!((third.selected, third.done, third.calls) == (few, few, few), "{third:?}");
    is_enriched(world, target, "v1").await?;

    let newer = counted(world, "v2", &run("newer", "v2", BATCH)).await?;
    ensure!((newer.selected, newer.done, newer.failed) == (all, all, 0), "{newer:?}");
    is_enriched(world, target, "v2").await?;
    let again = counted(world, "v2", &run("again", "v2", BATCH)).await?;
    ensure!((again.selected, again.calls) == (0, 0), "{again:?}");
    Ok(())
}

#[derive(Debug)]
struct Counted {
    selected: u64,
    done: u64,
    failed: u64,
    calls: u64,
}

/// Enriches, and checks that the run made as many calls as it says.
async fn counted(world: &World, version: &str, run: &Value) -> Result<Counted> {
    let before = answered(&world.env, "tone", version).await?;
    let ended = world.enrich(run).await?;
    let told = Outcome::of(&ended)?;
    println!("{}: {told:?} in {}", run["metadata"]["name"], ended["status"]["duration"]);
    let calls = answered(&world.env, "tone", version).await? - before;
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    ensure!(count(told.calls) == calls, "{told:?}, and the server answered {calls}");
    Ok(Counted { selected: count(told.selected), done: count(told.done), failed: count(told.failed), calls })
}

/// Every article has one copy with its own text and the fields of this version.
async fn is_enriched(world: &World, target: &Elastic, version: &str) -> Result<()> {
    let articles = world.articles.all(&world.articles_pattern()).await?;
    let copies = target.all(&world.enriched_pattern()).await?;
    ensure!(articles.len() == ARTICLES && copies.len() == ARTICLES, "{} of {}", copies.len(), articles.len());
    let by_id: std::collections::HashMap<&str, &Value> =
        copies.iter().map(|copy| (copy.id.as_str(), &copy.source)).collect();
    for article in &articles {
        let copy = by_id.get(article.id.as_str()).with_context(|| format!("{} has no copy", article.id))?;
        let same = copy["headline"] == article.source["headline"] && copy["body"] == article.source["body"];
        let told = &copy["_docmill"]["enrichment"]["tone"];
        ensure!(same && copy["tone"].is_number() && told["version"] == version, "{}: {copy}", article.id);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn what_comes_late_or_during_a_run_is_taken_by_it_or_by_the_next_one() -> Result<()> {
    const WAVES: usize = 8;
    const A_WAVE: usize = 60;
    world::run_alone("waves", async |world| {
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, WAVES * A_WAVE, 0);
        let before = answered(&world.env, "tone", "v1").await?;
        let writer = async {
            let objects: Vec<_> = corpus.objects.iter().collect();
            for wave in objects.chunks(A_WAVE) {
                let mut part = Corpus::default();
                part.objects.extend(wave.iter().map(|(key, bytes)| ((*key).clone(), (*bytes).clone())));
                world.put(&part).await?;
                tokio::time::sleep(Duration::from_secs(6)).await;
            }
            anyhow::Ok(())
        };
        let run = |name: &str| {
            let mut run = resources::enrichment_run(&world.env, &world.name, name);
            run["spec"]["enrichers"] = json!([resources::tone(&world.env, "v1")]);
            run["spec"]["enrichers"][0]["batchSize"] = 1.into();
            run
        };
        let runner = async {
            for number in 0..4 {
                println!("{:?}", Outcome::of(&world.enrich(&run(&format!("during-{number}"))).await?)?);
            }
            anyhow::Ok(())
        };
        let (written, ran) = tokio::join!(writer, runner);
        written?;
        ran?;
        world.counted(WAVES * A_WAVE, 0).await?;
        late(world).await?;
        world.enrich(&run("last")).await?;
        let articles = world.articles.all(&world.articles_pattern()).await?;
        let copies = world.enriched.all(&world.enriched_pattern()).await?;
        let ids = |all: &[e2e::elastic::Stored]| {
            all.iter().map(|one| one.id.clone()).collect::<std::collections::BTreeSet<_>>()
        };
        ensure!(ids(&articles) == ids(&copies), "{} copies of {} articles", copies.len(), articles.len());
        let calls = answered(&world.env, "tone", "v1").await? - before;
        ensure!(calls == articles.len() as u64, "{calls} calls for {} articles", articles.len());
        Ok(())
    })
    .await
}

/// Ten articles that become visible minutes after the time that they were given, all the same one.
async fn late(world: &World) -> Result<()> {
    let articles = world.articles.all(&world.articles_pattern()).await?;
    let newest =
        articles.iter().filter_map(|article| article.source["_docmill"]["indexedTime"].as_str()).max();
    let newest: Timestamp = newest.context("no time")?.parse()?;
    let time = (newest - Duration::from_mins(4)).to_string();
    let some = articles.first().context("no article")?;
    for number in 0..10 {
        let mut source = some.source.clone();
        source["_docmill"]["indexedTime"] = time.clone().into();
        world.articles.put(&some.index, &format!("late-{number}"), 1, source).await?;
    }
    Ok(())
}
