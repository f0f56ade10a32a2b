//! Notifications that come often, late, in the wrong order or about objects that have changed or gone; and workers that
//! are asked to end in the midst of it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cases::{case, side_by_side};
use e2e::corpus::Corpus;
use e2e::faults::Point;
use e2e::notices;
use e2e::rig::{self, ENDED, REACHED, RECOVERED, Rig};
use e2e::s3::Listed;

/// What the keys of objects may look like.
const KEYS: [&str; 14] = [
    "wire/plain.xml",
    "wire/with space.xml",
    "wire/two  spaces and trailing .xml",
    "wire/a+b.xml",
    "wire/Zürich/Straße.xml",
    "wire/日本語 記事.xml",
    "wire/📰.xml",
    "wire/100% & more.xml",
    "wire/already%20encoded%2B.xml",
    "wire/a=b;c,d@e$f!g~h*(i).xml",
    "wire/it's \"quoted\" <tag>.xml",
    "wire/what?#fragment.xml",
    "wire/..hidden/...xml",
    "wire/tab\tand\u{7f}.xml",
];

#[tokio::test]
async fn whatever_the_queue_says_how_often_and_in_which_order_the_index_holds_what_the_bucket_holds()
-> Result<()> {
    side_by_side(vec![
        case("thrice", rig::run("thrice", Form::Nitf, told_three_times)),
        case("keys", rig::run("keys", Form::Nitf, unusual_keys)),
        case("overwritten", rig::run("overwritten", Form::Nitf, overwritten_while_it_is_read)),
        case("overtaken", rig::run("overtaken", Form::Nitf, overtaken_by_its_successor)),
        case("overtaken-there", rig::run("overtaken-there", Form::Nitf, overtaken_in_a_known_index)),
        case("reversed", rig::run("reversed", Form::Nitf, told_in_reverse)),
        case("gone", rig::run("gone", Form::Nitf, gone_before_it_is_read)),
        case("asked-to-end", rig::run("asked-to-end", Form::Nitf, asked_to_end_with_work_in_flight)),
    ])
    .await
}

async fn told_three_times(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 120, 20);
    let objects = rig.put(&corpus).await?;
    let mut all = [objects.clone(), objects.clone(), objects].concat();
    notices::shuffle(&mut all, 11);
    rig.tell(&all).await?;
    let workers = [rig.worker("first")?, rig.worker("second")?];
    rig.settled(RECOVERED).await?;
    for worker in workers {
        worker.end(ENDED).await?;
    }
    rig.judge(&corpus).await
}

async fn unusual_keys(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::default();
    // Each part of a path has at most 255 bytes in the S3 server of the testbed.
    let longest = format!("wire/{}.xml", vec!["x".repeat(202); 5].join("/"));
    ensure!(longest.len() == 1023, "{}", longest.len());
    let keys = KEYS.iter().map(|key| (*key).to_owned()).chain([longest]);
    for (number, key) in keys.enumerate() {
        corpus.add(key, &Article::generated(&rig.name, number), Form::Nitf);
    }
    let broken = format!("wire/{}.xml", vec!["ü".repeat(100); 5].join("/"));
    corpus.add_broken(
        broken,
        &Article::generated(&rig.name, 99),
        Form::Nitf,
        e2e::articles::Fault::Malformed,
    );
    rig.land(&corpus).await?;
    rig.drain().await?;
    rig.judge(&corpus).await
}

/// Two versions of one object: the second one has another headline, and another month, so that it moves.
fn versions(rig: &Rig) -> [Corpus; 2] {
    let first = Article::generated(&rig.name, 0);
    let second =
        Article { headline: "Corrected".into(), published: "2026-02-03T04:05:06Z".into(), ..first.clone() };
    [first, second].map(|article| {
        let mut corpus = Corpus::default();
        corpus.add("wire/article.xml", &article, Form::Nitf);
        corpus
    })
}

/// Both versions land within a second, which is all that their times resolve.
async fn at_the_start_of_a_second() -> Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    tokio::time::sleep(Duration::from_nanos(1_000_000_000 - u64::from(now.subsec_nanos()))).await;
    Ok(())
}

async fn overwritten_while_it_is_read(rig: &Rig) -> Result<()> {
    let [first, second] = versions(rig);
    let worker = rig.worker("worker")?;
    let reading = rig.s3_proxy.hold(1, rig.reads(), Point::After);
    at_the_start_of_a_second().await?;
    rig.land(&first).await?;
    let held = reading.next(REACHED).await?;
    rig.land(&second).await?;
    held.go();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    corrected(rig, &second).await
}

/// The first version is on its way to the index while the second one is read, converted, indexed and acknowledged.
async fn overtaken_by_its_successor(rig: &Rig) -> Result<()> {
    let [first, second] = versions(rig);
    let slow = rig.worker("slow")?;
    let indexing = rig.es_proxy.hold(1, rig.article_bulks(), Point::Before);
    at_the_start_of_a_second().await?;
    rig.land(&first).await?;
    let held = indexing.next(REACHED).await?;
    rig.land(&second).await?;
    let fast = rig.worker("fast")?;
    rig.until_recorded("Indexed", 1, RECOVERED).await?;
    held.go();
    rig.settled(RECOVERED).await?;
    slow.end(ENDED).await?;
    fast.end(ENDED).await?;
    corrected(rig, &second).await
}

/// The same in an index that the slow worker knows, where it does not read the heads again: the deletion that came before
/// its write keeps the write out.
async fn overtaken_in_a_known_index(rig: &Rig) -> Result<()> {
    let [first, mut second] = versions(rig);
    let (other, mut before) = (Article::generated(&rig.name, 1), Corpus::default());
    for corpus in [&mut before, &mut second] {
        corpus.add("wire/other.xml", &other, Form::Nitf);
    }
    let slow = rig.worker("slow")?;
    rig.land(&before).await?;
    rig.settled(RECOVERED).await?;
    let indexing = rig.es_proxy.hold(1, rig.article_bulks(), Point::Before);
    rig.land(&first).await?;
    let held = indexing.next(REACHED).await?;
    rig.land(&second).await?;
    let fast = rig.worker("fast")?;
    rig.until_recorded("Indexed", 2, RECOVERED).await?;
    held.go();
    rig.settled(RECOVERED).await?;
    slow.end(ENDED).await?;
    fast.end(ENDED).await?;
    let documents = rig.elastic.all(&rig.articles()).await?;
    ensure!(documents.len() == 2, "{} documents of two articles", documents.len());
    rig.judge(&second).await
}

async fn told_in_reverse(rig: &Rig) -> Result<()> {
    let [first, second] = versions(rig);
    let old = rig.put(&first).await?;
    let new = rig.put(&second).await?;
    let worker = rig.worker("worker")?;
    for objects in [new, old] {
        rig.tell(&objects).await?;
        rig.settled(RECOVERED).await?;
    }
    worker.end(ENDED).await?;
    corrected(rig, &second).await
}

async fn corrected(rig: &Rig, second: &Corpus) -> Result<()> {
    rig.judge(second).await?;
    let documents = rig.elastic.all(&rig.articles()).await?;
    let document = documents.first().context("no document")?;
    let headline = &document.source["headline"];
    ensure!(headline == "Corrected", "the older version won: {headline} in {}", document.index);
    ensure!(document.index.ends_with("2026.02"), "it is in {}", document.index);
    Ok(())
}

async fn gone_before_it_is_read(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 12, 0);
    rig.land(&corpus).await?;
    let ghosts = (0..6).map(|number| Listed { key: format!("wire/ghost{number}.xml"), etag: "0".repeat(32) });
    rig.tell(&ghosts.collect::<Vec<_>>()).await?;
    rig.drain().await?;
    let skipped = rig.recorded("Skipped").await?;
    ensure!(skipped == 6, "{skipped} of 6 objects that are gone were passed over with a reason");
    rig.judge(&corpus).await
}

/// What is on its way is finished, what is not goes back to the queue, and neither is done by halves.
async fn asked_to_end_with_work_in_flight(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 60, 20);
    rig.land(&corpus).await?;
    let mut worker = rig.worker("asked")?;
    let held = rig.es_proxy.hold(1, rig.article_bulks(), Point::After).next(REACHED).await?;
    worker.ask_to_end().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    held.go();
    let status = worker.ended(ENDED).await?;
    ensure!(status.success(), "asked to end, it ended with {status}");
    let documents = rig.elastic.count(&rig.articles()).await?;
    let recorded = rig.recorded("Indexed").await? as u64;
    ensure!(documents == recorded && recorded > 0, "{documents} documents, {recorded} of them recorded");
    rig.drain().await?;
    rig.judge(&corpus).await
}
