//! Days that begin while workers run, and workers whose clocks are wrong: neither decides where a document belongs, or
//! which version is newer.

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cases::{case, side_by_side};
use e2e::corpus::Corpus;
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use k8s_openapi::jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;

const HOUR: i64 = 3600;

#[tokio::test]
async fn neither_midnight_nor_a_wrong_clock_puts_a_document_where_it_does_not_belong() -> Result<()> {
    side_by_side(vec![
        case("midnight", rig::run("midnight", Form::Nitf, a_template_that_is_gone_at_midnight)),
        case("ahead", rig::run("ahead", Form::Nitf, async |rig| versions_by(rig, [HOUR, -HOUR]).await)),
        case("behind", rig::run("behind", Form::Nitf, async |rig| versions_by(rig, [-HOUR, HOUR]).await)),
    ])
    .await
}

/// The worker's source, with an index a day.
fn daily(rig: &Rig) -> Value {
    let mut spec = rig.spec_of_all_ages(40_000);
    spec["index"]["name"] = format!("articles-{}-{{publishedAt:%Y.%m.%d}}", rig.name).into();
    spec
}

/// Somebody deletes the template while a worker runs. The next day's index is mapped as the one before.
async fn a_template_that_is_gone_at_midnight(rig: &Rig) -> Result<()> {
    let worker = rig.worker_for("worker", &daily(rig))?;
    let mut all = Corpus::default();
    land(rig, &mut all, 0, "2026-01-31T23:59:59.999Z").await?;
    let template = format!("_index_template/docmill-articles-{}-*", rig.name);
    rig.elastic.expect(Method::DELETE, &template, None).await?;
    let days = [
        ("2026-02-01T00:00:00Z", "2026.02.01"),
        ("2026-02-02T00:30:00+01:00", "2026.02.01"),
        ("1970-01-01T00:00:00Z", "1970.01.01"),
        ("2100-12-31T23:59:59Z", "2100.12.31"),
    ];
    for (number, (date, day)) in (1..).zip(days) {
        let guid = land(rig, &mut all, number, date).await?;
        let documents = rig.elastic.all(&rig.articles()).await?;
        let document = documents.iter().find(|document| document.id == guid).context("not there")?;
        ensure!(document.index.ends_with(day), "{date} is in {}", document.index);
    }
    worker.end(ENDED).await?;
    let mappings = rig.elastic.expect(Method::GET, &format!("{}/_mapping", rig.articles()), None).await?;
    let mappings = mappings.as_object().context("no mappings")?;
    let first = &mappings[&format!("articles-{}-2026.01.31", rig.name)];
    ensure!(first["mappings"]["properties"]["publishedAt"]["type"] == "date", "{first}");
    ensure!(mappings.len() == 4, "{mappings:?}");
    for (index, mapping) in mappings {
        ensure!(mapping == first, "{index} is mapped otherwise: {mapping} and not {first}");
    }
    rig.judge(&all).await
}

/// Lands one article, and waits until it is recorded. Gives its id.
async fn land(rig: &Rig, all: &mut Corpus, number: usize, published: &str) -> Result<String> {
    let article = Article { published: published.into(), ..Article::generated(&rig.name, number) };
    let key = format!("wire/{number}.xml");
    all.add(&key, &article, Form::Nitf);
    let mut one = Corpus::default();
    one.add(&key, &article, Form::Nitf);
    rig.land(&one).await?;
    rig.until_recorded("Indexed", all.sound(), RECOVERED).await?;
    Ok(article.guid)
}

/// Two versions of an object, the first one by a worker with the one clock, the second one by a worker with the other;
/// and then the first one is told of again. The later version stays, in the index of its own date.
async fn versions_by(rig: &Rig, seconds: [i64; 2]) -> Result<()> {
    let first = Article { published: "2026-01-31T23:50:00Z".into(), ..Article::generated(&rig.name, 0) };
    let second =
        Article { headline: "Corrected".into(), published: "2026-02-01T00:10:00Z".into(), ..first.clone() };
    let mut told = Vec::new();
    let mut corpus = Corpus::default();
    for (number, (article, seconds)) in [first, second].iter().zip(seconds).enumerate() {
        corpus.add("wire/article.xml", article, Form::Nitf);
        let worker = rig.worker_with_clock(&format!("worker-{number}"), &daily(rig), seconds)?;
        told.push(rig.land(&corpus).await?);
        rig.settled(RECOVERED).await?;
        rig.tell(&told[0]).await?;
        rig.settled(RECOVERED).await?;
        worker.end(ENDED).await?;
    }
    rig.judge(&corpus).await?;
    let documents = rig.elastic.all(&rig.articles()).await?;
    let [document] = documents.as_slice() else { anyhow::bail!("{} documents", documents.len()) };
    ensure!(document.source["headline"] == "Corrected", "the older version won: {document:?}");
    ensure!(document.index.ends_with("2026.02.01"), "it is in {}", document.index);
    was_wrong(&document.source, seconds[1])
}

/// Lest all this be shown of a clock that was right.
fn was_wrong(document: &Value, seconds: i64) -> Result<()> {
    let indexed = document["_docmill"]["indexedTime"].as_str().context("no indexedTime")?;
    let off = indexed.parse::<Timestamp>()?.duration_since(Timestamp::now()).as_secs();
    ensure!((off - seconds).abs() < 300, "the worker's clock was off by {off} s, and not by {seconds} s");
    Ok(())
}
