//! The count: everything that lands is accounted for, says what it said, and a second pass over all of it writes nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::corpus::Corpus;
use e2e::faults::{Match, Rule};
use e2e::notices;
use e2e::rig::{self, ENDED, Rig, Worker};
use e2e::s3::Listed;
use serde_json::Value;

const OBJECTS: usize = 20_000;
const FAULTY_EVERY: usize = 100;
/// One in so many notifications comes twice.
const TWICE_EVERY: usize = 10;
const WORKERS: usize = 3;
const LIMIT: Duration = Duration::from_mins(15);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn twenty_thousand_objects_are_accounted_for_and_a_second_pass_writes_nothing() -> Result<()> {
    rig::run("count", Form::Nitf, async |rig| {
        let corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
        let objects = rig.put(&corpus).await?;
        tell_twice_and_shuffled(rig, &objects, 3).await?;
        let started = Instant::now();
        let workers = workers(rig)?;
        rig.settled(LIMIT).await?;
        let millis = started.elapsed().as_millis().max(1);
        let rate = OBJECTS as u128 * 1000 / millis;
        println!("{OBJECTS} objects, {WORKERS} workers on this machine: {rate} a second");
        rig.judge(&corpus).await?;
        says_what_it_said(rig, &corpus).await?;
        second_pass(rig, &objects).await?;
        for worker in workers {
            println!("a worker had {} KiB at most", worker.peak_kibibytes()?);
            worker.end(ENDED).await?;
        }
        rig.judge(&corpus).await
    })
    .await
}

fn workers(rig: &Rig) -> Result<Vec<Worker>> {
    (0..WORKERS).map(|number| rig.worker(&format!("worker-{number}"))).collect()
}

async fn tell_twice_and_shuffled(rig: &Rig, objects: &[Listed], seed: u64) -> Result<()> {
    let mut all: Vec<Listed> = objects.iter().step_by(TWICE_EVERY).chain(objects).cloned().collect();
    notices::shuffle(&mut all, seed);
    rig.tell(&all).await
}

/// The generator knows what each article says, and the model's documentation what becomes of it.
async fn says_what_it_said(rig: &Rig, corpus: &Corpus) -> Result<()> {
    let documents = rig.elastic.all(&rig.articles()).await?;
    let mut documents: BTreeMap<_, _> =
        documents.into_iter().map(|document| (document.id, document.source)).collect();
    ensure!(documents.len() == corpus.sound(), "{} documents for {}", documents.len(), corpus.sound());
    let sound = (0..OBJECTS).filter(|number| number % FAULTY_EVERY != FAULTY_EVERY - 1);
    for article in sound.map(|number| Article::generated(&rig.name, number)) {
        let document =
            documents.remove(&article.guid).with_context(|| format!("{} is not there", article.guid))?;
        ensure!(converted(&article) == without_provenance(document.clone()), "{article:?} became {document}");
    }
    Ok(())
}

/// The document that the preset `nitf` promises for a generated article.
fn converted(article: &Article) -> Value {
    serde_json::json!({
        "guid": article.guid,
        "headline": article.headline,
        "publishedAt": article.published,
        "language": "en",
        "provider": "EX",
        "urgency": article.urgency.parse::<i64>().ok(),
        "body": article.paragraphs.join("\n\n"),
        "keywords": ["generated"],
    })
}

fn without_provenance(mut document: Value) -> Value {
    if let Some(fields) = document.as_object_mut() {
        fields.remove("_docmill");
    }
    document
}

/// Every notification once more: nothing is written, into no bucket and no index.
async fn second_pass(rig: &Rig, objects: &[Listed]) -> Result<()> {
    let writes = Writes::begin(rig).await?;
    tell_twice_and_shuffled(rig, objects, 5).await?;
    rig.settled(LIMIT).await?;
    writes.are_none(rig).await
}

/// What is written from now on.
struct Writes {
    puts: Rule,
    articles: Value,
    ledger: Value,
}

impl Writes {
    async fn begin(rig: &Rig) -> Result<Self> {
        Ok(Self {
            puts: rig.s3_proxy.count(Match::any().method("PUT")),
            articles: indexing(rig, &rig.articles()).await?,
            ledger: indexing(rig, &rig.ledger()).await?,
        })
    }

    async fn are_none(&self, rig: &Rig) -> Result<()> {
        let (articles, ledger) = (indexing(rig, &rig.articles()).await?, indexing(rig, &rig.ledger()).await?);
        ensure!(self.puts.hits() == 0, "a second pass wrote {} objects", self.puts.hits());
        ensure!(
            self.articles == articles,
            "a second pass wrote articles: {} became {articles}",
            self.articles
        );
        ensure!(self.ledger == ledger, "a second pass wrote records: {} became {ledger}", self.ledger);
        Ok(())
    }
}

/// How many documents were ever written into these indices, and deleted from them.
async fn indexing(rig: &Rig, indices: &str) -> Result<Value> {
    let path = format!("{indices}/_stats/indexing?filter_path=_all.primaries.indexing.*_total");
    rig.elastic.expect(reqwest::Method::GET, &path, None).await
}
