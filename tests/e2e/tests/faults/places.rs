//! Documents and records in other places than one Elasticsearch: nowhere, in two clusters, in OpenSearch. The whole path
//! each time: what lands, a second pass, an article that moves, an audit that finds and mends.

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cases::{case, side_by_side};
use e2e::corpus::{Corpus, Outcome};
use e2e::env::Env;
use e2e::faults::Match;
use e2e::opensearch::OpenSearch;
use e2e::resources::SOURCE;
use e2e::rig::{Layout, Rig, enrichment, run_laid_out};
use reqwest::Method;
use serde_json::{Value, json};

const OBJECTS: usize = 60;
const FAULTY_EVERY: usize = 20;
const FAULTY: u64 = 3;
const SOUND: u64 = 57;

#[tokio::test]
async fn the_whole_path_wherever_documents_and_records_are() -> Result<()> {
    let opensearch = OpenSearch::start().await?;
    let env = Env::read()?;
    let mut cases = vec![
        case("convert-only", laid_out("convert-only", env.clone(), Layout::ConvertOnly)),
        case("ledger-apart", laid_out("ledger-apart", env.clone(), Layout::LedgerApart)),
    ];
    if let Some(server) = &opensearch {
        let env = server.in_place_of(&env);
        cases.push(case("opensearch", laid_out("opensearch", env.clone(), Layout::Together)));
        cases.push(case("opensearch-enriched", enriched(env)));
    }
    side_by_side(cases).await
}

async fn laid_out(name: &'static str, env: Env, layout: Layout) -> Result<()> {
    run_laid_out(name, Form::Nitf, env, layout, async |rig| match layout {
        Layout::ConvertOnly => converts_only(rig).await,
        Layout::Together | Layout::LedgerApart => indexes(rig, layout).await,
    })
    .await
}

/// Within one cluster, with articles that it refuses; the second pass takes up these alone.
async fn enriched(env: Env) -> Result<()> {
    const ARTICLES: usize = 300;
    const REFUSED_EVERY: usize = 50;
    enrichment::run_in(env, "opensearch", ARTICLES, REFUSED_EVERY, async |rig| {
        let views = rig.source_proxy.count(Match::any().method("POST").path("/point_in_time"));
        let calls = rig.models_proxy.count(rig.calls());
        rig.finish().await?;
        rig.judge().await?;
        let first = calls.hits();
        ensure!(views.hits() == 1, "{} points in time", views.hits());
        ensure!(first <= rig.batches() + 1, "{first} calls");
        rig.finish().await?;
        rig.judge().await?;
        let again = calls.hits() - first;
        ensure!((1..=3).contains(&again), "{again} calls for {} articles", ARTICLES / REFUSED_EVERY);
        Ok(())
    })
    .await
}

fn sum(record: &Value, name: &str) -> u64 {
    record[name].as_u64().unwrap_or_default()
}

/// A run whose outcome is known beforehand.
async fn ends_with(rig: &Rig, name: &str, run: Value, expected: Value) -> Result<()> {
    let record = rig.run_to_end(name, &run).await?;
    let same = expected.as_object().into_iter().flatten().all(|(key, value)| record[key] == *value);
    ensure!(same, "{name} should have ended with {expected}: {record}");
    Ok(())
}

async fn indexes(rig: &Rig, layout: Layout) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
    rig.land(&corpus).await?;
    rig.drain().await?;
    rig.judge(&corpus).await?;
    if layout == Layout::LedgerApart {
        let here = rig.elastic.indices(&format!("docmill-*{}*", rig.name)).await?;
        ensure!(here.is_empty(), "{here:?} are beside the documents");
        for index in [rig.ledger(), rig.heads()] {
            let settings = rig.records.expect(Method::GET, &format!("{index}/_settings"), None).await?;
            let shards = &settings[index]["settings"]["index"]["number_of_shards"];
            ensure!(*shards == "3", "{settings}");
        }
    }
    writes_nothing_again(rig).await?;
    let moved = Article { published: "2026-02-03T04:05:06Z".into(), ..Article::generated(&rig.name, 0) };
    let mut second = Corpus::default();
    second.add("wire/2026/01/00000.xml", &moved, Form::Nitf);
    rig.land(&second).await?;
    rig.drain().await?;
    corpus.objects.extend(second.objects);
    rig.judge(&corpus).await?;
    let documents = rig.elastic.all(&rig.articles()).await?;
    let document = documents.iter().find(|document| document.id == moved.guid).context("it is gone")?;
    ensure!(document.index.ends_with("2026.02"), "it is in {}", document.index);
    audits(rig, &corpus).await
}

/// The same objects once more, by a listing and by a conversion of all: nothing is written.
async fn writes_nothing_again(rig: &Rig) -> Result<()> {
    let writes = [
        rig.es_proxy.count(rig.article_bulks()),
        rig.s3_proxy.count(Match::any().method("PUT").path(format!(
            "/{}/json/{}/{SOURCE}/wire/",
            rig.snapshots_bucket(),
            rig.name
        ))),
    ];
    ends_with(rig, "again", json!({"mode": "Process"}), json!({"selected": 0, "passedOver": OBJECTS}))
        .await?;
    let unchanged = json!({"done": SOUND, "changed": 0, "unchanged": SOUND, "failed": FAULTY});
    ends_with(rig, "reconvert", json!({"mode": "Reconvert"}), unchanged.clone()).await?;
    ends_with(rig, "shadow", json!({"mode": "Shadow"}), unchanged).await?;
    let hits = writes.map(|writes| writes.hits());
    ensure!(hits == [0, 0], "a second pass wrote: {hits:?}");
    Ok(())
}

/// A document that somebody deletes is found missing, and put back.
async fn audits(rig: &Rig, corpus: &Corpus) -> Result<()> {
    ends_with(rig, "sound", json!({"mode": "Audit"}), json!({"differences": 0})).await?;
    let documents = rig.elastic.all(&rig.articles()).await?;
    let lost = documents.first().context("no document")?;
    rig.elastic.delete(&lost.index, &lost.id).await?;
    ends_with(rig, "found", json!({"mode": "Audit"}), json!({"differences": 1, "repaired": 0})).await?;
    let mended = json!({"differences": 1, "repaired": 1});
    ends_with(rig, "mended", json!({"mode": "Audit", "repair": true}), mended).await?;
    rig.judge(corpus).await
}

async fn converts_only(rig: &Rig) -> Result<()> {
    let indexed = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
    let corpus = indexed.clone().converted_only();
    rig.land(&corpus).await?;
    rig.drain().await?;
    rig.judge(&corpus).await?;
    let made = rig.elastic.indices(&rig.articles()).await?;
    ensure!(made.is_empty(), "indices were made: {made:?}");
    writes_nothing_again(rig).await?;
    replays(rig, &corpus).await?;
    loses_a_snapshot(rig, &corpus).await?;
    gets_an_index(rig, &indexed).await
}

/// What was refused is refused again, and what is good stays as it is.
async fn replays(rig: &Rig, corpus: &Corpus) -> Result<()> {
    ends_with(rig, "replay", json!({"mode": "Replay"}), json!({"done": 0, "failed": FAULTY})).await?;
    rig.judge(corpus).await
}

async fn loses_a_snapshot(rig: &Rig, corpus: &Corpus) -> Result<()> {
    let snapshots = rig.s3.list(&rig.snapshots_bucket()).await?;
    let lost = snapshots.iter().find(|one| one.key.contains("00001.xml/")).context("no snapshot")?;
    rig.s3.remove(&rig.snapshots_bucket(), &lost.key).await?;
    let mended = json!({"differences": 1, "repaired": 1});
    ends_with(rig, "mended", json!({"mode": "Audit", "repair": true}), mended).await?;
    rig.judge(corpus).await
}

/// Once the source has an index, a run takes everything there that was converted only.
async fn gets_an_index(rig: &Rig, corpus: &Corpus) -> Result<()> {
    let mut spec = rig.spec();
    spec["index"] = json!({
        "elasticsearch": spec["ledger"]["elasticsearch"],
        "name": format!("articles-{}-{{publishedAt:%Y.%m}}", rig.name),
        "id": "{guid}",
    });
    let audit = rig.run_for("short", &json!({"mode": "Audit"}), &spec).await?;
    ensure!(sum(&audit, "differences") == SOUND, "what is not indexed was not told: {audit}");
    let record = rig.run_for("index", &json!({"mode": "Process"}), &spec).await?;
    ensure!((sum(&record, "done"), sum(&record, "failed")) == (SOUND, 0), "{record}");
    ensure!(corpus.outcomes.values().any(|outcome| matches!(outcome, Outcome::Indexed(_))), "no articles");
    rig.judge(corpus).await
}
